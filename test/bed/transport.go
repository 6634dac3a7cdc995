package bed

import (
	"context"
	"net"
	"net/http"
	"strings"
)

// newTransport is Go's own, and finds names below localhost where browsers do: on
// this machine (RFC 6761, section 6.3).
func newTransport() *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if name, port, err := net.SplitHostPort(address); err == nil && strings.HasSuffix(name, ".localhost") {
			address = net.JoinHostPort("127.0.0.1", port)
		}
		return dial(ctx, network, address)
	}
	return transport
}
