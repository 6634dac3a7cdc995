//go:build e2e

package hubconfig

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/hubconfig"
)

// The configuration with the classes of the real spawners, as far as they go
// without their machines, and joined with others' by JupyterHub's own loader.
func TestConfigurationWithTheRealSpawners(t *testing.T) {
	setup := exec.CommandContext(t.Context(), filepath.Join(ready.Root, "test", "hubconfig", "setup"))
	setup.Stdout, setup.Stderr = os.Stderr, os.Stderr
	if err := setup.Run(); err != nil {
		t.Fatalf("test/hubconfig/setup: %v", err)
	}
	folder := t.TempDir()
	tokenFile := filepath.Join(folder, "token")
	write(t, tokenFile, token)
	cases := struct {
		Snippets map[hubconfig.Spawner]string `json:"snippets"`
		Tickets  map[string]string            `json:"tickets"`
		Now      int64                        `json:"now"`
		Literals [][2]string                  `json:"literals"`
	}{map[hubconfig.Spawner]string{}, map[string]string{}, 0, nil}
	for _, spawner := range hubconfig.Spawners() {
		options := hubconfig.Options{Spawner: spawner, TokenFile: tokenFile, HideServers: true}
		if spawner == hubconfig.Docker {
			options.Binary, options.KeepVolumes = "/opt/dashboard-builder", []string{"/srv/data", "/srv/shared"}
		}
		text, err := hubconfig.Render(options)
		if err != nil {
			t.Fatal(err)
		}
		cases.Snippets[spawner] = filepath.Join(folder, string(spawner)+".py")
		write(t, cases.Snippets[spawner], text)
	}
	permit := shared.permit("ada", "dashboard-x", "voila", "{USERNAME} {x} $HOME $(HOME) %s", "é\n\"'")
	permit.Environment = map[string]string{"A": "{username} {y} $(A) $A"}
	names := strings.Fields("plain-LocalProcessSpawner plain-SimpleLocalProcessSpawner plain-systemd path-systemd plain-docker plain-sudo plain-system plain-wrong lost")
	for i := range 13 {
		names = append(names, "join-"+strconv.Itoa(i))
	}
	for _, name := range names {
		cases.Tickets[name] = sign(t, shared.signer, permit)
	}
	permit.Image = "dashboards/x:1"
	for _, name := range strings.Fields("image-process image-systemd image-docker image-DockerSpawner image-SwarmSpawner image-kube image-wrong") {
		cases.Tickets[name] = sign(t, shared.signer, permit)
	}
	for _, text := range []string{"", `"'\`, "\n\r\t\x00\x07\x7f", "é李😀\u2028\u202e\uFEFF", "{} %s $x #", `\N{DIGIT ONE}`, "\U0010FFFF"} {
		cases.Literals = append(cases.Literals, [2]string{literal(t, text), text})
	}
	// However long the spawners take.
	cases.Now = time.Now().Unix()
	content, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "cases.json")
	write(t, file, string(content))
	python := exec.CommandContext(t.Context(), filepath.Join(ready.Root, ".cache", "hubconfig", "venv", "bin", "python"),
		filepath.Join(ready.Root, "test", "hubconfig", "spawners.py"), file)
	kubeconfig := filepath.Join(folder, "kubeconfig")
	write(t, kubeconfig, `{"current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
 "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}], "users": [{"name": "u", "user": {}}]}`)
	python.Dir, python.Env = folder, append(os.Environ(), "KUBECONFIG="+kubeconfig)
	out, err := python.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// literal is what stands for a text in a configuration.
func literal(t *testing.T, text string) string {
	t.Helper()
	printed, err := hubconfig.Render(hubconfig.Options{Spawner: hubconfig.Process, Serve: []string{text}})
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(printed, "    SERVE = [")
	written, _, found := strings.Cut(rest, "]\n    TOKEN_FILE")
	if !found {
		t.Fatalf("there is no list in\n%s", printed)
	}
	return written
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
