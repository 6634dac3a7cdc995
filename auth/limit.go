package auth

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"

	"golang.org/x/time/rate"
)

// errLimited says that a question was not put to the hub, as too many were.
var errLimited = errors.New("too many questions to the hub on behalf of visitors without a login")

const (
	// eachRate and eachBurst bound, in questions a second and at once, what one
	// address can make us ask the hub without a login of ours: whose a token
	// is, or a code's worth. A person needs one at each login; a program one
	// for each of its tokens every few minutes.
	eachRate, eachBurst = 5, 50
	// allRate and allBurst bound all addresses together.
	allRate, allBurst = 50, 200
	// maxAddresses bounds how many addresses are told apart.
	maxAddresses = 4096
)

// limits bound how much a visitor without a login can make us ask the hub: to
// guess tokens or codes, or to flood it through us.
type limits struct {
	all *rate.Limiter

	mu   sync.Mutex
	each map[string]*rate.Limiter
}

func newLimits() *limits {
	return &limits{all: rate.NewLimiter(allRate, allBurst), each: map[string]*rate.Limiter{}}
}

// permit says whether the visitor may make us ask once more.
func (l *limits) permit(r *http.Request) bool {
	return l.of(visitorAddress(r)).Allow() && l.all.Allow()
}

func (l *limits) of(address string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	found, ok := l.each[address]
	if !ok {
		if len(l.each) >= maxAddresses {
			l.makeRoom()
		}
		found = rate.NewLimiter(eachRate, eachBurst)
		l.each[address] = found
	}
	return found
}

// makeRoom drops the addresses that have asked nothing of late, and all if
// there is none: then the common bound is what holds.
func (l *limits) makeRoom() {
	for address, limiter := range l.each {
		if limiter.Tokens() >= eachBurst {
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
