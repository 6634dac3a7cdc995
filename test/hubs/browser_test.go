//go:build hubs

package hubs

import (
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// scene is what visit.mjs is told.
type scene struct {
	// URL is the page to come to, Home the server's own.
	URL      string `json:"url"`
	Home     string `json:"home"`
	User     string `json:"user"`
	Password string `json:"password"`
	Output   string `json:"output"`
}

// sight is what it reports.
type sight struct {
	Complaints []struct{ Kind, Text, URL string }

	// URL and Text are of the app's page, at the end of the login.
	URL, Text string
	// Asked says that the hub wanted to know whether the server may know who
	// its visitor is.
	Asked bool
	// Echo came back over the websocket, EchoAfter after the logout.
	Echo, EchoAfter string
	// LoggedOut is where the logout ended, Last where the app's page then led.
	LoggedOut, Last string
}

func browserOwner(t *testing.T, h *hub) {
	if saw := visit(t, h, "alice", h.home); saw.Asked {
		t.Error("the hub asked the owner for a leave")
	}
}

// A name with all that is spelled otherwise in paths and cookies: how these are
// compared, only a browser knows.
func browserName(t *testing.T, h *hub) {
	const name = "zoé 李 ~a.b+c@example.org"
	h.start(t, escape(name), "lab", bed.Server{})
	if saw := visit(t, h, name, bed.Prefix(escape(name), "lab")); saw.Asked {
		t.Error("the hub asked the owner for a leave")
	}
}

// Who is not the owner is asked by the hub.
func browserGuest(t *testing.T, h *hub) {
	if saw := visit(t, h, "boss", h.lab); !saw.Asked {
		t.Error("the hub did not ask the guest for a leave")
	}
}

func browserShare(t *testing.T, h *hub) {
	const share = "/shares/alice/lab"
	call(t, h, http.MethodPost, share, map[string]string{"user": "clara"}, http.StatusOK)
	defer call(t, h, http.MethodDelete, share, nil, http.StatusNoContent)
	if saw := visit(t, h, "clara", h.lab); !saw.Asked {
		t.Error("the hub did not ask the guest for a leave")
	}
}

// visit sends a user with a real Chromium to a page deep in a server.
func visit(t *testing.T, h *hub, user, prefix string) sight {
	t.Helper()
	defer h.turns.take()()
	tell := scene{
		URL: h.URL + prefix + deep, Home: h.URL + prefix, User: user, Password: h.Password,
		Output: filepath.Join(filepath.Dir(h.LogFile), "browser"),
	}
	// The scenario bounds each of its steps by a minute.
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	var saw sight
	if err := h.bed.Browse(ctx, "test/hubs/visit.mjs", tell, &saw); err != nil {
		t.Fatalf("%v\n%s", err, h.LogTail(30))
	}
	if saw.URL != tell.URL {
		t.Errorf("the login ended at %s, not at %s", saw.URL, tell.URL)
	}
	var heard struct{ URI string }
	if err := json.Unmarshal([]byte(saw.Text), &heard); err != nil || heard.URI != "/"+deep {
		t.Errorf("the app's page shows another address than /%s: %s", deep, saw.Text)
	}
	if saw.Echo != "grüezi" {
		t.Errorf("the websocket echoed %q", saw.Echo)
	}
	if login := h.URL + "/hub/login"; !strings.HasPrefix(saw.LoggedOut, login) || !strings.HasPrefix(saw.Last, login) {
		t.Errorf("the logout ended at %s, and the page then led to %s", saw.LoggedOut, saw.Last)
	}
	if saw.EchoAfter != "refused" {
		t.Errorf("after the logout the websocket said %q", saw.EchoAfter)
	}
	for _, complaint := range saw.Complaints {
		// A browser puts a refused websocket on the console.
		if strings.HasPrefix(complaint.URL, tell.Home) && !strings.Contains(complaint.Text, "WebSocket") {
			t.Errorf("the browser complains of %s: %s %s", complaint.URL, complaint.Kind, complaint.Text)
		}
	}
	return saw
}
