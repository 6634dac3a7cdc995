//go:build unix

package folder

import (
	"context"
	"io/fs"
	"path"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/selection"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// mostRead is how many names of a folder are read, of which the first are shown.
const mostRead = 20000

// Browse is part of dashboard.Cloner. Hidden files, secrets, links and what has a
// name that cannot be chosen are not shown.
func (c *Cloner) Browse(ctx context.Context, name string, source dashboard.Source, folder string) ([]dashboard.Entry, error) {
	owner, err := c.owner(ctx, name)
	if err != nil {
		return nil, err
	}
	var found []dashboard.Entry
	err = owner.Do(func() error {
		from, err := c.source(name, path.Join(source.Folder, folder))
		if err != nil {
			return err
		}
		defer from.Top.Close()
		found, err = list(ctx, from)
		return err
	})
	if err != nil {
		return nil, explain(ctx, err)
	}
	return found, nil
}

// list shows what is in a folder: folders first.
func list(ctx context.Context, source selection.Source) ([]dashboard.Entry, error) {
	found := []dashboard.Entry{}
	for read := 0; read < mostRead; {
		names, err := source.Top.Names(500)
		if err != nil {
			return nil, err
		}
		if len(names) == 0 {
			break
		}
		read += len(names)
		for _, name := range names {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			if entry, ok := show(source, name); ok {
				found = append(found, entry)
			}
		}
	}
	return selection.Arrange(found), nil
}

func show(source selection.Source, name string) (dashboard.Entry, bool) {
	if !selection.Choosable(name) {
		return dashboard.Entry{}, false
	}
	info, err := source.Top.Stat(name)
	if err != nil {
		return dashboard.Entry{}, false
	}
	switch info.Mode.Type() {
	case 0:
	case fs.ModeDir:
		info.Bytes = 0
		if source.Avoids(info) {
			return dashboard.Entry{}, false
		}
	default:
		return dashboard.Entry{}, false
	}
	if source.Rules.LeavesOut(selection.Entry{Path: name, Name: name, In: source.Top, Info: info}) {
		return dashboard.Entry{}, false
	}
	return dashboard.Entry{Name: name, Folder: info.Mode.IsDir(), Bytes: info.Bytes}, true
}
