//go:build unix

package selection

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/tree"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// Open opens a folder in another one, without following a link on the way. That it
// cannot be opened is an error of the field source.folder.
func Open(top *tree.Folder, folder string) (*tree.Folder, error) {
	at, err := top.Folder(".")
	if err != nil {
		return nil, err
	}
	for name := range strings.SplitSeq(strings.TrimPrefix(path.Clean("/"+folder), "/"), "/") {
		if name == "" {
			break
		}
		next, err := at.Folder(name)
		if err != nil {
			err = noFolder(at, name, folder, err)
		}
		at.Close()
		if err != nil {
			return nil, err
		}
		at = next
	}
	return at, nil
}

// noFolder says why a folder cannot be entered.
func noFolder(at *tree.Folder, name, folder string, err error) error {
	why := "The folder %q cannot be opened. Try again."
	info, _ := at.Stat(name)
	switch {
	case tree.Gone(err):
		why = "There is no folder %q. Choose one that is there."
	case info.Mode&fs.ModeSymlink != 0:
		why = "The folder %q is, or is behind, a link. Choose the folder that it leads to."
	case tree.Swapped(err):
		why = "%q is no folder. Choose the folder that it is in."
	case errors.Is(err, fs.ErrPermission):
		why = "The folder %q may not be read. Change its permissions, or choose another."
	}
	failed := dashboard.InvalidField("source.folder", why, folder)
	failed.Cause = err
	return failed
}
