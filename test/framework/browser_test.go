//go:build e2e

package framework

import (
	"context"
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
}

// sight is what it reports.
type sight struct {
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
	tell.Output = shared.output
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	var result sight
	must(t, shared.Browse(ctx, "test/framework/browser/double.mjs", tell, &result))
	return result
}
