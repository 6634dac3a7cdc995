//go:build e2e

package framework

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// scene is what browser/double.mjs is told.
type scene struct {
	URL      string `json:"url"`
	App      string `json:"app"`  // which kind of app it is
	Name     string `json:"name"` // of the pictures
	User     string `json:"user"`
	Password string `json:"password"`
	Output   string `json:"output"`
	Chromium string `json:"chromium"`
	Modules  string `json:"modules"`
}

// sight is what it reports.
type sight struct {
	Failure    string      `json:"failure"`
	Complaints []complaint `json:"complaints"`
	URL        string      `json:"url"`
	Title      string      `json:"title"`
	Sockets    []string    `json:"sockets"`
	Asked      []string    `json:"asked"`
	Failed     []complaint `json:"failed"`
	Widths     []int       `json:"widths"`
}

// complaint is an error that the browser saw.
type complaint struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
	URL  string `json:"url"`
}

// browse uses an app in a real Chromium; pictures go to test/output/framework.
func browse(t *testing.T, tell scene) sight {
	t.Helper()
	tell.Chromium, tell.Modules, tell.Output = chromium(t), shared.NodeModules(), shared.output
	told, err := json.Marshal(tell)
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "node", filepath.Join(shared.Root, "test", "framework", "browser", "double.mjs"))
	command.Env = append(os.Environ(), "BROWSER_SCENARIO="+string(told))
	// Asked politely, it takes its Chromium along.
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = 10 * time.Second
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		t.Fatalf("node double.mjs: %v\n%s\n%s", err, stdout.Bytes(), stderr.Bytes())
	}
	var result sight
	if err := json.Unmarshal(stdout.Bytes(), &result); err != nil {
		t.Fatalf("node double.mjs said no JSON: %v\n%s\n%s", err, stdout.Bytes(), stderr.Bytes())
	}
	if result.Failure != "" {
		t.Fatalf("double.mjs failed at %s: %s\ncomplaints: %+v", result.URL, result.Failure, result.Complaints)
	}
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
