package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
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
	// Limited is a request that would have made us ask the hub too often.
	Limited Outcome = "limited"
	// Ended is a websocket or a stream whose access went while it was open.
	Ended Outcome = "ended"
)

// Outcomes are all of them.
func Outcomes() []Outcome {
	return []Outcome{Allowed, Anonymous, Forbidden, CrossOrigin, Unavailable, Limited, Ended}
}

const (
	// DefaultVerdictLifetime is how long the hub's word on a user is trusted;
	// it is the hub's own figure (services/auth.py, cache_max_age: 300 s).
	DefaultVerdictLifetime = 5 * time.Minute
	// DefaultVerdictCacheSize bounds how many verdicts are remembered, at some
	// 300 bytes each.
	DefaultVerdictCacheSize = 4096
	// negativeAge is short, so that a token just made works soon.
	negativeAge = 30 * time.Second
	// failureAge is how long a hub that gave no answer on a token is left in
	// peace about it: those who wait must not keep it from getting up.
	failureAge = time.Second
	// hubTimeout bounds one question to the hub.
	hubTimeout = 20 * time.Second
)

// whoami is what the cache asks: hub.Client in a real program.
type whoami interface {
	Whoami(ctx context.Context, token string) (*hub.User, error)
}

// verdictKey names a credential, as it was sent, within a hub session. The
// session is part of it so that the hub's logout, which changes the session, is
// felt at once. A sealed cookie is named as it is: who sends the same bytes
// again need not have them opened again.
type verdictKey [sha256.Size]byte

func newVerdictKey(session string, sent candidate) verdictKey {
	buffer := make([]byte, 0, 512)
	buffer = append(buffer, session...)
	// A NUL stands in no cookie and no token that we accept.
	buffer = append(buffer, 0)
	if sent.from == fromCookie {
		buffer = append(buffer, 'c') // a cookie is not good for a token
	}
	buffer = append(buffer, 0)
	buffer = append(buffer, sent.text...)
	return sha256.Sum256(buffer)
}

type verdict struct {
	// user is nil where the hub knows nobody, and where it gave no answer.
	user *hub.User
	// err is why there is no answer.
	err     error
	expires time.Time
	// token is the one asked about.
	token string
	// pass is the user's, and nil if they may not enter.
	pass *Pass
}

// verdicts remembers whose tokens are whose: bounded, short, and with one
// question under way for each key, however many requests wait for it.
type verdicts struct {
	hub      whoami
	lifetime time.Duration
	size     int
	// grant makes the pass of a user; nil if they may not enter.
	grant func(key verdictKey, found verdict) *Pass
	// heard is told of each question's fate; nil if the hub answered.
	heard  func(error)
	now    func() time.Time
	flight singleflight.Group

	mu    sync.RWMutex
	known map[verdictKey]verdict
}

func newVerdicts(asked whoami, now func() time.Time) *verdicts {
	return &verdicts{
		hub: asked, lifetime: DefaultVerdictLifetime, size: DefaultVerdictCacheSize, now: now,
		grant: func(verdictKey, verdict) *Pass { return nil },
		heard: func(error) {},
		known: map[verdictKey]verdict{},
	}
}

// find returns the verdict on a token, asking the hub if need be and if permit
// agrees; a user found is trusted for lifetime. An error means that the question has no answer: errLimited, or what
// kept the hub from giving one.
func (v *verdicts) find(ctx context.Context, key verdictKey, token string, lifetime time.Duration, permit func() bool) (verdict, error) {
	if found, ok := v.recall(key); ok {
		return found, found.err
	}

	// The question outlives the visitor who asked it first: others wait for
	// the same answer.
	answer := v.flight.DoChan(string(key[:]), func() (any, error) {
		// Between our look and our turn, the flight before can have landed.
		if found, ok := v.recall(key); ok {
			return found, found.err
		}
		if !permit() {
			return verdict{}, errLimited
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), hubTimeout)
		defer cancel()
		user, err := v.hub.Whoami(ctx, token)
		found := verdict{token: token}
		switch {
		case errors.Is(err, hub.ErrNoUser):
			v.heard(nil)
			found.expires = v.now().Add(min(negativeAge, lifetime))
		case err != nil:
			v.heard(err)
			found.err, found.expires = err, v.now().Add(failureAge)
		default:
			v.heard(nil)
			found.user, found.expires = user, v.now().Add(lifetime)
			found.pass = v.grant(key, found)
		}
		v.remember(key, found)
		return found, found.err
	})
	select {
	case result := <-answer:
		return result.Val.(verdict), result.Err
	case <-ctx.Done():
		return verdict{}, ctx.Err()
	}
}

// recall returns what is known of a key and has not expired.
func (v *verdicts) recall(key verdictKey) (verdict, bool) {
	v.mu.RLock()
	found, ok := v.known[key]
	v.mu.RUnlock()
	return found, ok && v.now().Before(found.expires)
}

// forget drops what is known of a token, as at a logout.
func (v *verdicts) forget(token string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for key, old := range v.known {
		if subtle.ConstantTimeCompare([]byte(old.token), []byte(token)) == 1 {
			delete(v.known, key)
		}
	}
}

func (v *verdicts) remember(key verdictKey, found verdict) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, ok := v.known[key]; !ok && len(v.known) >= v.size {
		v.makeRoom()
	}
	v.known[key] = found
}

// makeRoom drops what has expired, then what names nobody, then anything: a
// flood of made-up tokens must not push out the people who are in.
func (v *verdicts) makeRoom() {
	now := v.now()
	for key, old := range v.known {
		if !now.Before(old.expires) {
			delete(v.known, key)
		}
	}
	for key, old := range v.known {
		if len(v.known) < v.size {
			return
		}
		if old.user == nil {
			delete(v.known, key)
		}
	}
	for key := range v.known {
		if len(v.known) < v.size {
			return
		}
		delete(v.known, key)
	}
}
