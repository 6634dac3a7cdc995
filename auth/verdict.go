package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
)

// Outcome is what the gate decided on a request.
type Outcome string

// The outcomes. Only Allowed opens the gate.
const (
	Allowed     Outcome = "allowed"
	Anonymous   Outcome = "anonymous"
	Forbidden   Outcome = "forbidden"
	CrossOrigin Outcome = "cross_origin"
	Unavailable Outcome = "unavailable"
)

const (
	// positiveAge is how long a user found is trusted; it is the hub's own
	// figure (services/auth.py, cache_max_age: 300 s).
	positiveAge = 5 * time.Minute
	// negativeAge is shorter, so that a token just made works soon.
	negativeAge = 30 * time.Second
	// maxVerdicts bounds the cache, at some 300 bytes each.
	maxVerdicts = 4096
	// hubTimeout bounds one question to the hub.
	hubTimeout = 20 * time.Second
)

// whoami is what the cache asks: hub.Client in a real program.
type whoami interface {
	Whoami(ctx context.Context, token string) (*hub.User, error)
}

// verdictKey names a token within a hub session. The session is part of it so
// that the hub's logout, which changes the session, is felt at once; the
// token is hashed so that memory holds no secret longer than needed.
type verdictKey [sha256.Size]byte

func newVerdictKey(session, token string) verdictKey {
	buffer := make([]byte, 0, 256)
	buffer = append(buffer, session...)
	// A NUL stands in no cookie and no token that we accept.
	buffer = append(buffer, 0)
	buffer = append(buffer, token...)
	return sha256.Sum256(buffer)
}

type verdict struct {
	// user is nil where the hub knows nobody.
	user    *hub.User
	expires time.Time
}

// verdicts remembers whose tokens are whose: bounded, short, and with one
// question under way for each key, however many requests wait for it.
type verdicts struct {
	hub    whoami
	now    func() time.Time
	flight singleflight.Group

	mu    sync.RWMutex
	known map[verdictKey]verdict
}

func newVerdicts(asked whoami, now func() time.Time) *verdicts {
	return &verdicts{hub: asked, now: now, known: map[verdictKey]verdict{}}
}

// user returns who holds the token, asking the hub if need be, and nil if
// nobody does. An error means that the hub did not answer the question.
func (v *verdicts) user(ctx context.Context, session, token string) (*hub.User, error) {
	key := newVerdictKey(session, token)
	if found, ok := v.recall(key); ok {
		return found.user, nil
	}

	// The question outlives the visitor who asked it first: others wait for
	// the same answer.
	answer := v.flight.DoChan(string(key[:]), func() (any, error) {
		// Between our look and our turn, the flight before can have landed.
		if found, ok := v.recall(key); ok {
			return found.user, nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), hubTimeout)
		defer cancel()
		user, err := v.hub.Whoami(ctx, token)
		switch {
		case errors.Is(err, hub.ErrNoUser):
			v.remember(key, verdict{nil, v.now().Add(negativeAge)})
			return (*hub.User)(nil), nil
		case err != nil:
			return nil, err
		}
		v.remember(key, verdict{user, v.now().Add(positiveAge)})
		return user, nil
	})
	select {
	case result := <-answer:
		if result.Err != nil {
			return nil, result.Err
		}
		return result.Val.(*hub.User), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// recall returns what is known of a key and has not expired.
func (v *verdicts) recall(key verdictKey) (verdict, bool) {
	v.mu.RLock()
	found, ok := v.known[key]
	v.mu.RUnlock()
	return found, ok && v.now().Before(found.expires)
}

// learn puts a user into the cache whom the hub has just named.
func (v *verdicts) learn(session, token string, user *hub.User) {
	v.remember(newVerdictKey(session, token), verdict{user, v.now().Add(positiveAge)})
}

// forget drops what is known of a token, as at a logout.
func (v *verdicts) forget(session, token string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.known, newVerdictKey(session, token))
}

func (v *verdicts) remember(key verdictKey, found verdict) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, ok := v.known[key]; !ok && len(v.known) >= maxVerdicts {
		v.makeRoom()
	}
	v.known[key] = found
}

// makeRoom drops what has expired, then negative verdicts, then anything: a
// flood of made-up tokens must not push out the people who are in.
func (v *verdicts) makeRoom() {
	now := v.now()
	for key, old := range v.known {
		if !now.Before(old.expires) {
			delete(v.known, key)
		}
	}
	for key, old := range v.known {
		if len(v.known) < maxVerdicts {
			return
		}
		if old.user == nil {
			delete(v.known, key)
		}
	}
	for key := range v.known {
		if len(v.known) < maxVerdicts {
			return
		}
		delete(v.known, key)
	}
}
