package docker

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/ignore"
	"github.com/ideonate/jhsingle-native-proxy/internal/clone/selection"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// maxListing bounds what is read of a list of files.
const maxListing = 1 << 20

// Browse lists a folder by the container's own find, as the container's user.
// Docker can only archive folders, with all that is below. A server that does not
// run, or has no find, cannot tell.
func (c *Cloner) Browse(ctx context.Context, owner string, from dashboard.Source, folder string) ([]dashboard.Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	found, err := c.find(ctx, owner, from.Server)
	if err != nil || !found.State.Running || found.State.Paused {
		return nil, explain(err)
	}
	s, err := c.locate(ctx, found, owner, path.Join(from.Folder, folder))
	if err != nil {
		return nil, explain(err)
	}
	listing, _, err := c.list(ctx, s.ID, maxListing, s.folder, "-mindepth", "1", "-maxdepth", "1", "-printf", `%Y %s %f\0`)
	if err != nil {
		c.log.Info("the files of a server cannot be listed", "container", s.ID, "error", err)
		return nil, nil
	}
	return selection.Arrange(parseListing(listing, s.selected(ignore.Patterns{}))), nil
}

// list runs the container's find, as the container's user, and returns what it
// says up to a limit, and whether that is all. Each name ends with a zero.
func (c *Cloner) list(ctx context.Context, id string, limit int64, args ...string) (listing []byte, all bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	made, err := c.engine.ExecCreate(ctx, id, client.ExecCreateOptions{
		AttachStdout: true, AttachStderr: true, WorkingDir: "/", Cmd: append([]string{"find"}, args...),
	})
	if err != nil {
		return nil, false, err
	}
	attached, err := c.engine.ExecAttach(ctx, made.ID, client.ExecAttachOptions{})
	if err != nil {
		return nil, false, err
	}
	defer attached.Close()
	stop := context.AfterFunc(ctx, attached.Close)
	defer stop()
	var out, complaint bytes.Buffer
	limited := &io.LimitedReader{R: attached.Reader, N: limit}
	_, err = stdcopy.StdCopy(&out, &complaint, limited)
	switch {
	case ctx.Err() != nil:
		return nil, false, ctx.Err()
	case out.Len() > 0:
		return out.Bytes(), limited.N > 0, nil // what was cut, or told in part, is still of use
	case err == nil && complaint.Len() > 0:
		err = fmt.Errorf("find: %s", complaint.Bytes()[:min(complaint.Len(), 200)])
	}
	return nil, err == nil, err
}

// parseListing reads lines of a type, a size and a name. They come from a program
// in the container, which may be anybody's.
func parseListing(listing []byte, rules selected) []dashboard.Entry {
	var found []dashboard.Entry
	end := bytes.LastIndexByte(listing, 0) + 1 // the last one may be cut
	for line := range bytes.SplitSeq(listing[:end], []byte{0}) {
		kind, rest, _ := strings.Cut(string(line), " ")
		bytes, name, ok := strings.Cut(rest, " ")
		size, err := strconv.ParseInt(bytes, 10, 64)
		if !ok || err != nil || size < 0 || kind != "f" && kind != "d" {
			continue
		}
		cleaned, err := dashboard.CleanPath("path", name)
		if err != nil || strings.TrimPrefix(cleaned, "./") != name || strings.Contains(name, "/") || !selection.Choosable(name) {
			continue // has no name that could be given back to us
		}
		entry := dashboard.Entry{Name: name, Folder: kind == "d"}
		if !entry.Folder {
			entry.Bytes = size
		}
		if !rules.leavesOut(rules.folder+"/"+name, entry.Folder) {
			found = append(found, entry)
		}
	}
	return found
}
