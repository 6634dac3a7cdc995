package proxy

import (
	"fmt"
	"maps"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/net/http/httpguts"

	"github.com/ideonate/jhsingle-native-proxy/process"
)

// overrides are the operator's own fields for each request to the app. They
// replace what the visitor or we would say under the same name. A nil one has
// none.
type overrides struct {
	// names are those that nobody else may use, in their canonical spelling.
	names map[string]bool
	// values are by name, with {placeholders} if there are variables.
	values    map[string]string
	variables process.Variables
	// fixed says that the values have no placeholder that changes with the
	// app's start, so that last is good for ever.
	fixed bool
	last  atomic.Pointer[rendered]
}

// rendered are the fields for an app that listens at a place.
type rendered struct {
	port   int
	socket string
	host   string // empty for the visitor's
	fields []field
}

type field struct{ name, value string }

// newOverrides checks what --request-headers-override says. Without variables
// the values are taken as they are; with them, {port} and {unix_socket} are
// known, too.
func newOverrides(headers map[string]string, variables process.Variables) (*overrides, error) {
	if len(headers) == 0 {
		return nil, nil
	}
	o := &overrides{names: map[string]bool{}, values: map[string]string{}, variables: variables, fixed: true}
	for _, given := range slices.Sorted(maps.Keys(headers)) {
		name, err := headerName(given)
		if err != nil {
			return nil, err
		}
		if o.names[name] {
			return nil, fmt.Errorf("--request-headers-override has the header %q twice, in different spellings", name)
		}
		o.names[name] = true
		o.values[given] = headers[given]
		o.fixed = o.fixed && (variables == nil || !process.Uses([]string{headers[given]}, "port") && !process.Uses([]string{headers[given]}, "unix_socket"))
	}
	// Whatever is wrong with a value is wrong at every place.
	some, err := o.render(process.Status{Port: 1, Socket: "/x"})
	if err != nil {
		return nil, err
	}
	if o.fixed {
		o.last.Store(some)
	}
	return o, nil
}

// headerName returns a name in its canonical spelling, if an operator can use
// it.
func headerName(given string) (string, error) {
	if !httpguts.ValidHeaderFieldName(given) {
		return "", fmt.Errorf("--request-headers-override has %q, which is no header name: letters, digits and - are, such as X-Forwarded-Port", given)
	}
	name := plainName(given)
	switch {
	case isHopByHop(name):
		return "", fmt.Errorf("--request-headers-override has the header %q, which is about the connection or the length of the body: this program writes it by itself", given)
	case strings.HasPrefix(name, "Sec-Websocket-"):
		return "", fmt.Errorf("--request-headers-override has the header %q, which the browser and the app agree with each other by: without the browser's own there is no websocket", given)
	}
	return name, nil
}

// plainName is a name as apps read it: case does not count, and "_" is the same
// as "-" to CGI and WSGI.
func plainName(name string) string {
	return textproto.CanonicalMIMEHeaderKey(strings.ReplaceAll(name, "_", "-"))
}

// have says whether a name is the operator's, so that nobody else's may pass.
func (o *overrides) have(name string) bool {
	if o == nil {
		return false
	}
	return o.names[name] || (strings.IndexByte(name, '_') >= 0 && o.names[plainName(name)])
}

// at returns the fields for the app as it is now.
func (o *overrides) at(status func() process.Status) (*rendered, error) {
	if o == nil {
		return nil, nil
	}
	last := o.last.Load()
	if last != nil && o.fixed {
		return last, nil
	}
	now := status()
	if last != nil && last.port == now.Port && last.socket == now.Socket {
		return last, nil
	}
	fresh, err := o.render(now)
	if err == nil {
		o.last.Store(fresh)
	}
	return fresh, err
}

func (o *overrides) render(status process.Status) (*rendered, error) {
	r := &rendered{port: status.Port, socket: status.Socket}
	var variables process.Variables
	if o.variables != nil {
		variables = maps.Clone(o.variables)
		variables["port"], variables["unix_socket"] = strconv.Itoa(status.Port), status.Socket
	}
	for _, name := range slices.Sorted(maps.Keys(o.values)) {
		value := o.values[name]
		if variables != nil {
			var err error
			if value, err = variables.Render(value); err != nil {
				return nil, fmt.Errorf("--request-headers-override, header %q: %w", name, err)
			}
		}
		switch {
		case !httpguts.ValidHeaderFieldValue(value):
			return nil, fmt.Errorf("--request-headers-override gives the header %q the value %q, which has a line break or another control character", name, value)
		case !strings.EqualFold(name, "Host"):
			r.fields = append(r.fields, field{name, value})
		case value == "" || !validHost(value):
			return nil, fmt.Errorf("--request-headers-override gives the header %q the value %q: it is a name or an address and may have a port, such as localhost:8000", name, value)
		default:
			r.host = value
		}
	}
	return r, nil
}
