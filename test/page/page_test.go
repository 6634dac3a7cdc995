//go:build e2e

package page

import (
	"slices"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/web/webtest"
)

func only(t *testing.T, service *webtest.Service, name string) dashboard.Dashboard {
	t.Helper()
	found, err := find(t.Context(), service, name)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Ada makes a dashboard, watches it being built, shares it and opens it; all with
// what scripts add: the picker, suggestions of people, the live bar and log.
func TestStoryInABrowser(t *testing.T) {
	service, url := serve(t)
	saw := browse(t, "story", url, "409")
	made := only(t, service, "Rainfall")
	if made.Source.Folder != "sales" || made.App.Path != "2025/Q1 & Q2 <draft>.ipynb" || !slices.Equal(made.Access.Users, []string{"grace.hopper@example.org", "someone new"}) || !slices.Equal(made.Access.Groups, []string{"research"}) {
		t.Errorf("made: %+v", made)
	}
	want := []string{
		"building: a bar that moves, a log that grows", "built: Running", "link: " + url + prefix + "open/" + made.ID, "copied",
		"opened: Here is the dashboard.", "wrong: You have a dashboard called “Quarterly sales” already. Choose another name.", "deleted: The dashboard was deleted.",
	}
	if !slices.Equal(saw.Seen, want) {
		t.Errorf("saw:\n%s", strings.Join(saw.Seen, "\n"))
	}
}

// The same without any script: forms, and pages that load themselves again.
func TestStoryWithoutScripts(t *testing.T) {
	service, url := serve(t)
	saw := browse(t, "plain", url)
	made := only(t, service, "Rainfall")
	if made.Source.Repo != "https://example.org/rain.git" || !slices.Equal(made.Access.Users, []string{"alan", "grace"}) || made.App.Framework != "streamlit" {
		t.Errorf("made: %+v", made)
	}
	want := []string{"git only", "built: Running", "shared: alan, barbara", "stopped: Stopped", "opened: Here is the dashboard.", "deleted: The dashboard was deleted."}
	if !slices.Equal(saw.Seen, want) {
		t.Errorf("saw:\n%s", strings.Join(saw.Seen, "\n"))
	}
}

// Everything can be reached and done by keyboard, and what has the focus is seen.
func TestKeyboardInABrowser(t *testing.T) {
	_, url := serve(t)
	saw := browse(t, "keyboard", url)
	want := []string{
		"first: Skip to the content", "skipped to: main", "menu: Share, Rename or edit, Rebuild, Start, Delete", "closed, focus on its button",
		"picker: focus inside", "picker closed, focus on its button", "person chosen by arrows", "person removed", "unseen focus: 0",
	}
	if !slices.Equal(saw.Seen, want) {
		t.Errorf("saw:\n%s", strings.Join(saw.Seen, "\n"))
	}
}

// Eve's server is on the same origin. Whatever its scripts do, they get no page of
// ours, and nothing done.
func TestSecurityAnotherUsersServerInABrowser(t *testing.T) {
	service, url := serve(t)
	before := service.Get("demorunning2")
	saw := browse(t, "neighbour", url, "403", "frame-ancestors", "Failed to load")
	want := []string{
		"fetch: 403, no proof", "fetch as text/html: 403, no proof", "API by fetch: 403", "API with a made-up token: 403", "POST by fetch: 403", "form: 403",
		"frame: nothing", "object: nothing", "opened by same-origin: nothing", "opened by unsafe-none: nothing", "opened by same-origin-allow-popups: nothing", "opened by noopener-allow-popups: nothing",
	}
	if !slices.Equal(saw.Seen, want) {
		t.Errorf("saw:\n%s", strings.Join(saw.Seen, "\n"))
	}
	if after := service.Get("demorunning2"); after.State != before.State || after.Name != before.Name {
		t.Errorf("it changed: %+v", after)
	}
}

// No page is wider than its screen, has a name cut off without need, or makes the
// browser complain, in light and in dark.
func TestEveryPageOnEveryScreen(t *testing.T) {
	service, url := serve(t)
	webtest.Many(service, "edsger", 120)
	saw := browse(t, "screens", url, "404")
	if len(saw.Seen) != 1 || saw.Seen[0] != "60 pictures" {
		t.Errorf("saw:\n%s", strings.Join(saw.Seen, "\n"))
	}
}
