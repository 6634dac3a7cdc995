package auth

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
)

// hubFunc answers Whoami.
type hubFunc func(ctx context.Context, token string) (*hub.User, error)

func (f hubFunc) Whoami(ctx context.Context, token string) (*hub.User, error) { return f(ctx, token) }

func (v *verdicts) user(ctx context.Context, session, token string) (*hub.User, error) {
	found, err := v.find(ctx, newVerdictKey(session, candidate{token, fromHeader}), token, v.lifetime, always)
	return found.user, err
}

func TestVerdictIsCachedUntilItExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		v := newVerdicts(hubFunc(func(context.Context, string) (*hub.User, error) {
			calls++
			return &hub.User{Name: "ada"}, nil
		}), time.Now)
		for range 3 {
			if user, err := v.user(t.Context(), "s", "token"); err != nil || user.Name != "ada" {
				t.Fatalf("got %v, %v", user, err)
			}
		}
		if calls != 1 {
			t.Errorf("%d calls for three requests, want 1", calls)
		}
		time.Sleep(DefaultVerdictLifetime + time.Second)
		if _, err := v.user(t.Context(), "s", "token"); err != nil || calls != 2 {
			t.Errorf("after it expired: %d calls, %v", calls, err)
		}
	})
}

func TestSecurityLogoutIsFeltAtOnceAsTheSessionIsPartOfTheKey(t *testing.T) {
	calls := 0
	v := newVerdicts(hubFunc(func(context.Context, string) (*hub.User, error) {
		if calls++; calls > 1 {
			return nil, hub.ErrNoUser
		}
		return &hub.User{Name: "ada"}, nil
	}), time.Now)
	if user, _ := v.user(t.Context(), "before", "token"); user == nil {
		t.Fatal("not let in")
	}
	if user, _ := v.user(t.Context(), "after", "token"); user != nil {
		t.Error("the verdict of one session was used for another")
	}
}

func TestManyRequestsAskTheHubOnce(t *testing.T) {
	var calls atomic.Int32
	release := make(chan struct{})
	v := newVerdicts(hubFunc(func(context.Context, string) (*hub.User, error) {
		calls.Add(1)
		<-release
		return &hub.User{Name: "ada"}, nil
	}), time.Now)
	var all sync.WaitGroup
	for range 1000 {
		all.Go(func() {
			if user, err := v.user(t.Context(), "s", "token"); err != nil || user == nil {
				t.Errorf("got %v, %v", user, err)
			}
		})
	}
	for calls.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	close(release)
	all.Wait()
	if calls.Load() != 1 {
		t.Errorf("%d calls, want 1", calls.Load())
	}
}

func TestAVisitorWhoGoesDoesNotFailTheOthers(t *testing.T) {
	started, release := make(chan struct{}), make(chan struct{})
	v := newVerdicts(hubFunc(func(ctx context.Context, _ string) (*hub.User, error) {
		close(started)
		<-release
		return &hub.User{Name: "ada"}, ctx.Err()
	}), time.Now)
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		_, err := v.user(ctx, "s", "token")
		first <- err
	}()
	<-started
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(release)
	if user, err := v.user(t.Context(), "s", "token"); err != nil || user == nil {
		t.Errorf("got %v, %v", user, err)
	}
}

// A hub that is down is not asked about a token more than once a second, and
// asked again soon.
func TestAFaultOfTheHubIsRememberedForAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		v := newVerdicts(hubFunc(func(context.Context, string) (*hub.User, error) {
			if calls++; calls == 1 {
				return nil, hub.ErrUnavailable
			}
			return &hub.User{Name: "ada"}, nil
		}), time.Now)
		for range 100 {
			if _, err := v.user(t.Context(), "s", "token"); !errors.Is(err, hub.ErrUnavailable) {
				t.Fatalf("got %v", err)
			}
		}
		if calls != 1 {
			t.Errorf("%d calls, want 1", calls)
		}
		time.Sleep(failureAge)
		if user, err := v.user(t.Context(), "s", "token"); err != nil || user == nil {
			t.Errorf("got %v, %v", user, err)
		}
	})
}

func TestSecurityCacheIsBoundedAndMadeUpTokensPushNobodyOut(t *testing.T) {
	v := newVerdicts(hubFunc(func(_ context.Context, token string) (*hub.User, error) {
		if token == "real" {
			return &hub.User{Name: "ada"}, nil
		}
		return nil, hub.ErrNoUser
	}), time.Now)
	if _, err := v.user(t.Context(), "s", "real"); err != nil {
		t.Fatal(err)
	}
	for i := range DefaultVerdictCacheSize + 100 {
		if _, err := v.user(t.Context(), "s", fmt.Sprint("made up ", i)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(v.known); n > DefaultVerdictCacheSize {
		t.Errorf("%d verdicts, want at most %d", n, DefaultVerdictCacheSize)
	}
	if v.known[newVerdictKey("s", candidate{"real", fromHeader})].user == nil {
		t.Error("the real user was pushed out")
	}
}

func TestSecurityVerdictKeyTellsSessionFromToken(t *testing.T) {
	if newVerdictKey("ab", candidate{"c", fromHeader}) == newVerdictKey("a", candidate{"bc", fromHeader}) {
		t.Error("two pairs share a key")
	}
	if newVerdictKey("s", candidate{"x", fromCookie}) == newVerdictKey("s", candidate{"x", fromHeader}) {
		t.Error("a cookie is as good as a token")
	}
}
