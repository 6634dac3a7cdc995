package proxy

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// Activity remembers when the app was last used, and reports it to the hub,
// which stops servers that nobody uses (JupyterHub singleuser/extension.py).
type Activity struct {
	last atomic.Int64 // Unix nanoseconds, 0 for never
}

// Touch says that the app is being used now.
func (a *Activity) Touch() { a.last.Store(time.Now().UnixNano()) }

// Last is when the app was last used, and zero if it never was.
func (a *Activity) Last() time.Time {
	if nanos := a.last.Load(); nanos != 0 {
		return time.Unix(0, nanos)
	}
	return time.Time{}
}

const (
	// reportRetries is for how long one report is tried again.
	reportRetries = time.Minute
	// reportPause bounds the pause between tries.
	reportPause = 15 * time.Second
	// reportTimeout bounds one try.
	reportTimeout = 10 * time.Second
)

// Reporter tells the hub of activity.
type Reporter struct {
	Activity *Activity
	// Interval is the time between reports, give or take a tenth.
	Interval time.Duration
	// Force reports activity even where there was none, so that the hub never
	// stops the server for being idle.
	Force bool
	// Send makes one report.
	Send func(ctx context.Context, at time.Time) error
	Log  *slog.Logger
}

// Run reports at once and then by the interval, until ctx ends. It never
// gives up: a hub that is away comes back.
func (r Reporter) Run(ctx context.Context) {
	var sent time.Time
	for {
		if at := r.due(); at.After(sent) && r.report(ctx, at) {
			sent = at
		}
		spread := time.Duration((0.9 + 0.2*rand.Float64()) * float64(r.Interval)) // #nosec G404 -- only spreads the load
		if !sleep(ctx, spread) {
			return
		}
	}
}

func (r Reporter) due() time.Time {
	if r.Force {
		return time.Now()
	}
	return r.Activity.Last()
}

// report tries until it works, a minute is over, or ctx ends.
func (r Reporter) report(ctx context.Context, at time.Time) bool {
	deadline := time.Now().Add(reportRetries)
	for limit := time.Second; ; limit = min(2*limit, reportPause) {
		try, cancel := context.WithTimeout(ctx, reportTimeout)
		err := r.Send(try, at)
		cancel()
		if err == nil {
			r.Log.Debug("activity reported", "at", at)
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		if time.Now().After(deadline) {
			r.Log.Warn("cannot report activity to the hub; trying again at the next turn", "error", err)
			return false
		}
		if !sleep(ctx, rand.N(limit)) { // #nosec G404 -- only spreads the load
			return false
		}
	}
}

// sleep waits and says whether ctx is still alive.
func sleep(ctx context.Context, pause time.Duration) bool {
	select {
	case <-time.After(pause):
		return true
	case <-ctx.Done():
		return false
	}
}
