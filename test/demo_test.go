//go:build e2e

package test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// The demo, started as a person starts it and used as one uses it: Alice signs in,
// comes to the Dashboards page, and opens the sample dashboard; so does Bob, with
// whom it is shared. Then Ctrl-C, and nothing of it is left.
func TestDemo(t *testing.T) {
	t.Parallel()
	demo := startDemo(t)
	result := browse(t, "demo", scene{URL: demo.url, User: "alice", Password: demo.password})

	if want := demo.url + "services/dashboards/"; result.State != want {
		t.Errorf("after the login Alice is at %s, not %s", result.State, want)
	}
	if want := demo.url + "user/alice/dashboard-a-wave-"; !strings.HasPrefix(result.URL, want) {
		t.Errorf("her dashboard is at %s, not below %s", result.URL, want)
	}
	if result.Title != "A wave you can move" || !strings.Contains(result.Text, "watch the wave follow") {
		t.Errorf("the notebook's text is not there: %q %q", result.Title, result.Text)
	}
	if result.CodeCells != 0 || strings.Contains(result.Text, "import ") {
		t.Errorf("%d code cells show: %s", result.CodeCells, result.Text)
	}
	if result.Readout != "1.5" {
		t.Errorf("one arrow key moved Bob's slider from 1.0 to %s", result.Readout)
	}
	for i, limit := range []int{1280, 390} {
		if len(result.Widths) <= i || result.Widths[i] > limit {
			t.Errorf("the list is %v pixels wide, on screens of 1280 and 390", result.Widths)
		}
	}
	for _, complaint := range result.Complaints {
		if !expected(complaint, demo.url) {
			t.Errorf("the browser complained: %+v", complaint)
		}
	}
	for _, name := range []string{"demo-1-list", "demo-2-list-phone", "demo-3-dashboard", "demo-4-from-others-phone", "demo-5-bob"} {
		mustExist(t, filepath.Join(result.output, name+".png"))
	}
	demo.interrupt(t)
}

// Voila behind our program as a user's server: the slider is moved by keyboard and by
// mouse.
func TestVoila(t *testing.T) {
	t.Parallel()
	notebook := filepath.Join(shared.Root, "deploy", "demo", "Presentation.ipynb")
	at := start(t, "alice-at-voila", "", shared.wrap([]string{"--presentation-path", notebook},
		"voila", "{presentation_path}", "--port={port}", "--no-browser", "--Voila.server_url=/", "--Voila.base_url={base_url}/"))
	result := browse(t, "voila", scene{URL: shared.hub.URL + at.prefix, User: at.user})
	if result.Title != "A wave you can move" || !strings.Contains(result.Text, "watch the wave follow") {
		t.Errorf("the notebook's text is not there: %q %q", result.Title, result.Text)
	}
	if result.CodeCells != 0 || strings.Contains(result.Text, "import ") {
		t.Errorf("%d code cells show: %s", result.CodeCells, result.Text)
	}
	if result.Readout != "1.5" {
		t.Errorf("one arrow key moved the slider from 1.0 to %s", result.Readout)
	}
	if result.LastReadout == result.Readout || !strings.Contains(result.Text, "Hz the wave swings") {
		t.Errorf("the mouse moved the slider from %s to %s: %s", result.Readout, result.LastReadout, result.Text)
	}
	if p := result.Pictures; len(p) != 3 || p[0] == p[1] || p[1] == p[2] || p[0] == p[2] {
		t.Errorf("the chart should have changed each time: %q", p)
	}
	for _, complaint := range result.Complaints {
		if !expected(complaint, shared.hub.URL+"/") {
			t.Errorf("the browser complained: %+v", complaint)
		}
	}
	checkPictures(t, result, "voila-1-opened", "voila-2-keyboard", "voila-3-mouse", "voila-4-desktop", "voila-5-phone")
}

// expected knows the complaints that are no fault of anybody here.
func expected(c complaint, url string) bool {
	// Voila's lab template asks a public server for an icon font, which no test
	// may reach; the page does without.
	if strings.HasPrefix(c.URL, "https://cdn.jsdelivr.net/npm/@fortawesome/") {
		return true
	}
	// Our start-up page, if Voila takes long enough for it to be seen.
	return strings.HasPrefix(c.URL, url+"user/alice") && strings.Contains(c.Text, "503")
}

