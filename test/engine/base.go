package engine

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"time"
)

// keyLabel remembers what a base image was made of, so that it is made once.
const keyLabel = "image-test.key"

// Import makes an image of a file tree unless it is there already, made of the
// same. The settings are those of docker import --change.
func (e *Engine) Import(name, key string, settings []string, write func(*tar.Writer) error) error {
	have, err := e.Docker("image", "inspect", "--format", `{{index .Config.Labels "`+keyLabel+`"}}`, name)
	if err == nil && have == key {
		return nil
	}
	args := []string{"import", "--change", fmt.Sprintf("LABEL %s=%q", keyLabel, key)}
	for _, setting := range settings {
		args = append(args, "--change", setting)
	}
	r, w := io.Pipe()
	go func() {
		archive := tar.NewWriter(w)
		w.CloseWithError(errors.Join(write(archive), archive.Close()))
	}()
	defer r.Close()
	_, err = e.Try(3*time.Minute, Command{Args: append(args, "-", name), Stdin: r})
	return err
}

// CopyTar copies an archive without the files to leave out: an image cannot be
// imported from an archive that has a name twice.
func CopyTar(w *tar.Writer, file string, leaveOut ...string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	for r := tar.NewReader(f); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if slices.Contains(leaveOut, path.Clean(header.Name)) {
			continue
		}
		if err := w.WriteHeader(header); err != nil {
			return err
		}
		if _, err := io.Copy(w, r); err != nil {
			return err
		}
	}
}

// AddFile adds a file of this machine to an archive as root's.
func AddFile(w *tar.Writer, name, as string) error {
	f, err := os.Open(name) // follows links, of which Go's own tree has none that matter
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	header, err := tar.FileInfoHeader(info, "")
	if err != nil {
		return err
	}
	header.Name, header.Uid, header.Gid, header.Uname, header.Gname = as, 0, 0, "root", "root"
	if err := w.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(w, f)
	return err
}
