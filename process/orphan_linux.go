package process

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// AdoptOrphans makes this process the parent of every descendant that loses
// its own, wherever it went (prctl(2), PR_SET_CHILD_SUBREAPER). An app's
// process that left its group, as a Jupyter kernel does by a session of its
// own, can so be found and ended: see Config.Orphans. PID 1 is such a parent
// without being asked.
func AdoptOrphans() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("cannot adopt the app's orphans: %w", err)
	}
	return nil
}

// HideEnvironment keeps other processes of the same user, the app's among
// them, from reading this one's memory and environment, where the server's
// token is (prctl(2), PR_SET_DUMPABLE).
func HideEnvironment() error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("cannot hide the environment: %w", err)
	}
	return nil
}

// reapOrphans takes note of adopted processes that have ended, so that they
// do not stay as zombies. The app itself is waited for elsewhere.
func reapOrphans(app int) {
	for _, pid := range children() {
		if pid != app {
			reap(pid)
		}
	}
}

// endOrphans ends every process adopted from an app that has ended: asked
// first, forced after the grace. Each that ends can leave us its children.
func endOrphans(grace time.Duration) {
	asked := map[int]bool{}
	force := time.Now().Add(grace)
	for giveUp := force.Add(grace); time.Now().Before(giveUp); time.Sleep(5 * time.Millisecond) {
		left := children()
		if len(left) == 0 {
			return
		}
		for _, pid := range left {
			switch {
			case reap(pid):
			case time.Now().After(force):
				_ = syscall.Kill(pid, syscall.SIGKILL)
			case !asked[pid]:
				asked[pid] = true
				_ = syscall.Kill(pid, syscall.SIGTERM)
			}
		}
	}
}

// reap says whether a child has ended, and lets the kernel forget it.
func reap(pid int) bool {
	got, err := syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
	return err == nil && got == pid
}

// children lists the processes whose parent this one is.
func children() []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	self := []byte(strconv.Itoa(os.Getpid()))
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + entry.Name() + "/stat")
		if err != nil {
			continue // it has just ended
		}
		// "pid (name) state parent …": the name can hold anything, even ")".
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(fields) > 1 && bytes.Equal(fields[1], self) {
			pids = append(pids, pid)
		}
	}
	return pids
}
