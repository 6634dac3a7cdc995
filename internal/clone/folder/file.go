//go:build unix

package folder

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/selection"
	"github.com/ideonate/jhsingle-native-proxy/internal/clone/tree"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"golang.org/x/sys/unix"
)

// piece is how many bytes are copied at once: the time that takes is how late a
// copy can be stopped.
const piece = 1 << 20

// File is part of selection.Visitor.
func (c *copier) File(e selection.Entry) error {
	into := c.into().folder
	if before, there := c.found(e.Name); there {
		if same(before, e.Info) {
			c.kept++
			c.progress.add(e.Info.Bytes, 0)
			return c.count(e, e.Info.Bytes)
		}
		if err := into.Remove(c.ctx, e.Name); err != nil {
			return err
		}
	}
	from, info, err := e.In.File(e.Name)
	if err != nil {
		if why, ok := selection.Why(err); ok {
			return c.LeftOut(e, why)
		}
		return c.uncopied(e, err)
	}
	defer from.Close()
	if err := c.count(e, info.Bytes); err != nil {
		return err
	}
	to, err := into.Create(e.Name)
	if err != nil {
		return err
	}
	defer to.Close()
	shared, err := c.content(from, to, info)
	if err != nil {
		if why, ok := selection.Why(err); ok { // some file servers check only now
			c.LeftOut(e, why)
			return into.Remove(c.ctx, e.Name)
		}
		return c.uncopied(e, err)
	}
	if now, err := tree.StatFile(from); !shared && (err != nil || now.Bytes != info.Bytes || !now.Modified.Equal(info.Modified)) {
		c.report.Changed(e.Path)
	}
	return into.Finish(e.Name, info.Modified, info.Mode)
}

// same says whether a file of a copy that broke off is what the source has now. One
// without permissions was not finished.
func same(before, now tree.Info) bool {
	return before.Mode.IsRegular() && before.Mode.Perm() != 0 && before.Mode.Perm() == now.Mode.Perm() &&
		before.Bytes == now.Bytes && before.Modified.Equal(now.Modified)
}

// content copies what is in a file: sharing its blocks where the file system can do
// that, which is as it was in one moment, and else its data without its holes.
func (c *copier) content(from, to *os.File, info tree.Info) (shared bool, err error) {
	if info.Bytes == 0 {
		return false, nil
	}
	if err := reflink(to, from); err == nil {
		c.progress.add(info.Bytes, 0)
		return true, cut(to, info.Bytes)
	} else if tree.Full(err) {
		return false, err
	}
	if err := c.room(info); err != nil {
		return false, err
	}
	return false, c.pieces(from, to, info)
}

// pieces copies the data of a file. One that grows is copied as far as it went at
// the beginning.
func (c *copier) pieces(from, to *os.File, info tree.Info) error {
	end := int64(0)
	for end < info.Bytes {
		begin, stop, err := nextData(from, end, info.Bytes)
		if err != nil {
			return err
		}
		c.progress.add(begin-end, 0)
		if err := c.data(from, to, begin, stop); err != nil {
			return err
		}
		end = stop
	}
	// A hole at the end, unless it is because the file has become shorter.
	now, err := tree.StatFile(from)
	if err != nil {
		return err
	}
	return to.Truncate(min(info.Bytes, now.Bytes))
}

// data copies a part of a file. It ends early where the file does.
func (c *copier) data(from, to *os.File, begin, end int64) error {
	for _, file := range []*os.File{from, to} {
		if _, err := file.Seek(begin, io.SeekStart); err != nil {
			return err
		}
	}
	for begin < end {
		if c.ctx.Err() != nil {
			return context.Cause(c.ctx)
		}
		// The kernel copies it where it can: see os.File.ReadFrom.
		n, err := io.CopyN(to, from, min(piece, end-begin))
		begin += n
		c.progress.add(n, 0)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// cut makes a file that grew before it was cloned as long as it was.
func cut(file *os.File, bytes int64) error {
	info, err := tree.StatFile(file)
	if err != nil || info.Bytes <= bytes {
		return err
	}
	return file.Truncate(bytes)
}

// room looks once whether there is space for what is left, before the disk is
// filled for everybody.
func (c *copier) room(info tree.Info) error {
	if c.roomy || c.kept > 0 {
		return nil
	}
	c.roomy = true
	if need := c.survey.Stored - (c.bytes - info.Bytes); c.top.Free() < need {
		return fmt.Errorf("%d bytes are needed: %w", need, unix.ENOSPC)
	}
	return nil
}

// uncopied is for what the disk does not give or take. A copy without it would be
// half.
func (c *copier) uncopied(e selection.Entry, err error) error {
	if c.ctx.Err() != nil || tree.Full(err) {
		return err
	}
	failed := dashboard.Errorf(dashboard.Unavailable, "The file %s cannot be copied. Try again; if that does not help, name it in a file %s, or ask your administrator to look at the disk.", selection.Show(e.Path), selection.IgnoreFile)
	failed.Cause = err
	return failed
}
