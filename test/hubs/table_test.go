//go:build hubs

package hubs

import (
	"fmt"
	"strings"
	"sync"
)

const (
	passed = "ok"
	failed = "**FAIL**"
	noHub  = "**FAIL**: no hub"
	notRun = "not run"
)

// table is what came out: check by version.
type table struct {
	mu    sync.Mutex
	cells map[[2]string]string
}

func (t *table) set(check, version, result string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cells == nil {
		t.cells = map[[2]string]string{}
	}
	t.cells[[2]string{check, version}] = result
}

// markdown shows every cell; those of a version that was left out say so.
func (t *table) markdown() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var text strings.Builder
	fmt.Fprintf(&text, "| | %s |\n", strings.Join(versions, " | "))
	fmt.Fprintf(&text, "|---%s|\n", strings.Repeat("|---", len(versions)))
	for _, check := range checks {
		fmt.Fprintf(&text, "| %s |", check.name)
		for _, version := range versions {
			cell, ok := t.cells[[2]string{check.name, version}]
			if !ok {
				cell = notRun
			}
			fmt.Fprintf(&text, " %s |", cell)
		}
		text.WriteString("\n")
	}
	return text.String()
}
