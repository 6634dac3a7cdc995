package process

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// listener is a socket on which a process waits for connections.
type listener struct {
	addr  netip.AddrPort // or the zero value
	path  string         // of a unix socket; one that begins with @ is abstract
	inode uint64
	user  int // -1 where that is not known
}

// at says whether connections to the place arrive at the listener: to either
// loopback address, unless the place has one of them.
func (l listener) at(p place) bool {
	if p.socket != "" || l.path != "" {
		return l.path == p.socket
	}
	if int(l.addr.Port()) != p.port {
		return false
	}
	addr := l.addr.Addr()
	for _, host := range []netip.Addr{netip.MustParseAddr(loopback), netip.MustParseAddr(loopback6)} {
		// An IPv6 socket for all addresses takes IPv4, too (ipv6(7)).
		takes := addr == host || (addr.IsUnspecified() && (addr.Is6() || host.Is4()))
		if takes && (p.host == "" || p.host == host.String()) {
			return true
		}
	}
	return false
}

func (l listener) String() string {
	if l.path != "" {
		return "the unix socket " + l.path
	}
	port := "port " + strconv.Itoa(int(l.addr.Port()))
	if l.addr.Addr().IsUnspecified() {
		return port
	}
	return port + " of " + l.addr.Addr().String()
}

// info is what is known of a process.
type info struct {
	pid, parent, group int
	state              byte
	name               string
}

func (p info) String() string { return fmt.Sprintf("process %d (%s)", p.pid, p.name) }

// hint looks what an app does that takes long to start, and says it in the
// status; in the log, too, if it is something new.
func (r *run) hint() {
	hint := r.explainPlace()
	if hint == "" || hint == r.Status().Hint {
		return
	}
	r.change(func(s *Status) { s.Hint = hint })
	r.config.Log.Warn("the app takes long to be ready: "+hint, "expected_at", r.at.String())
}

// explainPlace says where the app listens instead of where it should. It is
// empty if that is not known, or right.
func (r *run) explainPlace() string {
	family := r.family()
	if len(family) == 0 {
		return ""
	}
	return explainListeners(r.at, heldBy(family), r.uses("port") || r.config.Port != 0)
}

// explainListeners compares where an app should listen with where it does. A
// port that nobody told the app can only be guessed by it.
func explainListeners(want place, have []listener, told bool) string {
	if len(have) == 0 {
		return "it does not listen on any port yet"
	}
	var elsewhere, sockets, wrong []string
	for _, l := range have {
		switch {
		case l.at(want):
			return ""
		case l.path != "":
			sockets = append(sockets, l.String())
		case want.socket == "" && int(l.addr.Port()) == want.port:
			wrong = append(wrong, l.addr.Addr().String())
		default:
			elsewhere = append(elsewhere, l.String())
		}
	}
	switch {
	case len(wrong) > 0:
		return fmt.Sprintf("it listens on %s, but only on the address %s: let it listen on 127.0.0.1", want, list(wrong))
	case want.socket != "":
		return fmt.Sprintf("it listens on %s, but not on %s: give it the path by {unix_socket}", list(append(elsewhere, sockets...)), want)
	case len(elsewhere) == 0:
		return fmt.Sprintf("it listens on %s, but not on %s: give it the port by {port}, or say that it listens on a unix socket (--unix-socket)", list(sockets), want)
	case !told:
		return fmt.Sprintf("it listens on %s, but was not told to listen on %s: put {port} into the command, or name the app's own port by --destport", list(elsewhere), want)
	}
	return fmt.Sprintf("it listens on %s, but not on %s: put {port} into the command where the app takes its port, or name the app's own port by --destport", list(elsewhere), want)
}

// list joins what is said, each once, in order.
func list(texts []string) string {
	slices.Sort(texts)
	return strings.Join(slices.Compact(texts), ", ")
}

// strangerError says that it is not the app who answers at its place.
type strangerError struct {
	place place
	who   string
}

func (e strangerError) Error() string {
	return fmt.Sprintf("at %s, %s answers in the place of the app, and gets no requests", e.place, e.who)
}
