package singleuser

import (
	"testing"
	"time"

	"github.com/spf13/pflag"
)

// Docker kills ten seconds after it asked to stop.
func TestDefaultShutdownIsBeforeDockersKill(t *testing.T) {
	var o life
	o.register(pflag.NewFlagSet("", pflag.ContinueOnError))
	if o.shutdownTimeout >= 10*time.Second {
		t.Errorf("stopping takes up to %s", o.shutdownTimeout)
	}
}
