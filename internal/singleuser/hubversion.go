package singleuser

import (
	"context"
	"log/slog"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
)

// hubAnswer is how long the hub's probe is made to wait for the hub's version:
// long enough for a hub that is busy, as it is when many servers start, and less
// than it gives a server to answer.
const hubAnswer = 5 * time.Second

// versionLearner finds out the hub's version, which the hub wants to hear back
// from its servers (_version.py, _check_version).
type versionLearner struct {
	client *hub.Client
	log    *slog.Logger
	known  chan struct{} // closed when version is set
	value  string
}

// learn asks until the hub answers or ctx ends.
func (v *versionLearner) learn(ctx context.Context) {
	for pause := 200 * time.Millisecond; ; pause = min(2*pause, 16*time.Second) {
		try, cancel := context.WithTimeout(ctx, 10*time.Second)
		value, err := v.client.Version(try)
		cancel()
		if err == nil {
			v.log.Info("the hub answers", "hub_version", value)
			v.value = value
			close(v.known)
			return
		}
		if ctx.Err() != nil {
			return
		}
		v.log.Warn("the hub does not answer yet; nobody can sign in before it does", "error", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

// get returns the version, waiting a moment for it, and "" if that is not
// enough.
func (v *versionLearner) get(ctx context.Context) string {
	select {
	case <-v.known:
		return v.value
	default:
	}
	select {
	case <-v.known:
		return v.value
	case <-time.After(hubAnswer):
	case <-ctx.Done():
	}
	return ""
}
