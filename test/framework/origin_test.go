//go:build e2e

package framework

import (
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// TestOrigin opens websockets as pages do that know the server by a name that
// was nowhere said: a framework that compares Origin with its own address would
// refuse them.
func TestOrigin(t *testing.T) {
	for _, preset := range []struct{ name, app, path string }{
		{"streamlit", "streamlit_app.py", "_stcore/stream"},
		{"panel", "panel_app.py", "panel_app/ws"},
		{"bokeh", "bokeh_app.py", "bokeh_app/ws"},
		{"shiny", "shiny_app.py", "websocket/"},
		{"rshiny", "rshiny", "websocket/"},
		{"fastapi", "fastapi_app:app", "double"},
	} {
		t.Run(preset.name, func(t *testing.T) {
			t.Parallel()
			at := serve(t, "origin-"+preset.name, "run", preset.name, preset.app)
			const host = "hub.example.org"
			dialer := websocket.Dialer{
				HandshakeTimeout: 20 * time.Second,
				NetDial: func(network, _ string) (net.Conn, error) {
					return net.Dial(network, fmt.Sprintf("127.0.0.1:%d", at.port))
				},
			}
			socket, answer, err := dialer.DialContext(t.Context(), "ws://"+host+prefix+preset.path, http.Header{
				"Origin": {"http://" + host}, "Sec-Fetch-Site": {"same-origin"},
			})
			if err != nil {
				t.Fatalf("the websocket was refused: %v %v", err, answer)
			}
			must(t, socket.Close())
		})
	}
}
