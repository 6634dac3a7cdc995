//go:build e2e

package settings

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// sight is what a scenario of browser/ reports; each fills in what it looks at.
type sight struct {
	Failure string `json:"failure"`
	URL     string `json:"url"`

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
		"chromium": chromium(t), "modules": shared.NodeModules(),
		"output": filepath.Join(shared.output, scenario), "trusted": shared.pki.pair.fingerprint(),
		"portal": shared.portal.URL,
	}
	maps.Copy(scene, tell)
	told, err := json.Marshal(scene)
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "node", filepath.Join(shared.Root, "test", "settings", "browser", scenario+".mjs"))
	command.Env = append(os.Environ(), "BROWSER_SCENARIO="+string(told))
	// Asked politely, it takes its Chromium along.
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = 10 * time.Second
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		t.Fatalf("node %s.mjs: %v\n%s\n%s", scenario, err, stdout.Bytes(), stderr.Bytes())
	}
	var result sight
	if err := json.Unmarshal(stdout.Bytes(), &result); err != nil {
		t.Fatalf("node %s.mjs said no JSON: %v\n%s\n%s", scenario, err, stdout.Bytes(), stderr.Bytes())
	}
	if result.Failure != "" {
		t.Fatalf("%s.mjs failed at %s: %s", scenario, result.URL, result.Failure)
	}
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

// chromium finds the browser: as CHROMIUM says, or by its usual names.
func chromium(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("CHROMIUM"); path != "" {
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("there is no Chromium. Install it (Debian: apt install chromium), or say in CHROMIUM where it is.")
	return ""
}
