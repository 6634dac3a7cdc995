package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
)

// watched is a pass of ada's in a bubble of time, and what was said at its end.
type watched struct {
	gate *Gate
	pass *Pass
	stop func()
	log  strings.Builder

	mu    sync.Mutex
	asked int
	// answer is what the hub says from now on.
	answer func() (*hub.User, error)
	ended  []Ending
	at     time.Duration
}

// says changes what the hub says.
func (w *watched) says(answer func() (*hub.User, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer = answer
}

func (w *watched) ask(context.Context, string) (*hub.User, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	return w.answer()
}

// outcome is how often the hub was asked, and how it ended.
func (w *watched) outcome() (asked int, ended []Ending, after time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked, w.ended, w.at
}

func knowsAda() (*hub.User, error) { return withScope(person("ada"), "access:servers"), nil }
func isAway() (*hub.User, error)   { return nil, errors.New("away") }

func newWatched(t *testing.T) *watched {
	w := &watched{answer: knowsAda}
	w.gate = &Gate{
		log: logTo(&w.log), access: newAccess(Environment{AccessScopes: []string{"access:servers!user=ada"}}, nil, nil),
		observe: func(Outcome) {}, now: time.Now,
		verdicts: newVerdicts(hubFunc(w.ask), time.Now),
	}
	w.gate.verdicts.grant = w.gate.grant
	key := newVerdictKey("s", candidate{"token", fromHeader})
	found, err := w.gate.verdicts.find(t.Context(), key, "token", DefaultVerdictLifetime, always)
	if err != nil {
		t.Fatal(err)
	}
	w.pass = found.pass
	begun := time.Now()
	w.stop = w.pass.Watch(func(why Ending) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.ended, w.at = append(w.ended, why), time.Since(begun)
	})
	return w
}

func TestWatchGoesOnWhileAccessLasts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatched(t)
		time.Sleep(12*DefaultVerdictLifetime + time.Second)
		w.stop()
		if asked, ended, _ := w.outcome(); asked != 13 || len(ended) != 0 {
			t.Errorf("asked %d times, ended %v", asked, ended)
		}
		time.Sleep(time.Hour)
		if asked, _, _ := w.outcome(); asked != 13 || len(w.gate.watches.open) != 0 {
			t.Errorf("a watch that was stopped asked again (%d), or is remembered (%d)", asked, len(w.gate.watches.open))
		}
	})
}

func TestSecurityWatchEndsWithTheVerdict(t *testing.T) {
	for name, answer := range map[string]func() (*hub.User, error){
		"token gone": func() (*hub.User, error) { return nil, hub.ErrNoUser },
		"scope gone": func() (*hub.User, error) { return person("ada"), nil },
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWatched(t)
			w.says(answer)
			time.Sleep(time.Hour)
			w.stop()
			if _, ended, after := w.outcome(); len(ended) != 1 || ended[0].Unknown || after != DefaultVerdictLifetime {
				t.Errorf("%s: ended %v after %s", name, ended, after)
			}
		})
	}
}

func TestSecurityWatchEndsWhenTheHubStaysAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatched(t)
		w.says(isAway)
		time.Sleep(time.Hour)
		w.stop()
		if _, ended, after := w.outcome(); len(ended) != 1 || !ended[0].Unknown || after != DefaultVerdictLifetime+unansweredPatience {
			t.Errorf("ended %v after %s", ended, after)
		}
	})
}

func TestWatchSurvivesAHubThatIsRestarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatched(t)
		w.says(isAway)
		time.Sleep(DefaultVerdictLifetime + unansweredPatience/2)
		w.says(knowsAda)
		time.Sleep(time.Hour)
		w.stop()
		if _, ended, after := w.outcome(); len(ended) != 0 {
			t.Errorf("ended %v after %s", ended, after)
		}
	})
}

func TestSecurityLogoutEndsWhatIsOpenAtOnce(t *testing.T) {
	w := newWorld(t, nil)
	cookie, _ := w.signIn("ada-token", home)
	w.do("GET", home, "Cookie: "+cookie)
	ended := make(chan Ending, 1)
	stop := PassOf(w.seen.Context()).Watch(func(why Ending) { ended <- why })
	defer stop()
	w.do("GET", home+"logout", navigate, "Cookie: "+cookie)
	select {
	case why := <-ended:
		if why.Unknown || why.Reason != "signed out" {
			t.Errorf("ended %v", why)
		}
	default:
		t.Error("it is still open")
	}
}

func TestANilPassDoesNotEnd(t *testing.T) {
	PassOf(t.Context()).Watch(func(Ending) { t.Error("it ended") })()
}

func TestSecurityOnlyATokenOfTheHeaderCountsAsOne(t *testing.T) {
	pass := &Pass{user: &hub.User{Name: "ada"}, token: "secret"}
	for from, want := range map[source]bool{fromHeader: true, fromURL: false, fromCookie: false} {
		r := withPass(httptest.NewRequest(http.MethodGet, "/", nil), pass, from)
		if ByHeader(r.Context()) != want || PassOf(r.Context()) != pass {
			t.Errorf("%v: got %v", from, ByHeader(r.Context()))
		}
	}
	if pass.User().Name != "ada" || pass.Token().Reveal() != "secret" || fmt.Sprint(pass.Token()) == "secret" {
		t.Error("the pass does not tell whose it is, or tells the token to everybody")
	}
}
