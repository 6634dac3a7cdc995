//go:build e2e

// Package page tests the Dashboards page in a real Chromium: with scripts and
// without, by keyboard, on a desktop and on a phone, in light and in dark, and
// against another user's server on the same origin. What is behind the page is in
// memory; with a real hub it is tested elsewhere.
//
//	go test -tags e2e ./test/page
package page

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/web"
	"github.com/ideonate/jhsingle-native-proxy/internal/web/webtest"
	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

const prefix = "/services/dashboards/"

var ada = dashboard.Visitor{Name: "ada"}

var shared struct {
	*bed.Bed
	output string
}

func TestMain(m *testing.M) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	ready, err := bed.Setup(ctx, os.Stderr)
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "the tests of the page cannot begin:", err)
		os.Exit(1)
	}
	shared.Bed, shared.output = ready, filepath.Join(ready.Root, "test", "output", "page")
	os.Exit(m.Run())
}

// serve is the page with sample data, beside what else is on a hub's origin.
func serve(t *testing.T) (*webtest.Service, string) {
	t.Helper()
	service := webtest.New()
	webtest.Sample(service)
	all := service.RulesFor
	service.RulesFor = func(v dashboard.Visitor) dashboard.Rules {
		rules := all(v)
		if v.Name == "viewer" {
			rules.WhyNot = "Only members of the group “research” can make dashboards here."
		}
		return rules
	}
	handler, err := web.New(web.Config{
		Prefix: prefix, Service: service, Gate: webtest.Gate{}, Visitor: webtest.Visitor, ByHeader: webtest.ByHeader, HubURL: webtest.HubURL,
		Key: []byte("0123456789abcdef"), Version: "1.2.3", Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(prefix, handler)
	images := filepath.Join(shared.Root, ".cache", "bed", "venv", "share", "jupyterhub", "static", "images")
	mux.HandleFunc("/hub/logo", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(images, "jupyterhub-80.png"))
	})
	mux.HandleFunc("/user/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, `<!DOCTYPE html><title>App</title><link rel="icon" href="data:,"><p>Here is the dashboard.`)
	})
	// Eve's own server can send whatever it likes.
	mux.HandleFunc("/user/eve/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if policy := r.URL.Query().Get("opener"); policy != "" {
			w.Header().Set("Cross-Origin-Opener-Policy", policy)
		}
		fmt.Fprint(w, `<!DOCTYPE html><title>Eve</title><link rel="icon" href="data:,"><p>Eve was here.`)
	})
	// A job goes on when the scenario has seen it: it gets ahead, or ends.
	mux.HandleFunc("/job", func(_ http.ResponseWriter, r *http.Request) {
		job, err := underWay(r.Context(), service, r.FormValue("of"))
		if err != nil {
			t.Error(err)
			return
		}
		percent, err := strconv.Atoi(r.FormValue("percent"))
		if err != nil {
			service.Finish(job, "")
			return
		}
		service.Write(job, fmt.Sprintf("Copied %d %% of your files", percent))
		service.Progress(job, "Copying your files", percent)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return service, server.URL
}

// find is the dashboard of Ada's with a name.
func find(ctx context.Context, service *webtest.Service, name string) (dashboard.Dashboard, error) {
	found, total, err := service.List(ctx, ada, dashboard.Query{Owner: ada.Name, Text: name, Limit: 2})
	if err != nil || total != 1 {
		return dashboard.Dashboard{}, fmt.Errorf("there are %d dashboards called %s, %v", total, name, err)
	}
	return found[0], nil
}

// underWay is the job of a dashboard, once it has begun.
func underWay(ctx context.Context, service *webtest.Service, name string) (string, error) {
	d, err := find(ctx, service, name)
	if err != nil {
		return "", err
	}
	for {
		jobs, err := service.Jobs(ctx, ada, d.ID)
		if err != nil {
			return "", err
		}
		if len(jobs) > 0 && !jobs[0].Done {
			return jobs[0].ID, nil
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("no job of %s has begun", name)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// sight is what a scenario saw.
type sight struct {
	URL        string `json:"url"`
	Complaints []struct {
		Kind string `json:"kind"`
		Text string `json:"text"`
		URL  string `json:"url"`
	} `json:"complaints"`
	// Seen is what it noted, in order.
	Seen []string `json:"seen"`
}

// browse plays a scenario; its pictures go to test/output/page. Complaints of the
// browser are errors, but for statuses that are expected.
func browse(t *testing.T, scenario, url string, expected ...string) sight {
	t.Helper()
	tell := map[string]string{"url": url, "prefix": prefix, "output": shared.output}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	var saw sight
	if err := shared.Browse(ctx, "test/page/"+scenario+".mjs", tell, &saw); err != nil {
		t.Fatal(err)
	}
	for _, complaint := range saw.Complaints {
		known := false
		for _, text := range expected {
			known = known || strings.Contains(complaint.Text, text)
		}
		if !known {
			t.Errorf("the browser complained: %+v", complaint)
		}
	}
	return saw
}
