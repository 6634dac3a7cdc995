//go:build e2e

package image

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// ourBinary is where the binary is in ourImage.
const ourBinary = "/jhsingle-native-proxy"

// copyBinary takes our binary out of an image.
func copyBinary(t *testing.T, e *daemon, image, at string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "binary")
	container := e.docker(t, 20*time.Second, "create", image)
	defer e.docker(t, 20*time.Second, "rm", container)
	e.docker(t, 30*time.Second, "cp", container+":"+at, file)
	return file
}

// imageFiles lists the files of all layers of an image. It reads the layers and
// not a container, into which the engine puts files of its own.
func imageFiles(t *testing.T, e *daemon, image string) []*tar.Header {
	t.Helper()
	file := filepath.Join(t.TempDir(), "image.tar")
	e.docker(t, time.Minute, "save", "-o", file, image)
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var files []*tar.Header
	for r := tar.NewReader(f); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		// Older engines name a layer ID/layer.tar, newer ones blobs/sha256/ID, where
		// the configuration is too: that is JSON and no archive.
		if path.Base(header.Name) == "layer.tar" || strings.HasPrefix(header.Name, "blobs/") {
			files = append(files, layerFiles(r)...)
		}
	}
}

func layerFiles(r io.Reader) []*tar.Header {
	var files []*tar.Header
	for layer := tar.NewReader(r); ; {
		header, err := layer.Next()
		if err != nil {
			return files
		}
		files = append(files, header)
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
