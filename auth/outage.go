package auth

import (
	"log/slog"
	"sync"
	"time"
)

// outageReminder is how often the log says that the hub is still away.
const outageReminder = 30 * time.Second

// outage tells the log once that the hub gives no answers, now and then that
// it still does not, and once that it does again, however many visitors wait.
type outage struct {
	log *slog.Logger
	now func() time.Time

	mu sync.Mutex
	// since is when the hub gave its first unanswered question since its last
	// answer, told when the log was last told of one.
	since, told time.Time
	// announced says that the log was told of this time away. One that follows
	// another soon is not: a hub that flickers would fill the log.
	announced  bool
	unanswered int
}

// heard is told of every question to the hub; err is nil if it was answered.
func (o *outage) heard(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.now()
	if err == nil {
		if o.announced {
			o.log.Warn("the hub answers again", "away", now.Sub(o.since).Round(time.Second), "unanswered", o.unanswered)
			o.unanswered = 0
		}
		o.since, o.announced = time.Time{}, false
		return
	}
	o.unanswered++
	if o.since.IsZero() {
		o.since = now
	}
	if now.Sub(o.told) < outageReminder {
		return
	}
	o.told, o.announced = now, true
	o.log.Error("cannot ask the hub who is asking; those it named before stay in while that is good", "error", err,
		"since", o.since.Format(time.TimeOnly), "unanswered", o.unanswered)
}
