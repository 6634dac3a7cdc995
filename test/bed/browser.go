package bed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Browse plays a scenario in a real Chromium: a script for Node, whose path is
// below the project's root. The script finds tell as JSON in BROWSER_SCENARIO,
// and besides where Chromium and Node's modules are; what it prints, JSON too, is
// read into result. A failure that it tells is an error, and result is read.
func (b *Bed) Browse(ctx context.Context, script string, tell, result any) error {
	chromium, err := Chromium()
	if err != nil {
		return err
	}
	scenario := map[string]any{}
	told, err := json.Marshal(tell)
	if err := errors.Join(err, json.Unmarshal(told, &scenario)); err != nil {
		return err
	}
	scenario["chromium"], scenario["modules"] = chromium, b.NodeModules()
	if told, err = json.Marshal(scenario); err != nil {
		return err
	}
	command := exec.CommandContext(ctx, "node", filepath.Join(b.Root, script))
	command.Env = append(os.Environ(), "BROWSER_SCENARIO="+string(told))
	// Asked politely, it takes its Chromium along.
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = 10 * time.Second
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("node %s: %w\n%s\n%s", script, err, &stdout, &stderr)
	}
	var ended struct {
		Failure, URL string
		Complaints   json.RawMessage
	}
	if err := errors.Join(json.Unmarshal(stdout.Bytes(), &ended), json.Unmarshal(stdout.Bytes(), result)); err != nil {
		return fmt.Errorf("%s printed no JSON: %w\n%s\n%s", script, err, &stdout, &stderr)
	}
	if ended.Failure != "" {
		return fmt.Errorf("%s failed at %s: %s\n%s\n%s", script, ended.URL, ended.Failure, ended.Complaints, &stderr)
	}
	return nil
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
