//go:build e2e

package fault

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// sight is what away.mjs saw.
type sight struct {
	Complaints []struct {
		Kind string `json:"kind"`
		Text string `json:"text"`
	} `json:"complaints"`

	// Text and Path are of the page that a newcomer gets, Tried what it got
	// when it asked again, Entered where it went when the hub was back.
	Text    string `json:"text"`
	Path    string `json:"path"`
	Tried   []int  `json:"tried"`
	Entered string `json:"entered"`
	Widths  []int  `json:"widths"`
	// URL and Last are of the last page.
	URL  string `json:"url"`
	Last string `json:"last"`
}

// In a real browser the page that tells people of the hub's absence turns into
// the app by itself.
func TestHubIsAwayInABrowser(t *testing.T) {
	t.Parallel()
	at := newStand(t, "browser", setup{flags: livesFor(5 * time.Second).flags, long: true})
	at.logIn(t) // so that the app is ready
	folder := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	go at.obey(ctx, t, folder)

	output := filepath.Join(shared.output, "browser")
	const deep = "deep?x"
	tell := map[string]string{
		"url": at.hub.URL + at.prefix + deep, "user": at.user, "password": at.hub.Password, "folder": folder, "output": output,
	}
	var saw sight
	if err := shared.Browse(ctx, "test/fault/away.mjs", tell, &saw); err != nil {
		t.Fatal(err)
	}

	if !strings.Contains(saw.Text, "JupyterHub does not answer") || saw.Path != at.prefix+"oauth_callback" {
		t.Errorf("at %s a newcomer saw: %s", saw.Path, saw.Text)
	}
	if len(saw.Tried) < 2 || slices.ContainsFunc(saw.Tried, func(status int) bool { return status != 503 }) {
		t.Errorf("while the hub was away the page got %v when it tried by itself", saw.Tried)
	}
	if saw.Entered != at.hub.URL+at.prefix+deep {
		t.Errorf("the newcomer came to %s", saw.Entered)
	}
	if !strings.Contains(saw.Last, `"uri":"/inside?y"`) {
		t.Errorf("who was in ended at %s: %s", saw.URL, saw.Last)
	}
	if len(saw.Widths) != 2 || saw.Widths[0] > 1280 || saw.Widths[1] > 390 {
		t.Errorf("on a desktop of 1280 and a phone of 390 the page is %v wide", saw.Widths)
	}
	for _, complaint := range saw.Complaints {
		// The page's own status, and what the console makes of it.
		if !strings.Contains(complaint.Text, "503") {
			t.Errorf("the browser complained: %+v", complaint)
		}
	}
	for _, name := range []string{"away-1-newcomer", "away-2-phone", "away-3-newcomer-is-in", "away-4-who-was-in", "away-5-is-in-again"} {
		if info, err := os.Stat(filepath.Join(output, name+".png")); err != nil || info.Size() == 0 {
			t.Errorf("there is no picture %s: %v", name, err)
		}
	}
}

// obey makes and ends the fault when the browser's side asks for it.
func (s *stand) obey(ctx context.Context, t *testing.T, folder string) {
	for _, what := range []string{"away-1", "back-1", "away-2", "back-2"} {
		for {
			if _, err := os.Stat(filepath.Join(folder, what)); err == nil {
				break
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
		if strings.HasPrefix(what, "away") {
			s.layer.begin(t, fault{answer: (*call).reset})
		} else {
			s.layer.end(t)
		}
		if err := os.WriteFile(filepath.Join(folder, what+"-done"), nil, 0o600); err != nil {
			t.Error(err)
			return
		}
	}
}
