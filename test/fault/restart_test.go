//go:build e2e

package fault

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// kill ends the hub as a crash does: nothing is cleaned up, and the servers and
// the hub's proxy stay.
func (h *theHub) kill(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(h.folder, "pid"))
	if err != nil {
		t.Fatal(err)
	}
	process, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(process, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, patience, func() error {
		if answer, err := http.Get("http://" + h.direct(t) + "/hub/health"); err == nil {
			answer.Body.Close()
			return errors.New("the hub that was killed answers")
		}
		return nil
	})
}

// comeBack has the hub start again, and returns when it answers as before.
func (h *theHub) comeBack(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(h.folder, "again"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, 2*patience, func() error {
		answer, err := h.API(t.Context(), http.MethodGet, "/users", nil)
		if err != nil {
			return err
		}
		if answer.Status != http.StatusOK {
			return fmt.Errorf("the hub answers %d", answer.Status)
		}
		return nil
	})
}

// A hub that crashes and comes back: first with all it knew, and then, as after
// a loss of its disk, with an empty database.
func TestSecurityHubRestart(t *testing.T) {
	t.Parallel()
	hub, err := shared.startHub(t.Context(), "restarted", bed.Options{
		Program: filepath.Join(shared.Root, "test", "fault", "hub", "warden"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(hub.Close(), os.RemoveAll(hub.folder)); err != nil {
			t.Error(err)
		}
	})
	at := newStand(t, "ruth", setup{hub: hub, long: true})
	in := at.logIn(t)
	direct := at.serviceHost(t, in)

	t.Run("with its database", func(t *testing.T) {
		token := at.token(t)
		nobody, newcomer := hub.NewSession(""), hub.NewSession(at.user)
		throughProxy, past := at.openSocket(t, in), at.openSocketAt(t, in, direct)

		hub.kill(t)
		began := len(at.log(t))
		for range 10 {
			if err := errors.Join(at.isIn(t.Context(), in), throughProxy.echoes(), past.echoes()); err != nil {
				t.Fatal(err)
			}
		}
		if err := at.turnsAway(t.Context(), nobody, "Authorization", "token "+token); err != nil {
			t.Error(err)
		}
		// The login is at the hub, so there is none.
		if answer, err := newcomer.Get(t.Context(), at.prefix+deep); err != nil || answer.Status != http.StatusServiceUnavailable || len(answer.Hops) > 3 {
			t.Errorf("a newcomer ended at %v, %v", answer, err)
		}
		noNewcomer(t, at.seen(t, in))

		hub.comeBack(t)
		ended := time.Now().UTC()
		eventually(t, healing, func() error {
			return errors.Join(at.isIn(t.Context(), in), at.isIn(t.Context(), nobody, "Authorization", "token "+token))
		})
		if err := past.echoes(); err != nil {
			t.Error(err)
		}
		if err := at.openSocket(t, in).echoes(); err != nil {
			t.Error(err)
		}
		if answer, err := newcomer.Get(t.Context(), at.prefix+deep); err != nil || answer.Status != http.StatusOK || answer.URL.RequestURI() != at.prefix+deep {
			t.Errorf("a newcomer ended at %v, %v", answer, err)
		}
		at.reportsAgain(t, ended)
		at.logIsGood(t, began, "EOF", newcomer, in, token)
	})

	t.Run("with a new database", func(t *testing.T) {
		// Long enough for the hub to come back in, and to wait for.
		const lifetime = 30 * time.Second
		orphan := newStand(t, "orphan", setup{hub: hub, flags: livesFor(lifetime).flags, long: true})
		// The verdict is made between these two.
		before := time.Now()
		in := orphan.logIn(t)
		loggedIn := time.Now()
		direct := orphan.serviceHost(t, in)
		past := orphan.openSocketAt(t, in, direct)
		began := len(orphan.log(t))
		hub.kill(t)
		if err := os.Remove(filepath.Join(hub.folder, "jupyterhub.sqlite")); err != nil {
			t.Fatal(err)
		}
		hub.comeBack(t)
		// The hub knows neither our program nor its token now, and sends nobody
		// there. Who reaches it past the hub's proxy is in while their verdict
		// lives, and everybody else is nobody.
		if err := errors.Join(orphan.isInAt(t.Context(), in, direct), past.echoes()); err != nil && time.Since(before) < lifetime {
			t.Error(err)
		}
		if err := orphan.hasNoWayIn(t.Context(), hub.NewSession(orphan.user), direct); err != nil {
			t.Error(err)
		}
		eventually(t, lifetime+patience, func() error {
			asked := time.Since(loggedIn)
			answer, err := sendTo(t.Context(), in, direct, orphan.prefix+"newcomer", script()...)
			switch {
			case err != nil:
				t.Fatal(err)
			case answer.Status == http.StatusOK && asked > lifetime+time.Second:
				t.Fatalf("who was in is in after %s", asked)
			case answer.Status == http.StatusOK:
				return errors.New("still in")
			case answer.Status != http.StatusUnauthorized:
				t.Fatalf("who was in was answered %d: %.300s", answer.Status, answer.Body)
			}
			return nil
		})
		if err := past.closes(websocket.ClosePolicyViolation); err != nil {
			t.Error(err)
		}
		orphan.keepsSecrets(t, in)
		if log := orphan.log(t)[began:]; strings.Count(log, "\n") > insistence/2 {
			t.Errorf("the log grew without a bound: %s", tail(log, 5))
		}
		orphan.end(t)

		// The owner starts the server anew, and is in without clearing cookies.
		again := newStand(t, orphan.user, setup{hub: hub, long: true})
		eventually(t, healing, func() error {
			answer, err := in.Get(t.Context(), again.prefix)
			if err != nil {
				return err
			}
			if answer.Status != http.StatusOK || answer.URL.Path != again.prefix {
				return fmt.Errorf("the owner ended at %s: %d %.300s", answer.URL, answer.Status, answer.Body)
			}
			return nil
		})
		if err := again.isIn(t.Context(), in); err != nil {
			t.Error(err)
		}
	})
	at.end(t) // an orphan as well
}

// end stops a server that its hub does not know any more.
func (s *stand) end(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(s.process(t), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if left, err := s.hub.AwaitNoProcess(s.user, "", patience); err != nil || len(left) > 0 {
		t.Errorf("the orphan does not go: %v, %v", left, err)
	}
}

// isInAt is isIn past the hub's proxy.
func (s *stand) isInAt(ctx context.Context, session *bed.Session, host string) error {
	answer, err := sendTo(ctx, session, host, s.prefix+"who-is-in", script()...)
	if err != nil {
		return err
	}
	if answer.Status != http.StatusOK {
		return fmt.Errorf("who is in was answered %d: %.300s", answer.Status, answer.Body)
	}
	return nil
}

// sendTo is send past the hub's proxy.
func sendTo(ctx context.Context, session *bed.Session, host, path string, headers ...string) (*bed.Answer, error) {
	request := session.NewRequest(ctx, http.MethodGet, path, "")
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	request.URL.Host, request.Host = host, host
	return session.Once(request)
}

// hasNoWayIn checks that an orphan lets nobody in: a script is told so, and a
// person is sent to the hub, which knows no such server, and that is the end.
func (s *stand) hasNoWayIn(ctx context.Context, session *bed.Session, host string) error {
	program, err := sendTo(ctx, session, host, s.prefix+"newcomer", script("Authorization", "token "+strings.Repeat("0", 32))...)
	if err != nil {
		return err
	}
	if program.Status != http.StatusUnauthorized {
		return fmt.Errorf("a script was answered %d %.300s", program.Status, program.Body)
	}
	page, err := sendTo(ctx, session, host, s.prefix+"newcomer")
	if err != nil {
		return err
	}
	login := page.Header.Get("Location")
	if page.Status != http.StatusFound || !strings.HasPrefix(login, "/hub/api/oauth2/authorize?") {
		return fmt.Errorf("a person was answered %d, and sent to %q", page.Status, login)
	}
	end, err := session.Get(ctx, login)
	if err != nil {
		return err
	}
	if end.Status < 400 || !strings.HasPrefix(end.URL.Path, "/hub/") {
		return fmt.Errorf("a person ended at %s: %d %.300s", end.URL, end.Status, end.Body)
	}
	return nil
}
