//go:build e2e

package test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// scene is what a scenario of test/browser is told.
type scene struct {
	URL      string `json:"url"`
	User     string `json:"user"`
	Password string `json:"password"`
	// Token is an API token, for scenarios that send one.
	Token string `json:"token,omitempty"`
	// Release is a file for which the app waits.
	Release string `json:"release,omitempty"`

	Output   string `json:"output"`
	Chromium string `json:"chromium"`
	Modules  string `json:"modules"`
}

// sight is what a scenario reports; each fills in what it looks at.
type sight struct {
	Failure    string      `json:"failure"`
	Complaints []complaint `json:"complaints"`

	URL         string   `json:"url"`
	Status      int      `json:"status"`
	TokenStatus int      `json:"tokenStatus"`
	Title       string   `json:"title"`
	Text        string   `json:"text"`
	State       string   `json:"state"`
	Log         string   `json:"log"`
	Scripts     int      `json:"scripts"`
	CodeCells   int      `json:"codeCells"`
	Readout     string   `json:"readout"`
	LastReadout string   `json:"lastReadout"`
	Pictures    []string `json:"pictures"`
	Widths      []int    `json:"widths"`

	output string
}

// complaint is an error that the browser saw: on its console, uncaught in a
// page, as a dialog, or as the status of an answer.
type complaint struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
	URL  string `json:"url"`
}

// browse plays a scenario in a real Chromium; its pictures go to test/output.
func browse(t *testing.T, scenario string, tell scene) sight {
	t.Helper()
	tell.Chromium = chromium(t)
	tell.Modules = shared.NodeModules()
	tell.Output = filepath.Join(shared.output, scenario)
	if tell.Password == "" {
		tell.Password = shared.hub.Password
	}
	told, err := json.Marshal(tell)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "node", filepath.Join(shared.Root, "test", "browser", scenario+".mjs"))
	command.Env = append(os.Environ(), "BROWSER_SCENARIO="+string(told))
	command.WaitDelay = 5 * time.Second
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
		t.Fatalf("%s.mjs failed at %s: %s\ncomplaints: %+v", scenario, result.URL, result.Failure, result.Complaints)
	}
	result.output = tell.Output
	return result
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

func mustExist(t *testing.T, file string) {
	t.Helper()
	if info, err := os.Stat(file); err != nil || info.Size() == 0 {
		t.Errorf("there is no picture %s: %v", file, err)
	}
}
