package process

import (
	"context"
	"log/slog"
	"time"
)

// Fresh, as Config.Socket, asks for a unix socket in a directory of its own.
const Fresh = "auto"

// Config is what an App needs.
type Config struct {
	// Command is the program and its arguments, with {placeholders}. It is
	// empty for an app that runs already, at Port or Socket: such a one is
	// watched, and never started nor ended.
	Command []string
	// Variables are the placeholders' values, but for {port}, {unix_socket}
	// and {origin_host}, which are known later.
	Variables Variables
	// OriginHost is the value of {origin_host}. If it is empty and the
	// command needs it, the start waits for Wake.
	OriginHost string
	// Port is where the app is to listen; 0 takes a free one at every start.
	Port int
	// Socket is the path of the unix socket that the app is to listen on,
	// instead of a port. Fresh makes one at every start, in a directory that
	// only this user can enter and that is removed when the app has ended; so
	// does a Command that uses {unix_socket} while this is empty.
	Socket string
	// Env is the app's whole environment, but for Environment.
	Env []string
	// Environment are further variables for the app, with {placeholders} in
	// their values.
	Environment map[string]string
	// Dir is the app's working directory; empty is our own.
	Dir string
	// Prepare, if set, is done before the first start, in the state Preparing.
	// Its failure is the state Failed, from which Retry leads back to it. It
	// has to end early when its context does.
	Prepare func(ctx context.Context, report func(Progress)) (Prepared, error)
	// Lazy lets the first start wait for Wake.
	Lazy bool
	// IdleStop is after how long out of use the app is stopped, until Wake; 0
	// is never. Use tells how many requests and websockets are open, and when
	// the last one was active.
	IdleStop time.Duration
	Use      func() (open int, last time.Time)
	// ReadyPath is asked until the app gives any HTTP answer, for at most
	// ReadyTimeout. If it is empty the app need not speak HTTP: it is enough
	// that it takes a connection.
	ReadyPath    string
	ReadyTimeout time.Duration
	// Health says how an app that is ready is checked.
	Health  Health
	Restart RestartPolicy
	// Backoff says how long to wait between starts, and how often.
	Backoff BackoffConfig
	// Grace is how long the app has to end when it is asked to, before it is
	// killed.
	Grace time.Duration
	// Orphans says that every child of this program is the app's: what is
	// left of them when the app has ended is ended too. See AdoptOrphans.
	Orphans bool
	Log     *slog.Logger
	// Output, if set, takes the app's output line by line, without line
	// breaks; Raw takes it byte for byte, as it comes. A sink that is slow
	// does not hold up the app: what it cannot take is left out, and a line
	// says how much that was.
	Output, Raw Sink
}

// Prepared is what a preparation found out. A field that is set replaces the
// one of the same name in Config.
type Prepared struct {
	Dir string
	Env []string
}

// Progress is how far a preparation is.
type Progress struct {
	// Title is what is being done, such as "Receiving objects".
	Title string
	// Percent is how much of it is, and -1 where that is unknown.
	Percent int
}

// Health is how an app that is ready is checked: it has to give an HTTP answer
// below 500 on Path.
type Health struct {
	// Path is what to ask for; empty is no check at all.
	Path string
	// Interval is between two checks; Timeout bounds each. 0 is 10 s and 5 s.
	Interval, Timeout time.Duration
	// Failures is after how many failed checks in a row the app is ended, which
	// counts as its failure. 0 is 3.
	Failures int
}

// BackoffConfig is how long to wait before the app is started again. A field
// that is 0 has the default: 1 s, 30 s, 1 min and 6.
type BackoffConfig struct {
	// First is the pause after the first failure; it doubles with each further
	// one, up to Last.
	First, Last time.Duration
	// ResetAfter is how long an app must have been ready for its next failure to
	// count as the first.
	ResetAfter time.Duration
	// Limit is how many failures in a row are tolerated.
	Limit int
}

// The defaults of Health.
const (
	healthInterval = 10 * time.Second
	healthTimeout  = 5 * time.Second
	healthFailures = 3
)

// withDefaults fills in what is 0.
func (c Config) withDefaults() Config {
	c.Backoff = c.Backoff.withDefaults()
	c.Health.Interval = or(c.Health.Interval, healthInterval)
	c.Health.Timeout = or(c.Health.Timeout, healthTimeout)
	c.Health.Failures = or(c.Health.Failures, healthFailures)
	return c
}

// or returns the value, and the default where it is not above 0.
func or[T int | time.Duration](value, otherwise T) T {
	if value > 0 {
		return value
	}
	return otherwise
}
