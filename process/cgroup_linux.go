package process

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// cgroup is a control group (cgroups(7), version 2) that holds the app and all
// that it starts, wherever that goes: not even a process with a session and a
// parent of its own leaves it. We hold a lock on it while we live: what a killed
// one of us left in its own is ended by the next. The nil one does nothing.
type cgroup struct {
	path   string
	folder *os.File // for clone3(2), and with the lock
}

// cgroupPrefix begins the names of our cgroups.
const cgroupPrefix = "jhsingle-app-"

// newCgroup makes one below our own. Without version 2, or the right to do so,
// there is none.
func newCgroup() *cgroup {
	own := ownCgroup()
	if own == "" {
		return nil
	}
	eachStale(own, cgroupPrefix, func(path string) {
		c := &cgroup{path: path}
		c.kill()
		c.remove()
	})
	path, err := os.MkdirTemp(own, cgroupPrefix)
	if err != nil {
		return nil
	}
	c := &cgroup{path: path}
	if c.folder, err = lockFolder(path); err != nil || !exists(path+"/cgroup.kill") { // Linux 5.14
		c.remove()
		return nil
	}
	return c
}

// ownCgroup is the folder of our own cgroup if it is ours to divide, which the
// manager says by the right to write; to the superuser, who has it anywhere,
// systemd says it by an attribute (systemd's CGROUP_DELEGATION.md). The top of
// what we see is a container's or the machine's own.
func ownCgroup() string {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return ""
	}
	membership, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return ""
	}
	folder, top := cgroupFolder(mounts, membership)
	if folder == "" || (os.Geteuid() == 0 && !top && !delegated(folder)) {
		return ""
	}
	return folder
}

func delegated(folder string) bool {
	for _, name := range []string{"trusted.delegate", "user.delegate"} {
		value := make([]byte, 1)
		if n, err := unix.Getxattr(folder, name, value); err == nil && n == 1 && value[0] == '1' {
			return true
		}
	}
	return false
}

// cgroupFolder finds our cgroup's folder, and whether it is the top of what we
// see, in texts as /proc/self/mountinfo and /proc/self/cgroup are
// (proc_pid_mountinfo(5), cgroups(7)).
func cgroupFolder(mounts, membership []byte) (folder string, top bool) {
	var own string
	for line := range bytes.Lines(membership) {
		if path, ok := strings.CutPrefix(strings.TrimRight(string(line), "\n"), "0::"); ok {
			own = path
		}
	}
	if !strings.HasPrefix(own, "/") || strings.Contains(own+"/", "/../") {
		return "", false // outside of what we see
	}
	const root, point = 3, 4
	for line := range bytes.Lines(mounts) {
		before, after, ok := strings.Cut(string(line), " - ")
		fields := strings.Fields(before)
		if !ok || len(fields) <= point || !strings.HasPrefix(after, "cgroup2 ") {
			continue
		}
		below, ok := strings.CutPrefix(own, strings.TrimSuffix(unescapeMount(fields[root]), "/"))
		if !ok || (below != "" && below[0] != '/') {
			continue
		}
		return filepath.Join(unescapeMount(fields[point]), below), below == "" || below == "/"
	}
	return "", false
}

// unescapeMount reads \040 and its like for white space and backslashes.
func unescapeMount(text string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(text)
}

// processes lists those in the cgroup, without those that have ended.
func (c *cgroup) processes() []int {
	if c == nil {
		return nil
	}
	list, err := os.ReadFile(c.path + "/cgroup.procs")
	if err != nil {
		return nil
	}
	var pids []int
	for _, field := range strings.Fields(string(list)) {
		// 0 is a process that we cannot see: it is killed with the others.
		if pid, err := strconv.Atoi(field); err == nil && pid > 0 {
			pids = append(pids, pid)
		}
	}
	return pids
}

// kill ends all processes at once.
func (c *cgroup) kill() {
	if c != nil {
		_ = os.WriteFile(c.path+"/cgroup.kill", []byte("1"), 0) // they are killed one by one, too
	}
}

// remove gives the cgroup back. The kernel counts a process for a moment after
// it has ended, and one that was just killed takes seconds to end on a machine
// that is busy.
func (c *cgroup) remove() {
	if c == nil {
		return
	}
	if c.folder != nil {
		c.folder.Close()
	}
	const tries, pause = 600, 5 * time.Millisecond
	for range tries {
		if err := os.Remove(c.path); err == nil || os.IsNotExist(err) {
			return
		}
		time.Sleep(pause)
	}
}
