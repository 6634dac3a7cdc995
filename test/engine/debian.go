package engine

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Debian returns a tar of a minimal Debian with Python, of which base images are
// made: no registry can be reached from the machines that run the tests. It takes
// most of a minute and is kept for all of them.
func Debian() (string, error) {
	const suite, packages = "bookworm", "ca-certificates,python3-minimal,libpython3-stdlib"
	cache, lock, err := OpenCache("debian")
	if err != nil {
		return "", err
	}
	defer lock.Close()
	file := filepath.Join(cache, suite+".tar")
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	if _, err := exec.LookPath("debootstrap"); err != nil {
		return "", fmt.Errorf("no debootstrap on this machine: install Debian's package debootstrap")
	}
	root, err := os.MkdirTemp(cache, suite)
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(root)
	for _, command := range [][]string{
		{"debootstrap", "--variant=minbase", "--include=" + packages, suite, root},
		{"tar", "-C", root, "--exclude=./var/cache/apt", "--exclude=./var/lib/apt/lists",
			"--exclude=./usr/share/doc", "--exclude=./usr/share/locale", "-cf", file + ".part", "."},
	} {
		if err := run(6*time.Minute, command); err != nil {
			return "", err
		}
	}
	return file, os.Rename(file+".part", file)
}

func run(limit time.Duration, command []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, tail(string(out), 15))
	}
	return nil
}
