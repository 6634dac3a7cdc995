package main

import (
	"net/http"
	"strings"
	"time"
)

// server is one running target.
type server struct {
	base    string        // URL of the app behind it, ends in a slash
	header  http.Header   // goes with every request
	pids    []int         // the processes that are the proxy, not its app
	startUp time.Duration // from exec to listening; 0 where it is not measured
	metrics string        // URL of its counters, if it has any
	close   func()
	// twin starts the same server anew, with more flags; nil if there is none.
	twin func(flags ...string) (*server, error)
}

func (s *server) url(path string) string {
	return s.base + strings.TrimPrefix(path, "/")
}

// target is something to be measured.
type target struct {
	name  string // for -only
	label string // for people
	start func(*workshop) (*server, error)
}

// baseline is the target that the others are compared with: what Go's standard
// library gives for nothing.
const baseline = "reverseproxy"

// targets lists what is compared, in the order of the table.
func targets() []target {
	return []target{
		{"app", "the app itself, no proxy", startApp},
		{"nginx", "nginx, plain proxy", startNginx},
		{baseline, "Go ReverseProxy, tuned", startTuned},
		{"untuned", "Go ReverseProxy, untuned", startUntuned},
		{"python", "jhsingle-native-proxy 0.8.3 (Python), no login", startPython},
		{"ours", "ours, no login", startOurs},
		{"login", "ours, JupyterHub login on every request", startLogin},
	}
}
