// Package bed is the test bed: it builds our program, starts real JupyterHubs
// with it, and visits them like a browser. Tests and benchmarks share it.
//
// The hub, Voila and the hub's proxy come from .cache/bed, which Setup builds.
package bed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// Bed is a bed that was set up.
type Bed struct {
	// Root is the folder of the project.
	Root string
	// Folder is .cache/bed, where everything is installed.
	Folder string
}

// Setup builds what is missing of the bed; that takes a minute the first time
// and next to nothing later. Progress goes to progress.
func Setup(ctx context.Context, progress io.Writer) (*Bed, error) {
	root, err := findRoot()
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, filepath.Join(root, "test", "bed", "setup"))
	command.Stdout, command.Stderr = progress, progress
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("test/bed/setup could not build the test bed (%w); run it to see why", err)
	}
	return &Bed{Root: root, Folder: filepath.Join(root, ".cache", "bed")}, nil
}

// Python is the bed's Python interpreter.
func (b *Bed) Python() string { return filepath.Join(b.Folder, "venv", "bin", "python") }

// NodeModules is the folder of the bed's Node packages.
func (b *Bed) NodeModules() string { return filepath.Join(b.Folder, "node", "node_modules") }

// Path is a PATH on which the bed's programs come first, and ours before them.
func (b *Bed) Path() string {
	return joinPath(b.Binaries(),
		filepath.Join(b.Folder, "venv", "bin"),
		filepath.Join(b.NodeModules(), ".bin"),
		os.Getenv("PATH"))
}

// Binaries is the folder where Build puts the project's programs.
func (b *Bed) Binaries() string { return filepath.Join(b.Folder, "bin") }

func joinPath(folders ...string) string {
	path := ""
	for _, folder := range folders {
		if path != "" && folder != "" {
			path += string(os.PathListSeparator)
		}
		path += folder
	}
	return path
}

// findRoot goes up from the working directory to the module's folder: go test
// runs in the package's folder, other programs anywhere in the tree.
func findRoot() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "test", "bed", "setup")); err == nil {
			return folder, nil
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return "", errors.New("test/bed/setup is not above the working directory: run inside the project")
		}
		folder = parent
	}
}
