package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"

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

// reapOrphans takes note of adopted processes that have ended, so that they do
// not stay as zombies. The app itself is waited for elsewhere.
func reapOrphans(app int) {
	for _, pid := range children() {
		if pid != app {
			_, _ = syscall.Wait4(pid, nil, syscall.WNOHANG, nil) // one that runs is left
		}
	}
}

// childless says whether no child is left, those that have ended being taken
// note of. It is only to be used when the app has ended.
func childless() bool {
	for {
		pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		if pid <= 0 && !errors.Is(err, syscall.EINTR) {
			return errors.Is(err, syscall.ECHILD)
		}
	}
}

// children lists the processes whose parent this one is. While others end, it
// can miss one (proc_pid_task_tid_children(5)); it is to be asked again.
func children() []int {
	const folder = "/proc/self/task"
	threads, err := os.ReadDir(folder)
	if err != nil {
		return nil
	}
	var pids []int
	for _, thread := range threads {
		list, err := os.ReadFile(folder + "/" + thread.Name() + "/children")
		if errors.Is(err, fs.ErrNotExist) && exists(folder+"/"+thread.Name()) {
			return childrenByParent() // a kernel without CONFIG_PROC_CHILDREN
		}
		for _, field := range strings.Fields(string(list)) {
			if pid, err := strconv.Atoi(field); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

func childrenByParent() []int {
	var pids []int
	for _, p := range processes() {
		if p.parent == os.Getpid() {
			pids = append(pids, p.pid)
		}
	}
	return pids
}
