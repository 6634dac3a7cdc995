package singleuser

import (
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/ideonate/jhsingle-native-proxy/internal/setting"
	"github.com/ideonate/jhsingle-native-proxy/process"
)

// life is how the app is started, watched, started again and stopped.
type life struct {
	start           string
	idleStop        time.Duration
	readyPath       string
	readyTimeout    time.Duration
	health          process.Health
	restart         string
	backoff         process.BackoffConfig
	shutdownTimeout time.Duration
}

// lazy is the --start at the first visit.
const lazy = "lazy"

// defaultShutdown stays below the ten seconds after which Docker kills, and
// the hub sends its next signal.
const defaultShutdown = 8 * time.Second

func (o *life) register(flags *pflag.FlagSet) {
	o.start = "eager"
	o.readyTimeout = 60 * time.Second
	o.health = process.Health{Interval: 10 * time.Second, Timeout: 5 * time.Second, Failures: 3}
	o.restart = string(process.OnFailure)
	o.backoff = process.BackoffConfig{First: time.Second, Last: 30 * time.Second, ResetAfter: time.Minute, Limit: 6}
	o.shutdownTimeout = defaultShutdown
	flags.Var(setting.Choice(&o.start, "eager", lazy), "start", "eager: start the app at once; lazy: when the first visitor comes")
	flags.Var(setting.Seconds(&o.idleStop, 0), "idle-stop", "stop the app after so many `seconds` without a request or a websocket, and start it again for the next visitor; 0 is never")
	flags.StringVar(&o.readyPath, "ready-check-path", "/", "`path` of the app that is asked until it gives any HTTP answer")
	flags.Var(setting.Seconds(&o.readyTimeout, time.Second), "ready-timeout", "`seconds` that the app has for its first answer; also --timeout")
	flags.StringVar(&o.health.Path, "health-check-path", "", "`path` of the app that is asked while it runs; an app that fails is started again (default: nothing is asked)")
	flags.Var(setting.Seconds(&o.health.Interval, 100*time.Millisecond), "health-check-interval", "`seconds` between two such questions")
	flags.Var(setting.Seconds(&o.health.Timeout, 100*time.Millisecond), "health-check-timeout", "`seconds` that the app has for an answer")
	flags.Var(setting.Number(&o.health.Failures, 1, 1000, "number"), "health-check-failures", "`number` of failures in a row that are one too many")
	flags.Var(setting.Choice(&o.restart, string(process.Never), string(process.OnFailure), string(process.Always)), "restart", "whether to start the app again when it ends by itself; never passes its exit code on")
	flags.Var(setting.Seconds(&o.backoff.First, 10*time.Millisecond), "restart-delay", "`seconds` before the first new start; doubled for each further one, up to 30")
	flags.Var(setting.Number(&o.backoff.Limit, 1, 1<<20, "number"), "restart-limit", "`number` of failures in a row after which the app is left alone")
	flags.Var(setting.Seconds(&o.backoff.ResetAfter, 10*time.Millisecond), "restart-reset-after", "`seconds` of running well after which failures are forgotten")
	flags.Var(setting.Seconds(&o.shutdownTimeout, 0), "shutdown-timeout", "`seconds` from a request to stop to the end: running requests get them but for the last three, and the app what is left, at least three")
}

func (o *life) check(wrong wrong) error {
	for _, path := range []struct{ name, value string }{{"ready-check-path", o.readyPath}, {"health-check-path", o.health.Path}} {
		if path.value != "" && (!strings.HasPrefix(path.value, "/") || strings.ContainsAny(path.value, " \r\n\t")) {
			return wrong(path.name, "is %q, but is a URL path that begins with /", path.value)
		}
	}
	return nil
}
