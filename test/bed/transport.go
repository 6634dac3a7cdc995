package bed

import (
	"context"
	"net"
	"net/http"
	"strings"
	"time"
)

// KeepAlive is how long connections to a hub may be idle. Its proxy closes them
// after 5 s (Node's keepAliveTimeout), and a request that meets that is not
// repeated by Go if it changes something.
const KeepAlive = time.Second

// newTransport is Go's own, and finds names below localhost where browsers do: on
// this machine (RFC 6761, section 6.3).
func newTransport() *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.IdleConnTimeout = KeepAlive
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if name, port, err := net.SplitHostPort(address); err == nil && strings.HasSuffix(name, ".localhost") {
			address = net.JoinHostPort("127.0.0.1", port)
		}
		return dial(ctx, network, address)
	}
	return transport
}
