//go:build hubs

package hubs

import (
	"net/http"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// What a visitor does reaches the hub with the next report. The server is one
// that nothing else uses, and reports nothing by itself.
func activityArrives(t *testing.T, h *hub) {
	server := h.command("--last-activity-interval=2", "--no-force-alive")
	for _, name := range []string{"", "used"} {
		h.start(t, "dora", name, server)
		prefix := bed.Prefix("dora", name)
		session := h.NewSession("dora")
		enter(t, h, session, prefix)
		// The hub keeps microseconds.
		before := time.Now().UTC().Truncate(time.Millisecond)
		want(t, h, fetch(t, session, prefix, ""), http.StatusOK)
		awaitActivity(t, h, name, before)
	}
}

func awaitActivity(t *testing.T, h *hub, name string, after time.Time) {
	t.Helper()
	var last time.Time
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		model, err := h.Server(t.Context(), "dora", name)
		if err != nil {
			t.Fatal(err)
		}
		if last = model.LastActivity; !last.Before(after) {
			return
		}
	}
	t.Errorf("the hub says the last activity of server %q was at %s, before %s\n%s", name, last, after, h.LogTail(30))
}
