package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// readFile reads a file of at most so many bytes; - is standard input.
func (s *session) readFile(name string, limit int64) ([]byte, error) {
	input := s.stdin
	if name != "-" {
		file, err := os.Open(name) // #nosec G304 -- named by whoever starts us
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, failf(exitNotFound, "there is no file %s", name)
		case err != nil:
			return nil, failf(exitNotFound, "cannot read: %w", err)
		}
		defer file.Close()
		input = file
	}
	content, err := io.ReadAll(io.LimitReader(input, limit+1))
	switch {
	case err != nil:
		return nil, failf(exitNotFound, "cannot read: %w", err)
	case int64(len(content)) > limit:
		return nil, failf(exitData, "%s has more than %d KiB, which is too much", name, limit>>10)
	}
	return content, nil
}

// writeFile writes a file whole or not at all; - is standard output.
func (s *session) writeFile(name string, content []byte) error {
	if name == "-" {
		_, err := s.stdout.Write(content)
		return err
	}
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(name, content, 0o600) // a device or a pipe has nothing to lose
	}
	// What it holds is its owner's: so that it is not read on the way, it is nobody
	// else's from the beginning.
	file, err := os.CreateTemp(filepath.Dir(name), ".dashboard-builder-*")
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}
