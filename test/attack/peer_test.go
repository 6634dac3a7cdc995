//go:build attacktable

package attack

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// installPeers runs ./setup, which costs nothing when it ran before.
func installPeers(t *testing.T) (folder string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, filepath.Join(shared.Root, "test", "attack", "setup"))
	command.Stderr = os.Stderr
	if err := command.Run(); err != nil {
		t.Fatalf("test/attack/setup could not install the peers (%v); run it to see why", err)
	}
	return filepath.Join(shared.Root, ".cache", "attack")
}

// targets starts the three programs, each around a recorder: the peers with
// nothing but their defaults, as --debug has them answer with tracebacks.
func targets(t *testing.T) []*target {
	t.Helper()
	peers := installPeers(t)
	old := filepath.Join(peers, "jhsingle-native-proxy", "bin", "jhsingle-native-proxy")
	standalone := filepath.Join(peers, "jupyter-server-proxy", "bin", "jupyter-standaloneproxy")
	return []*target{
		enter(t, "jhsingle-native-proxy 0.8.3", start(t, "table-old", nil, peer(old))),
		enter(t, "jupyter standaloneproxy "+versionOf(t, "jupyter-server-proxy"), start(t, "table-standalone", nil, peer(standalone))),
		enter(t, "this program", start(t, "table-ours", nil, ours())),
	}
}

// peer is a command line of a peer, which takes the same form as ours.
func peer(program string) commandLine {
	return func(app ...string) []string { return append([]string{program, "--"}, app...) }
}

// versionOf reads a version in our locked list.
func versionOf(t *testing.T, name string) string {
	t.Helper()
	list, err := os.ReadFile(filepath.Join(shared.Root, "test", "attack", "requirements.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(list)) {
		line = strings.ReplaceAll(strings.TrimSpace(line), "_", "-")
		if version, found := strings.CutPrefix(line, name+"=="); found {
			return version
		}
	}
	t.Fatalf("no %s in the list", name)
	return ""
}
