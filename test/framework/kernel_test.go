//go:build e2e

package framework

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// Voila's kernels of pages that were left end by themselves, and those of pages that
// somebody reads do not. Its own way, a beacon of the page's, Voila refuses.
func TestKernelsOfPagesThatWereLeftEnd(t *testing.T) {
	t.Parallel()
	at := serve(t, "kernels", "run", "voila", "voila.ipynb", "--",
		"--MappingKernelManager.cull_idle_timeout=5", "--MappingKernelManager.cull_interval=1")
	read := at.openKernel(t)
	read.connect(t)
	left := at.openKernel(t) // begins later, so it has been idle for less
	left.awaitEnd(t)
	if status := read.status(t); status != http.StatusOK {
		t.Errorf("the kernel of a page that is read is gone: %d", status)
	}
	must(t, read.socket.Close())
	read.awaitEnd(t)
}

// kernel is that of a page.
type kernel struct {
	at     *server
	id     string
	socket *websocket.Conn
}

var kernelID = regexp.MustCompile(`"kernelId": *"([0-9a-f-]+)"`)

// openKernel opens a page, and finds its kernel.
func (s *server) openKernel(t *testing.T) *kernel {
	t.Helper()
	status, body, err := s.get("")
	must(t, err)
	found := kernelID.FindStringSubmatch(body)
	if status != http.StatusOK || found == nil {
		t.Fatalf("the page is %d %.300s", status, body)
	}
	return &kernel{at: s, id: found[1]}
}

// connect opens the page's websocket.
func (k *kernel) connect(t *testing.T) {
	t.Helper()
	address := "ws" + strings.TrimPrefix(k.at.url, "http") + "api/kernels/" + k.id + "/channels"
	socket, answer, err := websocket.DefaultDialer.DialContext(t.Context(), address, nil)
	if err != nil {
		t.Fatalf("no websocket: %v %+v", err, answer)
	}
	k.socket = socket
	t.Cleanup(func() { socket.Close() })
}

func (k *kernel) status(t *testing.T) int {
	t.Helper()
	status, _, err := k.at.get("api/kernels/" + k.id)
	must(t, err)
	return status
}

func (k *kernel) awaitEnd(t *testing.T) {
	t.Helper()
	eventually(t, patience, func() error {
		if status := k.status(t); status != http.StatusNotFound {
			return fmt.Errorf("the kernel is there: %d", status)
		}
		return nil
	})
}
