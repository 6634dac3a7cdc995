package auth

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// errLimited says that a question was not put to the hub, as too many were.
var errLimited = errors.New("too many questions to the hub on behalf of visitors without a login")

// allowance is how many questions a second are allowed, and how many at once.
type allowance struct {
	rate  rate.Limit
	burst int
}

// What one address can make us ask the hub without a login of ours, and all
// together. A program needs one question for each of its tokens every few
// minutes. A person needs one at each login; a class that follows a link, or all
// people where something before the hub hides their addresses, log in at once.
func tokenLimits() *limits { return newLimits(allowance{5, 50}, allowance{50, 200}) }
func loginLimits() *limits { return newLimits(allowance{20, 200}, allowance{100, 400}) }

// maxAddresses bounds how many addresses are told apart.
const maxAddresses = 4096

// limits bound how much a visitor without a login can make us ask the hub: to
// guess tokens or codes, or to flood it through us.
type limits struct {
	one allowance
	all *rate.Limiter

	mu   sync.Mutex
	each map[string]*rate.Limiter
}

func newLimits(one, all allowance) *limits {
	return &limits{one: one, all: rate.NewLimiter(all.rate, all.burst), each: map[string]*rate.Limiter{}}
}

// permit says whether the visitor may make us ask once more.
func (l *limits) permit(r *http.Request, now time.Time) bool {
	return l.of(visitorAddress(r), now).AllowN(now, 1) && l.all.AllowN(now, 1)
}

func (l *limits) of(address string, now time.Time) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	found, ok := l.each[address]
	if !ok {
		if len(l.each) >= maxAddresses {
			l.makeRoom(now)
		}
		found = rate.NewLimiter(l.one.rate, l.one.burst)
		l.each[address] = found
	}
	return found
}

// makeRoom drops the addresses that have asked nothing of late, and all if
// there is none: then the common bound is what holds.
func (l *limits) makeRoom(now time.Time) {
	for address, limiter := range l.each {
		if limiter.TokensAt(now) >= float64(l.one.burst) {
			delete(l.each, address)
		}
	}
	if len(l.each) >= maxAddresses {
		clear(l.each)
	}
}

// visitorAddress is the address nearest to us that is not that of the hub's
// proxy: the last of X-Forwarded-For, which that proxy appends, else the
// connection's. It is good for telling visitors apart, and for no more.
func visitorAddress(r *http.Request) string {
	if lines := r.Header["X-Forwarded-For"]; len(lines) > 0 {
		last := lines[len(lines)-1]
		if address := strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:]); net.ParseIP(address) != nil {
			return address
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
