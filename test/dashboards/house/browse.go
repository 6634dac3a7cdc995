package house

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Complaint is what a browser did not like.
type Complaint struct {
	Who, Kind, Text, URL, Page string
}

// Ours says whether it is about a page of the service's.
func (c Complaint) Ours() bool {
	return strings.Contains(c.Page, "/services/dashboards/") || c.Kind == "overflow"
}

func (c Complaint) String() string {
	return fmt.Sprintf("%s complains: %s %s (%s at %s)", c.Who, c.Kind, c.Text, c.URL, c.Page)
}

// Browse plays a scenario in Chromium, a script that uses browser/people.mjs, and
// reads what it tells into result. Its pictures go to a folder of its name in the
// house's output.
func (h *House) Browse(ctx context.Context, script string, tell map[string]any, result any) ([]Complaint, error) {
	chromium, err := Chromium()
	if err != nil {
		return nil, err
	}
	tell = maps.Clone(tell)
	if tell == nil {
		tell = map[string]any{}
	}
	maps.Copy(tell, map[string]any{
		"page": h.Page, "hub": h.URL, "password": h.Password, "chromium": chromium, "modules": h.bed.NodeModules(),
		"output": filepath.Join(h.Output, strings.TrimSuffix(filepath.Base(script), ".mjs")),
	})
	told, err := json.Marshal(tell)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "node", script) // #nosec G204 -- ours
	command.Env = append(os.Environ(), "BROWSER_SCENARIO="+string(told))
	command.WaitDelay = 5 * time.Second
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("node %s: %w\n%s\n%s", script, err, &stdout, &stderr)
	}
	var ended struct {
		Failure    string
		Complaints []Complaint
	}
	if err := errors.Join(json.Unmarshal(stdout.Bytes(), &ended), json.Unmarshal(stdout.Bytes(), result)); err != nil {
		return nil, fmt.Errorf("%s said no JSON: %w\n%s\n%s", script, err, &stdout, &stderr)
	}
	if ended.Failure != "" {
		return ended.Complaints, fmt.Errorf("%s failed: %s", script, ended.Failure)
	}
	return ended.Complaints, nil
}

// Chromium finds the browser: as CHROMIUM says, or by its usual names.
func Chromium() (string, error) {
	if path := os.Getenv("CHROMIUM"); path != "" {
		return path, nil
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("there is no Chromium. Install it (Debian: apt install chromium), or say in CHROMIUM where it is")
}
