//go:build hubs

package hubs

import (
	"context"
	"crypto/rand"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// patience is the bound of every wait for something that should take moments.
const patience = 2 * time.Minute

// hub is a hub of one version, on which alice runs her default server and one
// called lab.
type hub struct {
	*bed.Hub
	major int
	// command starts the echo app below our program, with these flags of ours.
	command func(flags ...string) bed.Server
	// robot is the token of a service that may enter every server, where the
	// hub knows scopes.
	robot string
	// powerless is the token of a service that may enter none.
	powerless string
	// home and lab are the prefixes of alice's servers.
	home, lab string
	bed       *bed.Bed
	turns     turns
	// said is what the check under way has to say beside that it passed.
	said string
}

// note puts a text into the table in place of "ok".
func (h *hub) note(text string) { h.said = text }

// lacks says in the table what the hub is without. What it does instead must
// have been checked.
func (h *hub) lacks(what string) { h.note("n/a: " + what) }

// turns bounds how much heavy work, a hub's start or a browser, goes on at once
// over all hubs: on a few cores each would only make the others late.
type turns chan struct{}

// take waits for a turn, which ends with give.
func (t turns) take() (give func()) {
	t <- struct{}{}
	return func() { <-t }
}

// startHub builds and starts a hub, and stops it when the test ends.
func startHub(t *testing.T, ready *bed.Bed, turns turns, version, proxy, echo string) *hub {
	t.Helper()
	defer turns.take()()
	// Longer than the hub needs on a machine of two cores with a cold cache.
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	setup := exec.CommandContext(ctx, filepath.Join(ready.Root, "test", "hubs", "setup"), version)
	setup.Stdout, setup.Stderr = os.Stderr, os.Stderr
	if err := setup.Run(); err != nil {
		t.Fatalf("test/hubs/setup %s: %v", version, err)
	}
	text, _, _ := strings.Cut(version, ".")
	major, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	h := &hub{
		major: major,
		robot: rand.Text(),
		command: func(flags ...string) bed.Server {
			command := append([]string{proxy}, flags...)
			return bed.Server{Command: append(command, "--", echo, "--port={port}")}
		},
		home:  bed.Prefix("alice", ""),
		lab:   bed.Prefix("alice", "lab"),
		bed:   ready,
		turns: turns,
	}
	h.powerless = rand.Text()
	options := bed.Options{
		Output:  filepath.Join(ready.Root, "test", "output", "hubs", version),
		Program: filepath.Join(ready.Root, ".cache", "hubs", version, "bin", "jupyterhub"),
		Config:  filepath.Join(ready.Root, "test", "hubs", "jupyterhub_config.py"),
		Environment: []string{
			"HUBS_ROBOT_TOKEN=" + h.robot,
			"HUBS_POWERLESS_TOKEN=" + h.powerless,
		},
		PlainForms: major < 4,
		Server:     h.command(),
	}
	for attempt := 1; ; attempt++ {
		if h.Hub, err = ready.StartHub(ctx, options); err == nil {
			break
		}
		if attempt == 3 || !portTaken(err) {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	h.mustBe(t, version)
	for _, user := range []string{"bob", "boss", "carol", "clara"} {
		if err := h.AddUser(ctx, user); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"", "lab"} {
		h.start(t, "alice", name, bed.Server{})
	}
	return h
}

// portTaken says whether a hub, or its proxy, found one of its ports taken: that
// it was free is an observation of some seconds ago, and a busy machine opens
// many connections in that time, each from a port of its own.
func portTaken(err error) bool {
	return strings.Contains(err.Error(), "Address already in use") || strings.Contains(err.Error(), "EADDRINUSE")
}

// start starts a user's server.
func (h *hub) start(t *testing.T, user, name string, server bed.Server) {
	t.Helper()
	if err := h.StartServer(t.Context(), user, name, server); err != nil {
		t.Fatal(err)
	}
	h.awaitApp(t, user, bed.Prefix(user, name))
}

// awaitApp waits until the app is up, which it may be a moment after the hub
// calls the server ready: until then visitors get a waiting page.
func (h *hub) awaitApp(t *testing.T, user, prefix string) {
	t.Helper()
	program, token := h.NewSession(""), newToken(t, h, user)
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		answer := fetch(t, program, prefix, token)
		if answer.Status != http.StatusServiceUnavailable {
			return // what else it is, the checks judge
		}
		if time.Now().After(deadline) {
			t.Fatalf("the app at %s does not come up: %s\n%s", prefix, text(answer), h.LogTail(30))
		}
	}
}

// mustBe makes sure that the hub is of the version that the table says.
func (h *hub) mustBe(t *testing.T, version string) {
	t.Helper()
	answer, err := h.API(t.Context(), http.MethodGet, "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	var info struct{ Version string }
	if err := answer.JSON(&info); err != nil || info.Version != version {
		t.Fatalf("the hub says that it is %q (%v), not %s", info.Version, err, version)
	}
}
