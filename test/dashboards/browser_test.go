//go:build e2e

package dashboards

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// complaint is what a browser did not like.
type complaint struct {
	Who, Kind, Text, URL, Page string
}

// ours says whether it is about a page of the service's.
func (c complaint) ours() bool {
	return strings.Contains(c.Page, "/services/dashboards/") || c.Kind == "overflow"
}

// browse plays a scenario of the folder browser in Chromium, and reads what it
// tells into result. The service's own pages must give no reason to complain.
func (s *stage) browse(scenario string, tell map[string]any, result any) {
	s.Helper()
	for name, value := range map[string]any{
		"page": s.Page, "hub": s.URL, "password": s.Password, "output": filepath.Join(s.Output, scenario),
		"chromium": s.chromium(), "modules": ready.NodeModules(),
	} {
		tell[name] = value
	}
	told, err := json.Marshal(tell)
	s.must(err)
	ctx, cancel := context.WithTimeout(s.Context(), 5*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "node", filepath.Join(ready.Root, "test", "dashboards", "browser", scenario+".mjs")) // #nosec G204 -- ours
	command.Env = append(os.Environ(), "BROWSER_SCENARIO="+string(told))
	command.WaitDelay = 5 * time.Second
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		s.Fatalf("node %s.mjs: %v\n%s\n%s", scenario, err, stdout.Bytes(), stderr.Bytes())
	}
	var ended struct {
		Failure    string
		Complaints []complaint
	}
	if err := json.Unmarshal(stdout.Bytes(), &ended); err != nil {
		s.Fatalf("node %s.mjs said no JSON: %v\n%s\n%s", scenario, err, stdout.Bytes(), stderr.Bytes())
	}
	for _, each := range ended.Complaints {
		if each.ours() {
			s.Errorf("%s: %s complains: %s %s (%s at %s)", scenario, each.Who, each.Kind, each.Text, each.URL, each.Page)
		} else {
			s.Logf("%s: elsewhere, %s complains: %s %s (%s at %s)", scenario, each.Who, each.Kind, each.Text, each.URL, each.Page)
		}
	}
	if ended.Failure != "" {
		s.Fatalf("%s.mjs failed: %s", scenario, ended.Failure)
	}
	s.must(json.Unmarshal(stdout.Bytes(), result))
}

// chromium finds the browser: as CHROMIUM says, or by its usual names.
func (s *stage) chromium() string {
	s.Helper()
	if path := os.Getenv("CHROMIUM"); path != "" {
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	s.Fatal("there is no Chromium. Install it (Debian: apt install chromium), or say in CHROMIUM where it is.")
	return ""
}
