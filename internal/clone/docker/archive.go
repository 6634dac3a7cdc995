package docker

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/selection"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// Bounds of an entry of an archive.
const (
	maxPath       = 4096 // Linux's PATH_MAX
	maxAttributes = 64 << 10
)

// filter copies what Docker archives of folders in the source into one archive
// for the new image. Whoever wrote the folders may be writing them still, so
// nothing in an archive is taken for granted.
type filter struct {
	out *tar.Writer
	// leaveOut says what is not copied, by its absolute path.
	leaveOut func(name string, folder bool) bool
	maxBytes int64
	maxFiles int

	bytes int64
	files int
	// special counts what was left out because it is no file, folder or link, and
	// strange what no archive of a folder has.
	special, strange int
	// links are those that were copied: nothing is below one.
	links map[string]bool
	// told, if set, is called now and then.
	told func(bytes int64)
}

// torn is that an archive ended too early: Docker went away, or a file became
// shorter while Docker read it.
type torn struct{ error }

func (t *torn) Unwrap() error { return t.error }

// copy reads the archive of a folder by its absolute path: names in it begin with
// the folder's own.
func (f *filter) copy(r io.Reader, folder string) error {
	in := tar.NewReader(r)
	for {
		header, err := in.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return &torn{err}
		}
		if err := f.entry(in, header, folder); err != nil {
			return err
		}
	}
}

func (f *filter) entry(in *tar.Reader, header *tar.Header, folder string) error {
	name, ok := place(header.Name, folder)
	if !ok || f.belowLink(name, folder) {
		f.strange++
		return nil
	}
	made := &tar.Header{
		Typeflag: header.Typeflag, Name: strings.TrimPrefix(name, "/"), Mode: header.Mode & 0o7777,
		Uid: header.Uid, Gid: header.Gid, ModTime: header.ModTime.Truncate(time.Second), PAXRecords: attributes(header),
	}
	if header.Typeflag != tar.TypeDir {
		made.Mode &^= 0o6000 // a volume may be one where they do not count; extracting a hard link sets them, too
	}
	switch header.Typeflag {
	case tar.TypeDir:
		made.Name += "/"
	case tar.TypeReg, tar.TypeGNUSparse:
		made.Typeflag, made.Size = tar.TypeReg, header.Size
	case tar.TypeSymlink:
		made.Linkname = header.Linkname
	case tar.TypeLink:
		target, ok := place(header.Linkname, folder)
		if !ok || f.belowLink(target, folder) {
			f.strange++
			return nil
		}
		if f.leaveOut(target, false) {
			return nil
		}
		made.Linkname = strings.TrimPrefix(target, "/")
	default:
		f.special++
		return nil
	}
	if len(made.Linkname) > maxPath || header.Typeflag == tar.TypeSymlink && made.Linkname == "" {
		f.strange++
		return nil
	}
	if f.leaveOut(name, header.Typeflag == tar.TypeDir) {
		return nil
	}
	if header.Typeflag == tar.TypeSymlink {
		f.links[name] = true
	}
	return f.write(in, made)
}

func (f *filter) write(in io.Reader, header *tar.Header) error {
	f.files++
	f.bytes += header.Size
	if f.files > f.maxFiles {
		return dashboard.Errorf(dashboard.Limit, "There are more than %d files in the folder. Choose a smaller one, or name what is not needed in a file %s in it.", f.maxFiles, selection.IgnoreFile)
	}
	if f.bytes > f.maxBytes || f.bytes < 0 {
		return tooLarge(f.maxBytes)
	}
	if f.told != nil {
		f.told(f.bytes)
	}
	if err := f.out.WriteHeader(header); err != nil {
		return fmt.Errorf("cannot write the archive: %w", err)
	}
	if header.Typeflag != tar.TypeReg {
		return nil
	}
	source := &reading{Reader: in}
	if _, err := io.Copy(f.out, source); err != nil {
		if source.err != nil {
			return &torn{source.err}
		}
		return fmt.Errorf("cannot write the archive: %w", err)
	}
	return nil
}

func tooLarge(limit int64) error {
	return dashboard.Errorf(dashboard.Limit, "The files are more than %s. Choose a smaller folder, or name what is not needed in a file %s in it.", selection.Size(limit), selection.IgnoreFile)
}

// reading remembers a failure to read, to tell it from one to write.
type reading struct {
	io.Reader
	err error
}

func (r *reading) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// place is the absolute path that a name in an archive of a folder stands for. It
// is false for a name that stands for something else, or in another spelling than
// Docker's.
func place(name, folder string) (string, bool) {
	name = strings.TrimSuffix(name, "/")
	if name == "" || len(name) > maxPath || path.IsAbs(name) || path.Clean(name) != name || strings.ContainsRune(name, 0) {
		return "", false
	}
	first, rest, _ := strings.Cut(name, "/")
	if first != path.Base(folder) {
		return "", false
	}
	if rest == "" {
		return folder, true
	}
	return path.Join(folder, rest), true
}

func (f *filter) belowLink(name, folder string) bool {
	if len(f.links) == 0 {
		return false
	}
	for at := path.Dir(name); at != "/" && below(at, folder); at = path.Dir(at) {
		if f.links[at] {
			return true
		}
	}
	return false
}

// attributes are the extended ones that users can set.
func attributes(header *tar.Header) map[string]string {
	const prefix = "SCHILY.xattr.user."
	kept := map[string]string{}
	bytes := 0
	for name, value := range header.PAXRecords {
		if !strings.HasPrefix(name, prefix) || strings.ContainsAny(name, "=\x00") {
			continue
		}
		if bytes += len(name) + len(value); bytes > maxAttributes {
			return nil
		}
		kept[name] = value
	}
	if len(kept) == 0 {
		return nil
	}
	return kept
}

// empty puts an empty file, or folder, in the place of whatever is there: that is
// what extracting a file over it does, and then a folder over the file.
func (f *filter) empty(name string, like *tar.Header) error {
	file := tar.Header{Typeflag: tar.TypeReg, Name: strings.TrimPrefix(name, "/"), Mode: 0o644}
	if err := f.out.WriteHeader(&file); err != nil || like == nil {
		return err
	}
	return f.folder(name, like)
}

// folder makes a folder, or gives it the owner and rights of another.
func (f *filter) folder(name string, like *tar.Header) error {
	made := tar.Header{Typeflag: tar.TypeDir, Name: strings.TrimPrefix(name, "/") + "/", Mode: 0o755}
	if like != nil {
		made.Mode, made.Uid, made.Gid, made.ModTime = like.Mode&0o7777, like.Uid, like.Gid, like.ModTime.Truncate(time.Second)
	}
	return f.out.WriteHeader(&made)
}
