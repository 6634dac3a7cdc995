//go:build e2e

package framework

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// onlyLocal fails if a process of the server listens where another machine can
// reach it, past the login, and, for an app that listens on a unix socket, if
// it listens anywhere else. What listens on the port of our own program is ours.
func (s *server) onlyLocal(t *testing.T, socket bool) {
	t.Helper()
	processes, err := bed.ProcessesWith(s.mark)
	must(t, err)
	own := fmt.Sprintf("127.0.0.1:%d", s.port)
	listening := listeners(t)
	apps := 0
	for _, process := range processes {
		if process.ID == s.command.Process.Pid {
			continue
		}
		apps++
		descriptors, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", process.ID))
		for _, descriptor := range descriptors {
			to, err := os.Readlink(descriptor)
			if err != nil {
				continue // closed in the meantime
			}
			address := listening[to]
			switch {
			case address == "" || address == own:
			case !strings.HasPrefix(address, "127.0.0.1:"):
				t.Errorf("%v listens on %s", process, address)
			case socket && !strings.Contains(process.Command, "ipykernel"):
				t.Errorf("%v listens on %s, and not only on its unix socket", process, address)
			}
		}
	}
	if apps == 0 {
		t.Error("no process of the app was found: this proves nothing")
	}
}

// listeners are the addresses of the TCP sockets that listen, by what a process's
// descriptor is a link to (proc(5), /proc/net/tcp).
func listeners(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		table, err := os.ReadFile(file)
		must(t, err)
		for line := range strings.Lines(string(table)) {
			fields := strings.Fields(line)
			if len(fields) > 9 && fields[3] == "0A" {
				found["socket:["+fields[9]+"]"] = address(t, fields[1])
			}
		}
	}
	return found
}

// address reads an address of that table: bytes of words in the machine's order.
func address(t *testing.T, text string) string {
	t.Helper()
	host, port, _ := strings.Cut(text, ":")
	words, err := hex.DecodeString(host)
	must(t, err)
	var number int
	_, err = fmt.Sscanf(port, "%X", &number)
	must(t, err)
	if len(words) == 4 {
		return fmt.Sprintf("%d.%d.%d.%d:%d", words[3], words[2], words[1], words[0], number)
	}
	return fmt.Sprintf("[%x]:%d", words, number)
}
