//go:build e2e

package test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// startHeld starts an app that does not listen before release exists.
func startHeld(t *testing.T, user, name string) (at server, release string) {
	t.Helper()
	release = filepath.Join(t.TempDir(), "release")
	return start(t, user, name, shared.wrap([]string{"--ready-timeout=600"}, shared.echoCommand("--wait-for="+release)...)), release
}

// While an app starts, people get a page, programs get a 503, and the hub is
// told that all is well.
func TestStarting(t *testing.T) {
	t.Parallel()
	at, release := startHeld(t, "alice", "slow")
	session := shared.hub.NewSession("alice")

	page := get(t, session, at.prefix+"deep?x")
	if page.Status != http.StatusServiceUnavailable || page.Header.Get("Retry-After") == "" {
		t.Errorf("a person was answered %d, Retry-After %q", page.Status, page.Header.Get("Retry-After"))
	}
	if !bytes.Contains(page.Body, []byte(`<main data-state="starting">`)) {
		t.Errorf("a person got this page: %s", page.Body)
	}
	program := fetch(t, session, at.prefix+"deep?x")
	if program.Status != http.StatusServiceUnavailable || program.Header.Get("Retry-After") == "" ||
		strings.Contains(program.Header.Get("Content-Type"), "html") {
		t.Errorf("a program was answered %d %v", program.Status, program.Header)
	}
	if status := refused(t, session, at.prefix+"ws", nil); status != http.StatusServiceUnavailable {
		t.Errorf("a websocket was answered %d", status)
	}
	nobody := shared.hub.NewSession("")
	if answer := fetch(t, nobody, at.prefix+"deep"); answer.Status != http.StatusUnauthorized {
		t.Errorf("nobody was answered %d while the app starts", answer.Status)
	}

	if err := os.WriteFile(release, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, patience, func() error {
		probe := once(t, nobody, http.MethodGet, at.prefix+"api", "Sec-Fetch-Mode", "", "Accept", "*/*")
		if probe.Status != http.StatusOK {
			t.Errorf("the hub's probe was answered %d", probe.Status)
		}
		if answer := fetch(t, session, at.prefix+"deep?x"); answer.Status != http.StatusOK {
			return fmt.Errorf("the app does not answer yet: %d", answer.Status)
		}
		return nil
	})
}

// In a browser the start-up page turns into the app by itself.
func TestStartingInABrowser(t *testing.T) {
	t.Parallel()
	at, release := startHeld(t, "erin", "slow")
	result := browse(t, "starting", scene{URL: shared.hub.URL + at.prefix + "deep?x", User: "erin", Release: release})
	if result.State != "starting" {
		t.Errorf("when the pictures were taken the page's state was %q", result.State)
	}
	if !strings.Contains(result.Text, `"uri":"/deep?x"`) {
		t.Errorf("the page ended as %s: %s", result.URL, result.Text)
	}
	for _, complaint := range result.Complaints {
		// The start-up page's own status, and what the console makes of it.
		if !strings.Contains(complaint.Text, "503") {
			t.Errorf("the browser complained: %+v", complaint)
		}
	}
	checkPictures(t, result, "starting-1-desktop", "starting-2-phone")
}

// An app that does not run shows why, and nothing that it wrote does anything.
func TestFailed(t *testing.T) {
	t.Parallel()
	at := start(t, "erin", "broken", shared.wrap(nil,
		"sh", "-c", `echo "<script>alert(1)</script><img src=x onerror=alert(2)>" >&2; exit 3`))
	result := browse(t, "failed", scene{URL: shared.hub.URL + at.prefix, User: "erin"})
	if result.State != "failed" {
		t.Errorf("the page's state ended as %q", result.State)
	}
	if !strings.Contains(result.Text, "exit code 3") || !strings.Contains(result.Log, "<script>alert(1)</script><img src=x onerror=alert(2)>") {
		t.Errorf("the page does not show exit code and log: %s\n%s", result.Text, result.Log)
	}
	if result.Scripts != 0 {
		t.Errorf("%d elements came from what the app wrote", result.Scripts)
	}
	for _, complaint := range result.Complaints {
		if !strings.Contains(complaint.Text, "503") {
			t.Errorf("the browser complained: %+v", complaint)
		}
	}
	checkPictures(t, result, "failed-1-restarting", "failed-2-desktop", "failed-3-phone")
}

// checkPictures wants pictures of these names, and pages no wider than the
// screens they were taken on.
func checkPictures(t *testing.T, result sight, names ...string) {
	t.Helper()
	for _, name := range names {
		mustExist(t, filepath.Join(result.output, name+".png"))
	}
	if len(result.Widths) != 2 || result.Widths[0] > 1280 || result.Widths[1] > 390 {
		t.Errorf("on a desktop of 1280 and a phone of 390 the page is %v wide", result.Widths)
	}
}
