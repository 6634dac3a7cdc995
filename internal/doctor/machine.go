package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	mebi = 1 << 20
	// littleSpace and littleInodes are where a folder is worth a word;
	// noSpace and noInodes are where nothing more can be written.
	littleSpace, noSpace   = 100 * mebi, mebi
	littleInodes, noInodes = 1000, 10
	// fewDescriptors is worth a word, and with tooFew a handful of visitors
	// take them all: one request or websocket takes two, and so does the app.
	fewDescriptors, tooFew = 1024, 64
	// littleMemory is where even a small app ends for want of it.
	littleMemory = 128 * mebi
)

// checkFolders wants the app's folder, and one for what is temporary.
func (e *examination) checkFolders(_ context.Context, report report) {
	temp := cmp.Or(e.get("TMPDIR"), "/tmp")
	fine := true
	look := func(path, what, by string, needed bool) {
		problem := func(status Status, message, advice string) { fine = false; report(status, message, advice) }
		info, err := os.Stat(path)
		switch {
		case err != nil:
			problem(Failed, fmt.Sprintf("The %s cannot be used: %v.", what, err), by)
			return
		case !info.IsDir():
			problem(Failed, fmt.Sprintf("The %s, %s, is not a folder.", what, path), by)
			return
		case !executable(path):
			problem(Failed, fmt.Sprintf("This user may not enter the %s, %s.", what, path), by)
			return
		case !writable(path) && needed:
			problem(Failed, fmt.Sprintf("This user may not write into the %s, %s.", what, path), by)
			return
		case !writable(path):
			problem(Warning, fmt.Sprintf("This user may not write into the %s, %s.", what, path), "Nothing of ours needs it, but many apps do.")
			return
		}
		room, ok := roomIn(path)
		if !ok {
			return
		}
		status := Warning
		if room.bytes < noSpace || (room.countsInodes && room.inodes < noInodes) {
			status = Failed
		}
		switch {
		case room.bytes < littleSpace:
			problem(status, fmt.Sprintf("The %s, %s, has only %d MiB left.", what, path, room.bytes/mebi), "Delete something there, or choose another. "+by)
		case room.countsInodes && room.inodes < littleInodes:
			problem(status, fmt.Sprintf("The %s, %s, has room for only %d more files, whatever their size.", what, path, room.inodes), "Delete something there, or choose another. "+by)
		}
	}
	look(temp, "folder for temporary files", "TMPDIR says which it is.", true)
	look(e.dir(), "working folder", "It is where this program was started, or the repository's.", false)
	if fine {
		report(OK, fmt.Sprintf("%s and %s can be written to, and have room.", temp, e.dir()), "")
	}
}

// room is what a file system has left for this user.
type room struct {
	bytes, inodes uint64
	countsInodes  bool
}

func writable(path string) bool   { return unix.Access(path, unix.W_OK) == nil }
func executable(path string) bool { return unix.Access(path, unix.X_OK) == nil }

// checkDescriptors wants room for connections. Go raises the soft limit to the
// hard one at its start, and gives children the old one.
func (e *examination) checkDescriptors(_ context.Context, report report) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		report(Skipped, fmt.Sprintf("The limit of open files cannot be read: %v.", err), "")
		return
	}
	switch most := uint64(limit.Cur); {
	case most < tooFew:
		report(Failed, fmt.Sprintf("No more than %d files and connections can be open, which a few visitors use up.", most), "Raise it, to a thousand at least: ulimit -n, LimitNOFILE= of systemd, --ulimit of Docker.")
	case most < fewDescriptors:
		report(Warning, fmt.Sprintf("No more than %d files and connections can be open; every request and every websocket takes two.", most), "For more than a few dozen visitors at once raise it: ulimit -n, LimitNOFILE= of systemd, --ulimit of Docker.")
	default:
		report(OK, fmt.Sprintf("%d files and connections can be open at once.", most), "")
	}
}

// checkMemory tells what the app shares with us.
func (e *examination) checkMemory(_ context.Context, report report) {
	limit, used, ok := memoryLimit("/sys/fs/cgroup", "/proc/self/cgroup")
	switch {
	case !ok:
		report(OK, "No limit of memory is set by a control group.", "")
	case limit < littleMemory:
		report(Warning, fmt.Sprintf("The memory of this server is limited to %d MiB, and %d are in use.", limit/mebi, used/mebi), "That is little even for a small app, which is then killed (signal 9). See c.Spawner.mem_limit.")
	case used > limit/10*9:
		report(Warning, fmt.Sprintf("The memory of this server is limited to %d MiB, and %d are in use already.", limit/mebi, used/mebi), "The app may be killed (signal 9). See c.Spawner.mem_limit.")
	default:
		report(OK, fmt.Sprintf("The memory of this server is limited to %d MiB, and %d are in use.", limit/mebi, used/mebi), "")
	}
}

// memoryLimit reads the control group's limit and use, in bytes: version 2
// first (Linux, admin-guide/cgroup-v2.rst), then version 1. It is not ok where
// there is no limit, or none to be seen.
func memoryLimit(root, groups string) (limit, used uint64, ok bool) {
	own, err := os.ReadFile(groups) // #nosec G304 -- a file of /proc
	if err != nil {
		return 0, 0, false
	}
	for line := range strings.Lines(string(own)) {
		// hierarchy:controllers:path
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		// In a container the path is the host's, and its root is what we see.
		switch {
		case parts[0] == "0":
			limit, used, ok = firstLimit(root, parts[2], "memory.max", "memory.current")
		case containsWord(parts[1], "memory"):
			limit, used, ok = firstLimit(filepath.Join(root, "memory"), parts[2], "memory.limit_in_bytes", "memory.usage_in_bytes")
		}
		if ok {
			return limit, used, true
		}
	}
	return 0, 0, false
}

func firstLimit(root, path, max, current string) (limit, used uint64, ok bool) {
	// Version 1 says "unlimited" by a number near the largest one.
	const unlimited = 1 << 60
	for _, folder := range []string{filepath.Join(root, path), root} {
		limit, ok := number(filepath.Join(folder, max))
		if !ok || limit == 0 || limit > unlimited {
			continue
		}
		used, _ := number(filepath.Join(folder, current)) // 0 where it cannot be read
		return limit, used, true
	}
	return 0, 0, false
}

func containsWord(list, word string) bool {
	for _, one := range strings.Split(list, ",") {
		if one == word {
			return true
		}
	}
	return false
}

func number(file string) (uint64, bool) {
	text, err := os.ReadFile(file) // #nosec G304 -- the control group's own files
	if err != nil {
		return 0, false
	}
	value, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	return value, err == nil
}

// checkUser tells as whom the app will run.
func (e *examination) checkUser(_ context.Context, report report) {
	first := ""
	if os.Getpid() == 1 {
		first = " This is the container's first process, and looks after those that others leave behind."
	}
	if os.Geteuid() == 0 {
		report(Warning, "The app will run as root."+first, "Unless it has to, let the spawner or the image use another user: whoever gets into the app has all rights here.")
		return
	}
	if home := e.get("HOME"); home != "" {
		if _, err := os.Stat(home); errors.Is(err, os.ErrNotExist) {
			report(Warning, fmt.Sprintf("The app will run as user %d, whose home, %s, is not there.%s", os.Geteuid(), home, first), "Many apps keep settings there: make it, or set HOME.")
			return
		}
	}
	report(OK, fmt.Sprintf("The app will run as user %d, not as root.%s", os.Geteuid(), first), "")
}
