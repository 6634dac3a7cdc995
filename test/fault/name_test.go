//go:build e2e

package fault

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// hubName is the host name by which our program knows the hub.
const hubName = "hub.fault.test"

// The hub's name is not to be found any more. Our program gets host tables of
// its own, as a container has, so those of the machine are left alone.
func TestSecurityName(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	hosts, resolver := filepath.Join(folder, "hosts"), filepath.Join(folder, "resolv.conf")
	l := newLayer(t, shared.hub.direct(t))
	host, port, _ := strings.Cut(l.address, ":")
	// Written over, not replaced: our program sees this very file.
	known := func(line string) func() error {
		return func() error { return os.WriteFile(hosts, []byte("127.0.0.1 localhost\n"+line), 0o644) }
	}
	if err := errors.Join(
		known(host+" "+hubName+"\n")(),
		// A name server that is not there, either: nothing is asked of the world.
		os.WriteFile(resolver, []byte("nameserver 127.0.0.2\noptions timeout:1 attempts:1\n"), 0o644),
	); err != nil {
		t.Fatal(err)
	}
	at := newStand(t, "name-gone", setup{
		layer: l,
		host:  hubName + ":" + port,
		before: []string{"unshare", "--map-root-user", "--mount", "sh", "-c",
			`mount --bind "$1" /etc/hosts && mount --bind "$2" /etc/resolv.conf && shift 2 && exec "$@"`, "sh", hosts, resolver},
	})
	nobody := at.hub.NewSession("")
	felt := func() error {
		tries := 0
		// What our program knows of the table it believes for five seconds.
		return poll(t.Context(), patience, func() error {
			tries++
			time.Sleep(300 * time.Millisecond) // unknown tokens are limited
			answer, err := send(t.Context(), nobody, at.prefix+"newcomer", script("Authorization", fmt.Sprintf("token felt-%d", tries))...)
			if err == nil && answer.Status != http.StatusServiceUnavailable {
				err = fmt.Errorf("our program still finds the hub: %d %.300s", answer.Status, answer.Body)
			}
			return err
		})
	}
	playFault(t, at, kind{
		name: "name-gone",
		says: "lookup " + hubName,
		fault: fault{
			begin: func() error { return errors.Join(known("")(), felt()) },
			end:   known(host + " " + hubName + "\n"),
		},
	})
}
