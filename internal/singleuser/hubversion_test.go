package singleuser

import (
	"testing"
	"testing/synctest"
	"time"
)

// A hub that is busy answers after seconds, and hears its version then.
func TestTheHubsProbeAwaitsItsVersion(t *testing.T) {
	const version = "5.4.3"
	for _, test := range []struct {
		after, took time.Duration
		want        string
	}{
		{4 * time.Second, 4 * time.Second, version},
		{time.Minute, hubAnswer, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			v := &versionLearner{known: make(chan struct{})}
			defer time.AfterFunc(test.after, func() {
				v.value = version
				close(v.known)
			}).Stop()
			began := time.Now()
			if got, took := v.get(t.Context()), time.Since(began); got != test.want || took != test.took {
				t.Errorf("known after %s: got %q after %s", test.after, got, took)
			}
		})
	}
}
