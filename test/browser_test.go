//go:build e2e

package test

import (
	"context"
	"os"
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

	Output string `json:"output"`
}

// sight is what a scenario reports; each fills in what it looks at.
type sight struct {
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
	tell.Output = filepath.Join(shared.output, scenario)
	if tell.Password == "" {
		tell.Password = shared.hub.Password
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var result sight
	if err := shared.Browse(ctx, "test/browser/"+scenario+".mjs", tell, &result); err != nil {
		t.Fatal(err)
	}
	result.output = tell.Output
	return result
}

func mustExist(t *testing.T, file string) {
	t.Helper()
	if info, err := os.Stat(file); err != nil || info.Size() == 0 {
		t.Errorf("there is no picture %s: %v", file, err)
	}
}
