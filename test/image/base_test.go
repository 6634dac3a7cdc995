//go:build e2e

package image

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The names that the Dockerfiles ask for. No registry can be reached from the
// machines that run this test, so images of these names are made here, and the
// Dockerfiles are tested as they are.
const (
	goImage     = "golang:1.26-bookworm"
	pythonImage = "image-test/python"
)

// certificates is the bundle that this machine trusts, which the Go image gets
// too: a network with a proxy that opens TLS trusts one more than Debian does.
const certificates = "etc/ssl/certs/ca-certificates.crt"

// keyLabel remembers what a base image was made of, so that it is made once.
const keyLabel = "image-test.key"

// makeBases makes both base images of a small Debian; the first also has the Go
// that runs this test, where the official image has it.
func makeBases(t *testing.T, e *engine, cache string) {
	t.Helper()
	debian := makeDebian(t, cache)
	info, err := os.Stat(debian)
	if err != nil {
		t.Fatal(err)
	}
	root, version := goEnv(t, "GOROOT"), goEnv(t, "GOVERSION")
	key := fmt.Sprint(info.ModTime().UnixNano())

	importBase(t, e, pythonImage, key, nil, func(w *tar.Writer) error {
		return copyTar(w, debian)
	})
	settings := []string{
		"ENV GOPATH=/go GOTOOLCHAIN=local PATH=/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"WORKDIR /go",
	}
	importBase(t, e, goImage, key+" "+version, settings, func(w *tar.Writer) error {
		return errors.Join(copyTar(w, debian, certificates), addGo(w, root), addFile(w, "/"+certificates, certificates))
	})
}

// importBase makes an image of a file tree unless it is there already.
func importBase(t *testing.T, e *engine, name, key string, settings []string, write func(*tar.Writer) error) {
	t.Helper()
	have, err := e.try(10*time.Second, command{args: []string{"image", "inspect", "--format", `{{index .Config.Labels "` + keyLabel + `"}}`, name}})
	if err == nil && have == key {
		return
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
	_, err = e.try(3*time.Minute, command{args: append(args, "-", name), stdin: r})
	r.Close()
	if err != nil {
		t.Fatal(err)
	}
}

// makeDebian returns a tar of a minimal Debian with Python. It takes most of a
// minute and is kept.
func makeDebian(t *testing.T, cache string) string {
	t.Helper()
	const suite, packages = "bookworm", "ca-certificates,python3-minimal,libpython3-stdlib"
	file := filepath.Join(cache, "debian-"+suite+".tar")
	if _, err := os.Stat(file); err == nil {
		return file
	}
	if _, err := exec.LookPath("debootstrap"); err != nil {
		t.Fatal("no debootstrap on this machine: install Debian's package debootstrap")
	}
	root, err := os.MkdirTemp(cache, "debian")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(root)
	run(t, 6*time.Minute, "debootstrap", "--variant=minbase", "--include="+packages, suite, root)
	run(t, time.Minute, "tar", "-C", root, "--exclude=./var/cache/apt", "--exclude=./var/lib/apt/lists",
		"--exclude=./usr/share/doc", "--exclude=./usr/share/locale", "-cf", file+".part", ".")
	if err := os.Rename(file+".part", file); err != nil {
		t.Fatal(err)
	}
	return file
}

// copyTar copies an archive without the files to leave out: an image cannot be
// imported from an archive that has a name twice.
func copyTar(w *tar.Writer, file string, leaveOut ...string) error {
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

// addGo adds the Go toolchain without its tests and documents.
func addGo(w *tar.Writer, root string) error {
	return filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch rel {
			case "test", "doc", "api", "misc":
				return filepath.SkipDir
			}
			if d.Name() == "testdata" {
				return filepath.SkipDir
			}
			return nil
		}
		return addFile(w, name, path.Join("usr/local/go", filepath.ToSlash(rel)))
	})
}

func addFile(w *tar.Writer, name, as string) error {
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

func goEnv(t *testing.T, name string) string {
	t.Helper()
	return strings.TrimSpace(run(t, 20*time.Second, "go", "env", name))
}

// run runs a program of this machine that must succeed.
func run(t *testing.T, limit time.Duration, program string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	out, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, tail(string(out), 15))
	}
	return string(out)
}
