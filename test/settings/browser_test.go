//go:build e2e

package settings

import (
	"context"
	"maps"
	"path/filepath"
	"testing"
	"time"
)

// sight is what a scenario of browser/ reports; each fills in what it looks at.
type sight struct {
	URL string `json:"url"`

	Status  int               `json:"status"`
	State   string            `json:"state"`
	Text    string            `json:"text"`
	Cookies []keptCookie      `json:"cookies"`
	Echoed  string            `json:"echoed"`
	Closed  closeEvent        `json:"closed"`
	Results map[string]string `json:"results"`
	Visits  []visit           `json:"visits"`
}

// keptCookie is a cookie as the browser keeps it.
type keptCookie struct {
	Name     string  `json:"name"`
	Path     string  `json:"path"`
	Domain   string  `json:"domain"`
	Secure   bool    `json:"secure"`
	HTTPOnly bool    `json:"httpOnly"`
	SameSite string  `json:"sameSite"`
	Expires  float64 `json:"expires"`
}

// closeEvent is what a page is told of its websocket's end.
type closeEvent struct {
	Code   int    `json:"code"`
	Reason string `json:"reason"`
	Clean  bool   `json:"clean"`
}

// visit is one of several logins in one browser.
type visit struct {
	State     string `json:"state"`
	URL       string `json:"url"`
	Text      string `json:"text"`
	Kept      bool   `json:"kept"`
	Linked    string `json:"linked"`
	LinkedURL string `json:"linkedURL"`
}

// browsers bounds how many run at once.
var browsers = make(chan struct{}, 2)

// browse plays a scenario in a real Chromium as a user of a hub.
func browse(t *testing.T, scenario string, h *hub, user string, tell map[string]any) sight {
	t.Helper()
	browsers <- struct{}{}
	defer func() { <-browsers }()
	scene := map[string]any{
		"user": user, "password": h.password, "hub": h.public,
		"output": filepath.Join(shared.output, scenario), "trusted": shared.pki.pair.fingerprint(),
		"portal": shared.portal.URL,
	}
	maps.Copy(scene, tell)
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	var result sight
	must(t, shared.Browse(ctx, "test/settings/browser/"+scenario+".mjs", scene, &result))
	return result
}

func (s sight) cookie(name string) *keptCookie {
	for i := range s.Cookies {
		if s.Cookies[i].Name == name {
			return &s.Cookies[i]
		}
	}
	return nil
}
