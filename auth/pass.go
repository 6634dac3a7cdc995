package auth

import (
	"context"
	"crypto/subtle"
	"net/http"
	"sync"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
)

// Pass is the gate's leave for one request. It goes with the request's
// context, is shared by all with the same login, and is good for as long as the
// hub's word on the user is.
type Pass struct {
	// Identity are the fields that tell the app who is asking; empty unless
	// they are asked for.
	Identity http.Header

	// query is the same for the query.
	query   string
	gate    *Gate
	user    *hub.User
	key     verdictKey
	token   string
	expires time.Time
}

type passKey struct{}

func withPass(r *http.Request, pass *Pass, used source) *http.Request {
	ctx := context.WithValue(r.Context(), passKey{}, pass)
	if used == fromHeader {
		ctx = context.WithValue(ctx, headerKey{}, true)
	}
	return r.WithContext(ctx)
}

type headerKey struct{}

// ByHeader says whether a request was let in by a token in its Authorization
// header, which no page can send in a visitor's name, unlike a cookie.
func ByHeader(ctx context.Context) bool { return ctx.Value(headerKey{}) != nil }

// PassOf is the leave of a request, and nil where there is no gate. A nil
// Pass has no identity and does not end.
func PassOf(ctx context.Context) *Pass {
	pass, _ := ctx.Value(passKey{}).(*Pass)
	return pass
}

// User is who was let in, as the hub told.
func (p *Pass) User() *hub.User { return p.user }

// Token is what they were let in by, with which a service can act in their name
// as far as the hub gave it leave to (oauth_client_allowed_scopes). It must be
// kept from everybody else.
func (p *Pass) Token() Secret { return Secret(p.token) }

// Ending is why a pass is not good any more.
type Ending struct {
	// Unknown says that the hub could not be asked, so that the visitor may
	// well be let in again; otherwise access has ended.
	Unknown bool
	// Reason is for the visitor.
	Reason string
}

const (
	// unansweredPause is between two tries to ask the hub again, and
	// unansweredPatience how long after its last word was good something open
	// is left so: a hub that is restarted should not end everybody's work.
	unansweredPause    = 5 * time.Second
	unansweredPatience = time.Minute
)

// Watch asks the hub again whenever its word has run out, for as long as
// something stays open, and calls ended at most once, when the visitor has to
// go. The function returned ends the watch.
func (p *Pass) Watch(ended func(Ending)) (stop func()) {
	if p == nil {
		return func() {}
	}
	w := &watch{pass: p, ended: ended, until: p.expires}
	ctx, cancel := context.WithCancel(context.Background())
	w.ctx, w.cancel = ctx, cancel
	p.gate.watches.add(w)
	w.sleep()
	return func() {
		w.end(nil)
		p.gate.watches.remove(w)
	}
}

// watch is the look after one websocket or stream.
type watch struct {
	pass   *Pass
	ended  func(Ending)
	ctx    context.Context
	cancel context.CancelFunc

	mu   sync.Mutex
	over bool
	// until is when the hub's last word ends.
	until time.Time
	timer *time.Timer
}

// sleep waits for the end of the hub's word.
func (w *watch) sleep() { w.sleepFor(w.until.Sub(w.pass.gate.now())) }

func (w *watch) sleepFor(pause time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.over {
		w.timer = time.AfterFunc(pause, w.look)
	}
}

// look asks the hub again.
func (w *watch) look() {
	gate := w.pass.gate
	found, err := gate.verdicts.find(w.ctx, w.pass.key, w.pass.token, gate.verdicts.lifetime, always)
	switch {
	case err != nil && gate.now().Sub(w.until) < unansweredPatience:
		w.sleepFor(unansweredPause)
	case err != nil:
		gate.log.Warn("something open was ended, as the hub cannot be asked whether its visitor still may", "user", w.pass.user.Name, "error", err)
		w.end(&Ending{Unknown: true, Reason: "the login could not be checked again"})
	case found.pass == nil:
		gate.log.Info("something open was ended, as its visitor has no access any more", "user", w.pass.user.Name)
		w.end(&Ending{Reason: "access has ended"})
	default:
		w.until = found.expires
		w.sleep()
	}
}

// end stops the watch, and tells why if it was not asked to.
func (w *watch) end(why *Ending) {
	w.mu.Lock()
	over := w.over
	w.over = true
	if w.timer != nil {
		w.timer.Stop()
	}
	w.mu.Unlock()
	w.cancel()
	if over || why == nil {
		return
	}
	w.pass.gate.observe(Ended)
	w.ended(*why)
}

// watches are those under way, so that a logout can end what it concerns.
type watches struct {
	mu   sync.Mutex
	open map[*watch]struct{}
}

func (s *watches) add(w *watch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[*watch]struct{}{}
	}
	s.open[w] = struct{}{}
}

func (s *watches) remove(w *watch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, w)
}

// end ends all that were let in by a token.
func (s *watches) end(token string, why Ending) {
	s.mu.Lock()
	var concerned []*watch
	for w := range s.open {
		if subtle.ConstantTimeCompare([]byte(w.pass.token), []byte(token)) == 1 {
			concerned = append(concerned, w)
		}
	}
	s.mu.Unlock()
	for _, w := range concerned {
		w.end(&why)
	}
}
