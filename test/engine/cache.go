package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// OpenCache returns the folder .cache/<name> of the project for what is worth
// keeping, and holds it for one caller at a time until the file is closed.
func OpenCache(name string) (string, *os.File, error) {
	root, err := findRoot()
	if err != nil {
		return "", nil, err
	}
	cache := filepath.Join(root, ".cache", name)
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", nil, err
	}
	lock, err := os.OpenFile(filepath.Join(cache, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", nil, err
	}
	for deadline := time.Now().Add(7 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return cache, lock, nil
		}
		if time.Now().After(deadline) {
			lock.Close()
			return "", nil, fmt.Errorf("another run has held %s for 7 minutes: %w", lock.Name(), err)
		}
	}
}

// findRoot is the folder of the project: the nearest one above with a go.mod.
func findRoot() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder, nil
		}
		if folder == filepath.Dir(folder) {
			return "", fmt.Errorf("there is no go.mod above the working directory")
		}
		folder = filepath.Dir(folder)
	}
}
