//go:build e2e

package dropin

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
)

// hubStub writes down what a server tells its hub of activity. For logins there
// is a real hub.
type hubStub struct {
	server *httptest.Server

	mutex   sync.Mutex
	reports []map[string]any // the "servers" of each
}

func newHubStub() *hubStub {
	h := &hubStub{}
	h.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"version": "6.1.1"}`))
			return
		}
		var sent struct{ Servers map[string]any }
		if json.NewDecoder(r.Body).Decode(&sent) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		h.mutex.Lock()
		defer h.mutex.Unlock()
		h.reports = append(h.reports, sent.Servers)
	}))
	return h
}

func (h *hubStub) url() string { return h.server.URL }
func (h *hubStub) close()      { h.server.Close() }

// last is the last report's servers, and how many reports there were.
func (h *hubStub) last() (servers map[string]any, count int) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if len(h.reports) == 0 {
		return nil, 0
	}
	return h.reports[len(h.reports)-1], len(h.reports)
}
