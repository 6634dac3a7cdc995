package main

import (
	"errors"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

// websocket sends a report of the handshake and then every message back. With
// ?protocol=x it settles on that subprotocol if it is offered; with
// ?close=4321&reason=enough it closes like that after the first message.
func (a *app) websocket(w http.ResponseWriter, r *http.Request) {
	hello := a.about(r)
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	if protocol := r.URL.Query().Get("protocol"); protocol != "" {
		upgrader.Subprotocols = []string{protocol}
	}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		a.remember("no websocket: %v", err)
		return
	}
	defer conn.Close()
	if err := conn.WriteJSON(hello); err != nil {
		return
	}
	for {
		kind, message, err := conn.ReadMessage()
		if closed := (*websocket.CloseError)(nil); errors.As(err, &closed) {
			a.remember("websocket closed %d %s", closed.Code, closed.Text)
			return
		}
		if err != nil {
			a.remember("websocket broke off: %v", err)
			return
		}
		if code := number(r, "close", 0); code != 0 {
			frame := websocket.FormatCloseMessage(code, r.URL.Query().Get("reason"))
			_ = conn.WriteControl(websocket.CloseMessage, frame, time.Now().Add(5*time.Second))
			return
		}
		if err := conn.WriteMessage(kind, message); err != nil {
			return
		}
	}
}
