package engine

import (
	"archive/tar"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// The names that our Dockerfiles ask for. No registry can be reached from the
// machines that run the tests, so images of these names are made here, and the
// Dockerfiles are tested as they are.
const (
	GoImage     = "golang:1.26-bookworm"
	DebianImage = "debian:bookworm-slim"
)

// certificates is the bundle that this machine trusts, which the images get too: a
// network with a proxy that opens TLS trusts one more than Debian does.
const certificates = "etc/ssl/certs/ca-certificates.crt"

// MakeDebian makes DebianImage of a small Debian, which has Python besides.
func (e *Engine) MakeDebian() error {
	debian, key, err := debianWithKey()
	if err != nil {
		return err
	}
	return e.Import(DebianImage, key, nil, func(w *tar.Writer) error { return copyDebian(w, debian) })
}

// MakeGo makes GoImage of the same Debian and the Go that runs this program, where
// the official image has it.
func (e *Engine) MakeGo() error {
	debian, key, err := debianWithKey()
	if err != nil {
		return err
	}
	root, err := GoEnv("GOROOT")
	if err != nil {
		return err
	}
	version, err := GoEnv("GOVERSION")
	if err != nil {
		return err
	}
	settings := []string{
		"ENV GOPATH=/go GOTOOLCHAIN=local PATH=/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"WORKDIR /go",
	}
	return e.Import(GoImage, key+" "+version, settings, func(w *tar.Writer) error {
		return errors.Join(copyDebian(w, debian), addGo(w, root))
	})
}

func debianWithKey() (file, key string, err error) {
	if file, err = Debian(); err != nil {
		return "", "", err
	}
	trusted, err := os.Stat("/" + certificates)
	if err != nil {
		return "", "", err
	}
	made, err := os.Stat(file)
	if err != nil {
		return "", "", err
	}
	return file, fmt.Sprint(made.ModTime().UnixNano(), " ", trusted.ModTime().UnixNano()), nil
}

func copyDebian(w *tar.Writer, debian string) error {
	return errors.Join(CopyTar(w, debian, certificates), AddFile(w, "/"+certificates, certificates))
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
		return AddFile(w, name, path.Join("usr/local/go", filepath.ToSlash(rel)))
	})
}

// GoEnv is a setting of Go's.
func GoEnv(name string) (string, error) {
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		return "", fmt.Errorf("go env %s: %w", name, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// NetworkArguments are those of docker build that let it fetch modules and packages
// as this machine does: over its own network, as the engine has no other, and by its
// proxies.
func NetworkArguments() ([]string, error) {
	args := []string{"--network", "host"}
	for _, setting := range []string{"GOPROXY", "GOSUMDB", "GONOSUMDB"} {
		value, err := GoEnv(setting)
		if err != nil {
			return nil, err
		}
		args = append(args, "--build-arg", setting+"="+value)
	}
	for _, setting := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"} {
		if os.Getenv(setting) != "" {
			args = append(args, "--build-arg", setting) // the value is taken from the environment
		}
	}
	return args, nil
}
