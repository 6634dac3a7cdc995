//go:build e2e

package chaos

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// With next to no descriptors, a crowd takes all of them. Nobody hangs, our
// program says what is short, and when the crowd has gone everything works.
func TestNoDescriptorsAreLeftAndThenTheyAre(t *testing.T) {
	s := start(t, setup{before: []string{"sh", "-c", `ulimit -n 40 && exec "$@"`, "sh"}})
	var crowd []net.Conn
	for range 80 {
		conn, err := net.DialTimeout("tcp", s.address, patience)
		if err != nil {
			break // more than wait for an accept
		}
		if _, err := fmt.Fprintf(conn, "GET /slow?ms=60000 HTTP/1.1\r\nHost: %s\r\n\r\n", s.address); err != nil {
			t.Fatal(err)
		}
		crowd = append(crowd, conn)
	}
	eventually(t, patience, func() error {
		if log := s.tail(1000); !strings.Contains(log, "too many open files") {
			return fmt.Errorf("the log does not say what is short:\n%s", s.tail(20))
		}
		return nil
	})
	for _, conn := range crowd {
		conn.Close()
	}
	begun := time.Now()
	eventually(t, patience, func() error {
		status, _, err := s.get(t.Context(), "/")
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("was answered %d", status)
		}
		return err
	})
	t.Logf("%d connections were too many; after they went, all worked within %s", len(crowd), time.Since(begun).Round(time.Millisecond))
	// The app, too, can be started anew.
	app, err := s.app(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.die(t, app, 9)
}
