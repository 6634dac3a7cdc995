//go:build e2e

package image

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/engine"
)

// The names that the Dockerfiles ask for. No registry can be reached from the
// machines that run this test, so images of these names are made here, and the
// Dockerfiles are tested as they are.
const (
	goImage     = "golang:1.26-bookworm"
	debianImage = "debian:bookworm-slim"
	pythonImage = "image-test/python"
)

// certificates is the bundle that this machine trusts, which the Go image gets
// too: a network with a proxy that opens TLS trusts one more than Debian does.
const certificates = "etc/ssl/certs/ca-certificates.crt"

// makeBases makes the base images of a small Debian, which has Python; the first
// also has the Go that runs this test, where the official image has it.
func makeBases(t *testing.T, e *daemon) {
	t.Helper()
	debian, err := engine.Debian()
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(debian)
	if err != nil {
		t.Fatal(err)
	}
	root, version := goEnv(t, "GOROOT"), goEnv(t, "GOVERSION")
	key := fmt.Sprint(info.ModTime().UnixNano())

	for _, name := range []string{pythonImage, debianImage} {
		err := e.Import(name, key, nil, func(w *tar.Writer) error { return engine.CopyTar(w, debian) })
		if err != nil {
			t.Fatal(err)
		}
	}
	settings := []string{
		"ENV GOPATH=/go GOTOOLCHAIN=local PATH=/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"WORKDIR /go",
	}
	err = e.Import(goImage, key+" "+version, settings, func(w *tar.Writer) error {
		return errors.Join(engine.CopyTar(w, debian, certificates), addGo(w, root), engine.AddFile(w, "/"+certificates, certificates))
	})
	if err != nil {
		t.Fatal(err)
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
		return engine.AddFile(w, name, path.Join("usr/local/go", filepath.ToSlash(rel)))
	})
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
