//go:build e2e

package test

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// When the hub stops a server, all of it goes: the app, and grandchildren that
// do not listen to polite signals, one of them in a session of its own as
// Jupyter's kernels are.
func TestStopLeavesNothing(t *testing.T) {
	t.Parallel()
	at := start(t, "frank", "stop", shared.wrap(nil, shared.echoCommand("--child")...))
	visit(t, "frank", at)
	eventually(t, patience, func() error {
		running, err := shared.hub.Processes(at.user, at.name)
		if err != nil {
			return err
		}
		for _, program := range []string{"jhsingle-native-proxy", "echo", "trap", ": sleep 600", ": sleep 601"} {
			if !strings.Contains(fmt.Sprint(running), program) {
				return fmt.Errorf("%s should run, but these do: %v", program, running)
			}
		}
		return nil
	})
	if err := shared.hub.StopServer(t.Context(), at.user, at.name); err != nil {
		t.Fatal(err)
	}
	// Not much patience: what is to be stopped was stopped before we ended.
	if left, err := shared.hub.AwaitNoProcess(at.user, at.name, time.Second); err != nil || len(left) > 0 {
		t.Errorf("these processes are left: %v %v", left, err)
	}
}

// An app that dies comes back without anybody doing anything.
func TestKilledAppComesBack(t *testing.T) {
	t.Parallel()
	at := startEcho(t, "frank", "killed")
	session := visit(t, "frank", at)
	before := hear(t, fetch(t, session, at.prefix)).Process
	if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, patience, func() error {
		answer := fetch(t, session, at.prefix)
		if answer.Status != http.StatusOK {
			return fmt.Errorf("was answered %d: %s", answer.Status, answer.Body)
		}
		if now := hear(t, answer).Process; now == before {
			return fmt.Errorf("process %d still answers", now)
		}
		return nil
	})
}

// An app that ends by itself, with no failure, is not started again.
func TestEndedAppStaysEnded(t *testing.T) {
	t.Parallel()
	at := startEcho(t, "frank", "ended")
	session := visit(t, "frank", at)
	app := hear(t, fetch(t, session, at.prefix)).Process
	// Directly: the hub's proxy leaves its visitors waiting for the rest of an
	// answer that broke off.
	request := session.NewRequest(t.Context(), http.MethodGet, at.prefix+"exit?code=0", "")
	request.URL.Host = serviceHost(t, session, at)
	if answer, err := session.Once(request); err == nil {
		t.Errorf("an answer that broke off arrived as a whole one: %d %q", answer.Status, answer.Body)
	}
	eventually(t, patience, func() error {
		answer := fetch(t, session, at.prefix)
		if answer.Status != http.StatusServiceUnavailable || !strings.Contains(string(answer.Body), `"failed"`) {
			return fmt.Errorf("was answered %d: %s", answer.Status, answer.Body)
		}
		return nil
	})
	running, err := shared.hub.Processes(at.user, at.name)
	if err != nil {
		t.Fatal(err)
	}
	for _, process := range running {
		if process.ID == app || !strings.Contains(process.Command, "jhsingle-native-proxy") {
			t.Errorf("besides our program this runs: %v", process)
		}
	}
}
