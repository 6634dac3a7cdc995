package web

import (
	"net/http"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
)

// health says whether the service can be used. It is open to everybody, so it
// says no more.
func (s *site) health(w http.ResponseWriter, r *http.Request) {
	status, word := http.StatusOK, "ok"
	if s.Health != nil {
		if err := s.Health(r.Context()); err != nil {
			s.Log.Warn("the service is not healthy", "error", err)
			status, word = http.StatusServiceUnavailable, "unavailable"
		}
	}
	writeJSON(w, api.JSON, status, map[string]string{"status": word, "version": s.Version})
}
