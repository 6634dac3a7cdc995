package process

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// listeners lists the sockets of this network on which anybody listens.
func listeners() []listener {
	var all []listener
	for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		if table, err := os.ReadFile(file); err == nil { // #nosec G304 -- one of two names
			all = append(all, parseTCP(table)...)
		}
	}
	if table, err := os.ReadFile("/proc/net/unix"); err == nil {
		all = append(all, parseUnix(table)...)
	}
	return all
}

// parseTCP reads the listening sockets from a table as /proc/net/tcp is, or
// /proc/net/tcp6 (proc_pid_net(5)).
func parseTCP(table []byte) []listener {
	const local, state, user, inode, columns = 1, 3, 7, 9, 10
	const listening = "0A" // TCP_LISTEN in include/net/tcp_states.h
	var found []listener
	for line := range bytes.Lines(table) {
		fields := strings.Fields(string(line))
		if len(fields) < columns || fields[state] != listening {
			continue
		}
		addr, ok := parseAddress(fields[local])
		if !ok {
			continue
		}
		l := listener{addr: addr, user: -1}
		if id, err := strconv.Atoi(fields[user]); err == nil {
			l.user = id
		}
		l.inode, _ = strconv.ParseUint(fields[inode], 10, 64) // 0 is nobody's
		found = append(found, l)
	}
	return found
}

// parseAddress reads "0100007F:1F90": words of an address in this machine's
// byte order, and a port.
func parseAddress(text string) (netip.AddrPort, bool) {
	const word = 4
	host, port, ok := strings.Cut(text, ":")
	raw, err := hex.DecodeString(host)
	number, portErr := strconv.ParseUint(port, 16, 16)
	if !ok || err != nil || portErr != nil || len(raw)%word != 0 {
		return netip.AddrPort{}, false
	}
	for i := 0; i < len(raw); i += word {
		binary.BigEndian.PutUint32(raw[i:], binary.NativeEndian.Uint32(raw[i:]))
	}
	addr, ok := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(addr.Unmap(), uint16(number)), ok
}

// parseUnix reads the listening sockets that have a name from a table as
// /proc/net/unix is. A name can hold anything but NUL and a line break.
func parseUnix(table []byte) []listener {
	const flags, inode, columns = 3, 6, 7
	const accepting = 1 << 16 // __SO_ACCEPTCON in include/linux/net.h
	var found []listener
next:
	for line := range bytes.Lines(table) {
		var fields [columns]string
		rest := strings.TrimRight(string(line), "\n")
		for i := range fields {
			var more bool
			if fields[i], rest, more = strings.Cut(strings.TrimLeft(rest, " "), " "); !more {
				continue next
			}
		}
		set, err1 := strconv.ParseUint(fields[flags], 16, 64)
		number, err2 := strconv.ParseUint(fields[inode], 10, 64)
		if err1 == nil && err2 == nil && set&accepting != 0 && rest != "" {
			found = append(found, listener{path: rest, inode: number, user: -1})
		}
	}
	return found
}

// heldBy lists on what some processes listen.
func heldBy(processes []info) []listener {
	inodes := map[uint64]bool{}
	for _, p := range processes {
		for _, inode := range sockets(p.pid) {
			inodes[inode] = true
		}
	}
	if len(inodes) == 0 {
		return nil
	}
	return slices.DeleteFunc(listeners(), func(l listener) bool { return !inodes[l.inode] })
}

// sockets lists the inodes of a process's sockets, if we may know them.
func sockets(pid int) []uint64 {
	folder := "/proc/" + strconv.Itoa(pid) + "/fd"
	dir, err := os.Open(folder) // #nosec G304 -- a folder of /proc
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1) // what could be read is what we know
	var inodes []uint64
	for _, name := range names {
		target, err := os.Readlink(folder + "/" + name)
		if err != nil {
			continue
		}
		text, ok := strings.CutPrefix(target, "socket:[")
		if !ok {
			continue
		}
		if inode, err := strconv.ParseUint(strings.TrimSuffix(text, "]"), 10, 64); err == nil {
			inodes = append(inodes, inode)
		}
	}
	return inodes
}

// holderOf says who listens at a place, and is empty if that is not known.
func holderOf(at place) string {
	for _, l := range listeners() {
		if !l.at(at) {
			continue
		}
		if holder := l.holder(); holder != "" {
			return holder
		}
		if l.user >= 0 && l.user != os.Geteuid() {
			return "a program of the user with the number " + strconv.Itoa(l.user)
		}
	}
	return ""
}

// PortHolder names the process that listens on a TCP port of whatever address,
// and is empty where that cannot be seen: others' processes hide what they have
// open, and other systems than Linux do not tell.
func PortHolder(port int) string {
	for _, l := range listeners() {
		if l.path == "" && int(l.addr.Port()) == port {
			if holder := l.holder(); holder != "" {
				return holder
			}
		}
	}
	return ""
}

// holder is the process whose socket it is.
func (l listener) holder() string {
	for _, p := range processes() {
		if slices.Contains(sockets(p.pid), l.inode) {
			return p.String()
		}
	}
	return ""
}

// checkOwner makes sure that it is the app that has answered, and not another
// user's program that was faster: that would get our visitors' requests.
func (r *run) checkOwner(at place) error {
	if at.socket != "" {
		return nil // only those who may write to its folder can put one there
	}
	if !hasStranger(at, listeners(), os.Geteuid(), r.has) {
		return nil
	}
	who := holderOf(at)
	if who == "" {
		who = "another program"
	}
	return strangerError{at, who}
}

// hasStranger says whether the place belongs to a user who is none of the
// app's. The superuser is trusted, who can have the requests anyway.
func hasStranger(at place, all []listener, own int, trusted func(user int) bool) bool {
	for _, l := range all {
		if l.at(at) && l.user > 0 && l.user != own && !trusted(l.user) {
			return true
		}
	}
	return false
}

// has says whether one of the app's processes belongs to a user.
func (r *run) has(user int) bool {
	for _, p := range r.family() {
		var stat syscall.Stat_t
		if syscall.Stat(fmt.Sprintf("/proc/%d", p.pid), &stat) == nil && int(stat.Uid) == user {
			return true
		}
	}
	return false
}
