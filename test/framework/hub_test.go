//go:build e2e

package framework

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// TestHub runs presets as a hub starts them, and uses them behind its login: one
// with a check of origins and forms of its own, and one whose page asks for
// everything by absolute paths.
func TestHub(t *testing.T) {
	ctx := t.Context()
	hub, err := shared.StartHub(ctx, bed.Options{Output: filepath.Join(shared.output, "hub")})
	must(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(hub.LogTail(60))
		}
		must(t, hub.Close())
	})
	for _, preset := range []struct{ name, app string }{
		{"streamlit", "streamlit_app.py"},
		{"bokeh", "bokeh_app.py"},
	} {
		t.Run(preset.name, func(t *testing.T) {
			must(t, hub.StartServer(ctx, "alice", preset.name, bed.Server{
				Command:     []string{shared.proxy, "run", preset.name, filepath.Join(shared.apps, preset.app)},
				Environment: map[string]string{"PATH": shared.path()},
			}))
			t.Cleanup(func() { must(t, hub.StopServer(context.Background(), "alice", preset.name)) })
			// To the hub a server is up before its app is.
			session := hub.NewSession("alice")
			eventually(t, patience, func() error {
				answer, err := session.Get(ctx, bed.Prefix("alice", preset.name))
				if err == nil && answer.Status != http.StatusOK {
					err = fmt.Errorf("%s answered %d: %.300s", answer.URL, answer.Status, answer.Body)
				}
				return err
			})
			url := hub.URL + bed.Prefix("alice", preset.name)
			seen := browse(t, scene{URL: url, App: preset.name, Name: "hub-" + preset.name, User: "alice", Password: hub.Password})
			seen.checkBelow(t, url, hub.URL+"/hub/", true)
			pictured(t, "hub-"+preset.name)

			// A stranger gets nothing of the app, neither a page nor a websocket.
			stranger := hub.NewSession("")
			request := stranger.NewRequest(ctx, http.MethodGet, bed.Prefix("alice", preset.name), "")
			answer, err := stranger.Once(request)
			must(t, err)
			if answer.Status != http.StatusFound || strings.Contains(string(answer.Body), "Double it") {
				t.Errorf("a stranger gets %d %s", answer.Status, answer.Body)
			}
		})
	}
}
