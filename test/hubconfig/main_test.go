//go:build e2e

package hubconfig

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// shared is the hub of most tests, where the configuration is a file of its own.
// Each test has users of its own on it.
var (
	ready  *bed.Bed
	shared *house
)

func TestMain(m *testing.M) {
	os.Exit(play(m))
}

func play(m *testing.M) (code int) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	var err error
	if ready, err = bed.Setup(ctx, os.Stderr); err == nil {
		shared, err = build(ctx, ready, "file", bedVersion, false)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "the tests of the hub's configuration cannot begin:", err)
		return 1
	}
	defer func() {
		if err := shared.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "after the tests of the hub's configuration:", err)
			code = 1
		}
	}()
	return m.Run()
}
