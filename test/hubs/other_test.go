//go:build hubs

package hubs

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// Since hub 2 the admin role has access:servers; before, admin_access said so.
func adminEnters(t *testing.T, h *hub) {
	boss := h.NewSession("boss")
	enter(t, h, boss, h.home+deep)
	enter(t, h, boss, h.lab)
	want(t, h, fetch(t, h.NewSession(""), h.home, newToken(t, h, "boss")), http.StatusOK)
}

// Bob has an account of the hub, but no right to alice's servers. Hubs since 2
// turn him away themselves, older ones leave that to us.
func strangerStaysOut(t *testing.T, h *hub) {
	for _, prefix := range []string{h.home, h.lab} {
		bob := h.NewSession("bob")
		if answer := get(t, bob, prefix+unseenMark+"bob-navigates"); answer.Status != http.StatusForbidden {
			t.Errorf("bob was answered %d at %s: %s\n%s", answer.Status, answer.URL, text(answer), strings.Join(answer.Hops, "\n"))
		} else {
			t.Logf("bob was answered 403 at %s", answer.URL.Path)
		}
		if answer := fetch(t, bob, prefix+unseenMark+"bob-fetches", ""); answer.Status != http.StatusUnauthorized && answer.Status != http.StatusForbidden {
			t.Errorf("bob's fetch was answered %d", answer.Status)
		}
		if status := dial(t, h, bob, prefix+"ws?"+unseenMark+"bob", ""); status != http.StatusForbidden {
			t.Errorf("bob's websocket was answered %d", status)
		}
	}
	unseen(t, h, "bob")
}

func nobodyNavigates(t *testing.T, h *hub) {
	nobody := h.NewSession("")
	answer, err := nobody.Once(nobody.NewRequest(t.Context(), http.MethodGet, h.home+unseenMark+"nobody-navigates", ""))
	if err != nil {
		t.Fatal(err)
	}
	want(t, h, answer, http.StatusFound)
	location, err := url.Parse(answer.Header.Get("Location"))
	if err != nil || location.Path != "/hub/api/oauth2/authorize" {
		t.Errorf("was led to %s (%v)", location, err)
	}
	if answer := get(t, nobody, h.home+unseenMark+"nobody-navigates"); answer.Status != http.StatusOK || answer.URL.Path != "/hub/login" {
		t.Errorf("ended with %d at %s", answer.Status, answer.URL)
	}
	unseen(t, h, "nobody")
}

func nobodyFetches(t *testing.T, h *hub) {
	want(t, h, fetch(t, h.NewSession(""), h.home+unseenMark+"nobody-fetches", ""), http.StatusUnauthorized)
	unseen(t, h, "nobody")
}

func nobodyDials(t *testing.T, h *hub) {
	if status := dial(t, h, h.NewSession(""), h.home+"ws?"+unseenMark+"nobody", ""); status != http.StatusForbidden {
		t.Errorf("the handshake was answered %d", status)
	}
	unseen(t, h, "nobody")
}

// Carol is alice's guest at the lab for a while, and nowhere else.
func shareEnds(t *testing.T, h *hub) {
	const share = "/shares/alice/lab"
	if answer := get(t, h.NewSession("carol"), h.lab); answer.Status != http.StatusForbidden {
		t.Fatalf("carol was answered %d before the share", answer.Status)
	}
	call(t, h, http.MethodPost, share, map[string]string{"user": "carol"}, http.StatusOK)
	guest := h.NewSession("carol")
	enter(t, h, guest, h.lab+deep)
	if answer := get(t, h.NewSession("carol"), h.home+unseenMark+"carol"); answer.Status != http.StatusForbidden {
		t.Errorf("carol was answered %d at %s, which is not shared", answer.Status, answer.URL)
	}
	call(t, h, http.MethodDelete, share, nil, http.StatusNoContent)
	if answer := get(t, h.NewSession("carol"), h.lab); answer.Status != http.StatusForbidden {
		t.Errorf("carol was answered %d at %s after the share", answer.Status, answer.URL)
	}
	// With the session under a new name, the verdict on her is asked for anew.
	guest.SetCookie("jupyterhub-session-id", "another")
	want(t, h, fetch(t, guest, h.lab+unseenMark+"carol", ""), http.StatusForbidden)
	unseen(t, h, "carol")
}

// call asks the hub's API for something that must succeed.
func call(t *testing.T, h *hub, method, path string, body any, status int) *bed.Answer {
	t.Helper()
	answer, err := h.API(t.Context(), method, path, body)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Status != status {
		t.Fatalf("the hub answered %s %s with %d: %s", method, path, answer.Status, text(answer))
	}
	return answer
}
