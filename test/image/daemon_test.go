//go:build e2e

package image

import (
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/engine"
)

// daemon is the Docker daemon of this test.
type daemon struct{ *engine.Engine }

// startDaemon starts it, with data that stays for the next run, and stops it when
// the test ends.
func startDaemon(t *testing.T) *daemon {
	t.Helper()
	cache, lock, err := engine.OpenCache("image")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = lock.Close() })
	started, err := engine.Start(cache)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := started.Close(); err != nil {
			t.Error(err)
		}
	})
	return &daemon{started}
}

// docker runs a docker command that must succeed.
func (e *daemon) docker(t *testing.T, limit time.Duration, args ...string) string {
	t.Helper()
	out, err := e.Try(limit, engine.Command{Args: args})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