// A port that is taken is named, and so is what to do about it.
func TestDemoPortTaken(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := strings.Cut(taken.Addr().String(), ":")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, filepath.Join(shared.Root, "deploy", "demo", "run"))
	command.Env = append(os.Environ(), "DEMO_BIN="+shared.Binaries(), "DEMO_PORT="+port)
	out, err := command.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "port "+port+" is taken") {
		t.Errorf("ended with %v: %s", err, out)
	}
}

// demo is deploy/demo/run, running.
type demo struct {
	url, password string
	command       *exec.Cmd
	// temporary is its TMPDIR: whatever it starts has that in its environment.
	temporary string
	log       string
}

func startDemo(t *testing.T) *demo {
	t.Helper()
	ports, err := bed.FreePorts(4)
	if err != nil {
		t.Fatal(err)
	}
	d := &demo{
		temporary: t.TempDir(),
		log:       filepath.Join(shared.output, "demo", "hub.log"),
		command:   exec.Command(filepath.Join(shared.Root, "deploy", "demo", "run")),
	}
	if err := os.MkdirAll(filepath.Dir(d.log), 0o755); err != nil {
		t.Fatal(err)
	}
	d.command.Env = append(os.Environ(),
		"DEMO_BIN="+shared.Binaries(), "DEMO_LOG="+d.log, "TMPDIR="+d.temporary, fmt.Sprintf("DEMO_PORT=%d", ports[0]),
		fmt.Sprintf("DEMO_PORTS=%d %d %d", ports[1], ports[2], ports[3]))
	// A group of its own, which gets the Ctrl-C as one in a terminal does.
	d.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	output, err := d.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	d.command.Stderr = os.Stderr
	if err := d.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if d.command.ProcessState == nil {
			d.interrupt(t)
		}
		if t.Failed() {
			log, _ := os.ReadFile(d.log)
			t.Logf("%s:\n%s", d.log, log[max(0, len(log)-4000):])
		}
	})
	d.read(t, output)
	return d
}

var (
	demoURL      = regexp.MustCompile(`Open +(http://127\.0\.0\.1:\d+/)`)
	demoPassword = regexp.MustCompile(`Password +(\S+)`)
)

// read takes the address and the password from what the demo tells people.
func (d *demo) read(t *testing.T, output io.Reader) {
	t.Helper()
	said := make(chan string, 1)
	go func() {
		var text strings.Builder
		lines := bufio.NewScanner(output)
		for lines.Scan() {
			fmt.Fprintln(&text, lines.Text())
			if strings.Contains(lines.Text(), "Ctrl-C") {
				break
			}
		}
		said <- text.String()
		_, _ = io.Copy(io.Discard, output)
	}()
	select {
	case text := <-said:
		url, password := demoURL.FindStringSubmatch(text), demoPassword.FindStringSubmatch(text)
		if url == nil || password == nil {
			t.Fatalf("the demo did not say where it is and how to log in: %s", text)
		}
		d.url, d.password = url[1], password[1]
	case <-time.After(4 * patience):
		t.Fatal("the demo did not come up")
	}
}

// interrupt presses Ctrl-C and wants nothing to be left.
func (d *demo) interrupt(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(-d.command.Process.Pid, syscall.SIGINT); err != nil {
		t.Error(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- d.command.Wait() }()
	select {
	case <-ended:
		if code := d.command.ProcessState.ExitCode(); code != 130 {
			t.Errorf("after Ctrl-C the demo ended with %d", code)
		}
	case <-time.After(patience):
		t.Error("the demo did not stop after Ctrl-C")
		_ = d.command.Process.Kill()
	}
	if left, err := bed.AwaitGone(patience, d.temporary); err != nil || len(left) > 0 {
		t.Errorf("after Ctrl-C these processes were left: %v %v", left, err)
	}
	if left, err := os.ReadDir(d.temporary); err != nil || len(left) > 0 {
		t.Errorf("after Ctrl-C these files were left: %v %v", left, err)
	}
}
