package process

import (
	"bytes"
	"os"
	"slices"
	"strconv"
)

// family lists the app's processes that live: its group, all descendants and,
// where they are the app's, our own; and what is in its cgroup. It looks at
// every process of the machine, so it is for rare events only.
func (r *run) family() []info {
	leader := r.cmd.Process.Pid
	all := processes()
	in := map[int]bool{leader: true}
	if r.config.Orphans {
		in[os.Getpid()] = true
	}
	for _, pid := range r.cgroup.processes() {
		in[pid] = true
	}
	for grown := true; grown; {
		grown = false
		for _, p := range all {
			if !in[p.pid] && (in[p.parent] || p.group == leader) {
				in[p.pid], grown = true, true
			}
		}
	}
	return slices.DeleteFunc(all, func(p info) bool {
		return !in[p.pid] || p.pid == os.Getpid() || p.state == 'Z' || p.state == 'X'
	})
}

// processes lists all processes that we can see.
func processes() []info {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1) // what could be read is what we know
	var all []info
	for _, name := range names {
		if name[0] < '1' || name[0] > '9' {
			continue
		}
		stat, err := os.ReadFile("/proc/" + name + "/stat") // #nosec G304 -- a file of /proc
		if err != nil {
			continue // it has just ended
		}
		if p, ok := parseStat(stat); ok {
			all = append(all, p)
		}
	}
	return all
}

// parseStat reads "pid (name) state parent group …" (proc_pid_stat(5)). The
// name can hold anything, even ")".
func parseStat(stat []byte) (info, bool) {
	from, to := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	if from < 1 || to < from {
		return info{}, false
	}
	fields := bytes.Fields(stat[to+1:])
	if len(fields) < 3 || len(fields[0]) != 1 {
		return info{}, false
	}
	pid, err1 := strconv.Atoi(string(bytes.TrimSpace(stat[:from])))
	parent, err2 := strconv.Atoi(string(fields[1]))
	group, err3 := strconv.Atoi(string(fields[2]))
	return info{pid: pid, parent: parent, group: group, state: fields[0][0], name: string(stat[from+1 : to])},
		err1 == nil && err2 == nil && err3 == nil && pid > 0
}

// lives says whether any process of the group has not ended, even if its
// parent has not taken note of that.
func (g group) lives() bool {
	return slices.ContainsFunc(processes(), func(p info) bool { return p.group == int(g) && p.state != 'Z' && p.state != 'X' })
}
