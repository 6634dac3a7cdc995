package engine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clearLeftovers ends what a run left that was killed: its daemon may still be
// stopping containers, and does not remove all its mounts. The caller has the
// cache to itself, so whatever uses it is such a leftover.
func (e *Engine) clearLeftovers() error {
	if text, err := os.ReadFile(filepath.Join(e.cache, pidFile)); err == nil {
		if err := awaitEnd(strings.TrimSpace(string(text)), e.data); err != nil {
			return err
		}
		_ = os.Remove(filepath.Join(e.cache, pidFile))
	}
	text, err := os.ReadFile(filepath.Join(e.cache, leftovers))
	scratch := string(text)
	if err != nil || !strings.HasPrefix(filepath.Base(scratch), scratchName) {
		return nil // never remove a folder that only a broken file names
	}
	return errors.Join(unmountBelow(e.data, scratch), os.RemoveAll(scratch))
}

// awaitEnd waits until no daemon on our data has the process id, and kills one
// that stays.
func awaitEnd(pid, data string) error {
	number, err := strconv.Atoi(pid)
	if err != nil || number <= 1 {
		return nil
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		line, err := os.ReadFile(filepath.Join("/proc", pid, "cmdline"))
		if err != nil || !strings.Contains(string(line), data) {
			return nil
		}
		if time.Now().After(deadline) {
			if err := syscall.Kill(number, syscall.SIGKILL); err != nil {
				return fmt.Errorf("cannot end dockerd %d, left by a run that was killed: %w", number, err)
			}
			deadline = time.Now().Add(10 * time.Second)
		}
	}
}

// unmountBelow removes the mounts that a daemon leaves behind: its bind mount of
// the data folder if it was killed, and a network namespace in any case.
func unmountBelow(folders ...string) error {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	var failed error
	lines := strings.Split(strings.TrimSpace(string(mounts)), "\n")
	for i := len(lines) - 1; i >= 0; i-- { // the innermost come last
		point := strings.Fields(lines[i])[4]
		for _, folder := range folders {
			if point != folder && !strings.HasPrefix(point, folder+"/") {
				continue
			}
			if err := syscall.Unmount(point, syscall.MNT_DETACH); err != nil {
				failed = errors.Join(failed, fmt.Errorf("cannot unmount %s: %w", point, err))
			}
			break
		}
	}
	return failed
}
