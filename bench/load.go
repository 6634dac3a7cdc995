package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// load is one kind of traffic.
type load struct {
	name  string
	label string
	run   func(context.Context, *server, shape) (result, error)
}

// shape is how much of it.
type shape struct {
	duration    time.Duration
	connections int
	script      string // what wrk is to print
}

// result is what a load found out about a server.
type result struct {
	requests int
	seconds  float64
	p50, p99 time.Duration
}

func loads() []load {
	return []load{
		{"1k", "GET, 1 KiB", get("/", 1<<10)},
		{"64k", "GET, 64 KiB", get("/64k", 64<<10)},
		{"chunked", "GET, 8 × 1 KiB chunked", get("/chunked", 8<<10)},
		{"ws", "websocket, 1 KiB there and back", echo},
	}
}

// wrkScript makes wrk print exact figures; it has no function that is called
// during the load.
const wrkScript = `done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\nRESULT {"requests":%d,"bytes":%d,"micros":%d,"p50":%d,"p99":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d}\n',
    summary.requests, summary.bytes, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect, e.read, e.write, e.timeout, e.status))
end
`

func writeScript(folder string) (string, error) {
	file := filepath.Join(folder, "wrk.lua")
	return file, os.WriteFile(file, []byte(wrkScript), 0o644)
}

// get is wrk with one thread: on few cores a second one would only take what the
// proxy and the app need, and one asks more than any of the proxies answers.
func get(path string, size int) func(context.Context, *server, shape) (result, error) {
	return func(ctx context.Context, s *server, sh shape) (result, error) {
		program, err := exec.LookPath("wrk")
		if err != nil {
			return result{}, fmt.Errorf("no wrk on this machine: install Debian's package wrk")
		}
		args := []string{"-t1", "-c" + strconv.Itoa(sh.connections), "-d" + wrkDuration(sh.duration), "--timeout", "10s", "-s", sh.script}
		for name, values := range s.header {
			for _, value := range values {
				args = append(args, "-H", name+": "+value)
			}
		}
		out, err := output(ctx, program, append(args, s.url(path))...)
		if err != nil {
			return result{}, err
		}
		return parseWrk(out, size)
	}
}

// wrkDuration rounds up to the whole seconds that wrk understands.
func wrkDuration(d time.Duration) string {
	return strconv.Itoa(int((d+time.Second-1)/time.Second)) + "s"
}

// parseWrk fails unless every answer was a good one. wrk itself counts only
// statuses from 400 on as errors: a redirect to a login page is told by its size.
func parseWrk(out string, size int) (result, error) {
	_, line, found := strings.Cut(out, "RESULT ")
	if !found {
		return result{}, fmt.Errorf("wrk printed no result: %s", out)
	}
	var r struct {
		Requests, Bytes, Micros, P50, P99     int
		Connect, Read, Write, Timeout, Status int
	}
	if err := json.Unmarshal([]byte(line), &r); err != nil {
		return result{}, err
	}
	switch {
	case r.Connect+r.Read+r.Write+r.Timeout+r.Status > 0:
		return result{}, fmt.Errorf("errors under load: %d connect, %d read, %d write, %d timeouts, %d of status 400 and more (%d requests)",
			r.Connect, r.Read, r.Write, r.Timeout, r.Status, r.Requests)
	case r.Requests == 0:
		return result{}, fmt.Errorf("not one request was answered")
	case r.Bytes < r.Requests*size:
		return result{}, fmt.Errorf("answers are too short: %d bytes in %d requests, each should bring %d", r.Bytes, r.Requests, size)
	}
	return result{
		requests: r.Requests,
		seconds:  float64(r.Micros) / 1e6,
		p50:      time.Duration(r.P50) * time.Microsecond,
		p99:      time.Duration(r.P99) * time.Microsecond,
	}, nil
}
