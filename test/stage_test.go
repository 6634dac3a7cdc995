//go:build e2e

// Package test holds the end-to-end tests: our program under a real JupyterHub
// with its real proxy, visited over HTTP and by a real browser.
//
//	go test -tags e2e -timeout 20m ./test/...
package test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// patience is the bound of every wait for something that should take moments.
const patience = 30 * time.Second

// stage is what the tests play on. TestMain builds it before the first test and
// takes it down after the last; no test changes it.
type stage struct {
	*bed.Bed
	hub    *bed.Hub
	proxy  string // our program
	echo   string // test/apps/echo
	output string // folder for logs and pictures
}

var shared *stage

func TestMain(m *testing.M) {
	os.Exit(play(m))
}

func play(m *testing.M) (code int) {
	var err error
	if shared, err = build(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "the end-to-end tests cannot begin:", err)
		return 1
	}
	defer func() {
		if err := shared.hub.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "after the end-to-end tests:", err)
			code = 1
		}
	}()
	// Most of the tests' time is waiting, so more may run at once than there
	// are processors; -parallel still has the last word.
	if err := flag.Set("test.parallel", "8"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func build(ctx context.Context) (*stage, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	ready, err := bed.Setup(ctx, os.Stderr)
	if err != nil {
		return nil, err
	}
	s := &stage{Bed: ready, output: filepath.Join(ready.Root, "test", "output")}
	// E2E_RACE=1 has the race detector watch our program.
	if s.proxy, err = s.Build(ctx, "./cmd/jhsingle-native-proxy", os.Getenv("E2E_RACE") == "1"); err != nil {
		return nil, err
	}
	if _, err = s.Build(ctx, "./cmd/dashboard-builder", false); err != nil { // for the demo
		return nil, err
	}
	if s.echo, err = s.Build(ctx, "./test/apps/echo", false); err != nil {
		return nil, err
	}
	s.hub, err = s.StartHub(ctx, bed.Options{
		Output: filepath.Join(s.output, "hub"),
		Server: s.wrap(nil, s.echoCommand()...),
	})
	return s, err
}

// wrap is a server that runs an app below our program.
func (s *stage) wrap(flags []string, app ...string) bed.Server {
	command := append([]string{s.proxy}, flags...)
	return bed.Server{Command: append(append(command, "--"), app...)}
}

func (s *stage) echoCommand(flags ...string) []string {
	return append([]string{s.echo, "--port={port}"}, flags...)
}

// server is a server that was started for a test.
type server struct {
	user, name string
	// prefix is its path, with a slash at both ends.
	prefix string
}

// start starts a user's server for a test and stops it afterwards. An empty
// name is the default server; tests that run at once need names of their own.
func start(t *testing.T, user, name string, what bed.Server) server {
	t.Helper()
	explain(t)
	if err := shared.hub.StartServer(t.Context(), user, name, what); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if model, err := shared.hub.Server(ctx, user, name); err != nil || model.Stopped {
			return
		}
		if err := shared.hub.StopServer(ctx, user, name); err != nil {
			t.Error(err)
		}
	})
	return server{user: user, name: name, prefix: bed.Prefix(user, name)}
}

// startEcho starts the echo app below our program.
func startEcho(t *testing.T, user, name string, flags ...string) server {
	t.Helper()
	return start(t, user, name, shared.wrap(flags, shared.echoCommand()...))
}

// explain shows the hub's last words when the test fails.
func explain(t *testing.T) {
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(shared.hub.LogTail(30))
		}
	})
}

// visit logs a user in and opens a server's root, so that the session has all
// cookies for it.
func visit(t *testing.T, user string, at server) *bed.Session {
	t.Helper()
	session := shared.hub.NewSession(user)
	// To the hub a server is up before its app is.
	eventually(t, patience, func() error {
		answer := get(t, session, at.prefix)
		switch answer.Status {
		case http.StatusOK:
			return nil
		case http.StatusServiceUnavailable:
			return fmt.Errorf("%s is not ready: %s", at.prefix, answer.Body)
		}
		t.Fatalf("%s at %s: %d %s", user, answer.URL, answer.Status, answer.Body)
		return nil
	})
	return session
}

func get(t *testing.T, session *bed.Session, path string) *bed.Answer {
	t.Helper()
	answer, err := session.Get(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// once sends a request and follows nothing. Headers are name, value, name, ...;
// an empty value takes the header away.
func once(t *testing.T, session *bed.Session, method, path string, headers ...string) *bed.Answer {
	t.Helper()
	request := session.NewRequest(t.Context(), method, path, "")
	setHeaders(request.Header, headers)
	answer, err := session.Once(request)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// fetch is once as a script in a page does it.
func fetch(t *testing.T, session *bed.Session, path string, headers ...string) *bed.Answer {
	t.Helper()
	return once(t, session, http.MethodGet, path, append([]string{
		"Accept", "application/json", "Sec-Fetch-Mode", "cors",
		"Sec-Fetch-Dest", "empty", "Sec-Fetch-Site", "same-origin",
	}, headers...)...)
}

func setHeaders(header http.Header, pairs []string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			header.Del(pairs[i])
			continue
		}
		header.Set(pairs[i], pairs[i+1])
	}
}

// heard is what the echo app says that it received.
type heard struct {
	Method      string            `json:"method"`
	URI         string            `json:"uri"`
	Host        string            `json:"host"`
	Headers     [][2]string       `json:"headers"`
	Body        []byte            `json:"body"`
	Environment map[string]string `json:"environment"`
	Names       []string          `json:"names"`
	Process     int               `json:"process"`
}

// values are all values of a header, whatever its spelling.
func (h heard) values(name string) []string {
	var values []string
	for _, header := range h.Headers {
		if strings.EqualFold(header[0], name) {
			values = append(values, header[1])
		}
	}
	return values
}

func hear(t *testing.T, answer *bed.Answer) heard {
	t.Helper()
	if answer.Status != http.StatusOK {
		t.Fatalf("%s answered %d: %.500s", answer.URL, answer.Status, answer.Body)
	}
	var h heard
	if err := json.Unmarshal(answer.Body, &h); err != nil {
		t.Fatalf("%s is not the echo app's answer: %v: %.500s", answer.URL, err, answer.Body)
	}
	return h
}

// seen is everything that the echo app received so far.
func seen(t *testing.T, owner *bed.Session, at server) []string {
	t.Helper()
	answer := fetch(t, owner, at.prefix+"seen")
	var lines []string
	if err := answer.JSON(&lines); err != nil {
		t.Fatal(err)
	}
	if len(lines) == 0 {
		t.Fatal("the echo app saw nothing, not even that it was asked whether it is ready: its list proves nothing")
	}
	return lines
}

// eventually waits until a check passes, and fails with its last complaint.
func eventually(t *testing.T, limit time.Duration, check func() error) {
	t.Helper()
	err := errors.New("never tried")
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if err = check(); err == nil {
			return
		}
	}
	t.Fatalf("after %s: %v", limit, err)
}
