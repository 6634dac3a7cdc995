package doctor

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// holder names the process that listens on a TCP port, and is "" where that
// cannot be seen: the processes of others hide what they have open.
func holder(port string) string {
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return ""
	}
	inodes := map[string]bool{}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		file, err := os.Open(table) // #nosec G304 -- a file of /proc
		if err != nil {
			continue
		}
		for _, inode := range listening(file, uint16(number)) {
			inodes["socket:["+inode+"]"] = true
		}
		file.Close()
	}
	if len(inodes) == 0 {
		return ""
	}
	links, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		return ""
	}
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && inodes[target] {
			id := strings.Split(link, "/")[2]
			// Its name alone: a command line can hold secrets.
			name, err := os.ReadFile(filepath.Join("/proc", id, "comm")) // #nosec G304 -- a file of /proc
			if err != nil {
				return "process " + id
			}
			return fmt.Sprintf("process %s (%s)", id, bytes.TrimSpace(name))
		}
	}
	return ""
}

// listening reads a table of sockets as the kernel writes it (proc(5),
// /proc/net/tcp) and returns the inodes of those that listen on a port.
func listening(table io.Reader, port uint16) (inodes []string) {
	const state, inode, listen = 3, 9, "0A"
	lines := bufio.NewScanner(table)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) <= inode || fields[state] != listen {
			continue
		}
		_, text, ok := strings.Cut(fields[1], ":")
		number, err := strconv.ParseUint(text, 16, 16)
		if ok && err == nil && uint16(number) == port {
			inodes = append(inodes, fields[inode])
		}
	}
	return inodes
}
