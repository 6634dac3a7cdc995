//go:build e2e

package image

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
	"github.com/ideonate/jhsingle-native-proxy/test/engine"
)

const dashboardImage = "image-test/dashboard"

// prefix is where the hub would have put the server.
const prefix = "/user/ada/dash/"

// checkDashboard does with the image what dashboard authors do: takes the binary
// out of it and lets it be PID 1 before an app.
func checkDashboard(t *testing.T, e *daemon) {
	b := builders()[0]
	folder := filepath.Join("testdata", "dashboard")
	_, err := e.Try(time.Minute, engine.Command{CLI: b.cli(t, e), Env: []string{"DOCKER_BUILDKIT=" + b.kit},
		Args: []string{"build", "-t", dashboardImage, folder}})
	if err != nil {
		t.Fatal(err)
	}

	t.Run("answers through the proxy, read-only and without capabilities", func(t *testing.T) {
		d := startDashboard(t, e)
		var answer struct {
			Path string
			UID  int
		}
		body := d.get(t, "hello?a=%2F")
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Fatalf("the app did not answer: %v: %s", err, body)
		}
		if answer.Path != "/hello?a=%2F" || answer.UID != 1000 {
			t.Errorf("the app saw %+v", answer)
		}
	})

	t.Run("docker stop lets the app leave in good order", func(t *testing.T) {
		d := startDashboard(t, e)
		if status := d.stop(t); status == 137 {
			t.Error("Docker had to kill the container")
		}
		if logs := d.logs(t); !strings.Contains(logs, "app: left in good order") {
			t.Errorf("the app was not asked to stop, or not given the time:\n%s", logs)
		}
	})

	t.Run("an app that does not listen is killed by us, and not by Docker", func(t *testing.T) {
		d := startDashboard(t, e, "DEAF=1")
		if status := d.stop(t); status == 137 {
			t.Error("Docker had to kill the container")
		}
		logs := d.logs(t)
		for _, want := range []string{"app: told to stop, but deaf", "the app did not end in time and is killed"} {
			if !strings.Contains(logs, want) {
				t.Errorf("it does not say %q:\n%s", want, logs)
			}
		}
	})

	t.Run("the app's exit status is the container's", func(t *testing.T) {
		for _, want := range []int{7, 0} {
			d := startDashboard(t, e, "--restart=never")
			d.get(t, fmt.Sprintf("exit/%d", want))
			got := e.docker(t, 30*time.Second, "wait", d.name)
			if got != strconv.Itoa(want) {
				t.Errorf("the app ended with %d, the container with %s:\n%s", want, got, d.logs(t))
			}
		}
	})

	t.Run("orphans are reaped by PID 1", func(t *testing.T) {
		d := startDashboard(t, e)
		for range 3 {
			d.get(t, "orphan")
		}
		for pid := range d.awaitOrphans(t, 3) {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
		d.awaitOrphans(t, 0)
	})
}

// dashboard is one running container.
type dashboard struct {
	daemon *daemon
	name   string
	url    string
}

// startDashboard runs the dashboard image as locked up as it goes and waits until
// the app answers. Extras are NAME=value for the environment or --flags of ours.
func startDashboard(t *testing.T, e *daemon, extras ...string) *dashboard {
	t.Helper()
	port := freePort(t)
	origin := fmt.Sprintf("http://127.0.0.1:%d", port)
	args := []string{"run", "--detach", "--network", "host", "--read-only", "--cap-drop", "ALL",
		"--security-opt", "no-new-privileges", "--pids-limit", "128",
		"--env", "JUPYTERHUB_SERVICE_URL=" + origin + prefix, "--env", "JUPYTERHUB_SERVICE_PREFIX=" + prefix}
	flags := []string{"--authtype=none"}
	for _, extra := range extras {
		if strings.HasPrefix(extra, "--") {
			flags = append(flags, extra)
		} else {
			args = append(args, "--env", extra)
		}
	}
	args = append(append(args, dashboardImage), flags...)
	args = append(args, "--", "python3", "-u", "/srv/app.py", "{port}")

	d := &dashboard{daemon: e, name: e.docker(t, 30*time.Second, args...), url: origin + prefix}
	t.Cleanup(func() { e.docker(t, 30*time.Second, "rm", "--force", d.name) })
	// The probe of the hub first: it must not wait for the app.
	for _, path := range []string{"api", ""} {
		d.await(t, path)
	}
	return d
}

func (d *dashboard) await(t *testing.T, path string) {
	t.Helper()
	var last string
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		status, body, err := d.ask(path)
		if err == nil && status == http.StatusOK {
			return
		}
		last = fmt.Sprintf("status %d, error %v, body %.200s", status, err, body)
	}
	t.Fatalf("%s%s does not answer 200 within a minute: %s\n%s", d.url, path, last, d.logs(t))
}

// get asks for a path that must answer 200.
func (d *dashboard) get(t *testing.T, path string) string {
	t.Helper()
	status, body, err := d.ask(path)
	if err != nil || status != http.StatusOK {
		t.Fatalf("%s%s: status %d, error %v\n%s", d.url, path, status, err, d.logs(t))
	}
	return body
}

func (d *dashboard) ask(path string) (int, string, error) {
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(d.url + path)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}

// stop stops the container, and returns its exit status: 137 if Docker had to kill
// it, for which that waits longer than we do on any machine.
func (d *dashboard) stop(t *testing.T) int {
	t.Helper()
	d.daemon.docker(t, 90*time.Second, "stop", "--time", "60", d.name)
	status, err := strconv.Atoi(d.daemon.docker(t, 10*time.Second, "inspect", "--format", "{{.State.ExitCode}}", d.name))
	if err != nil {
		t.Fatal(err)
	}
	return status
}

// logs is what the container printed, on both of its outputs.
func (d *dashboard) logs(t *testing.T) string {
	t.Helper()
	out, err := d.daemon.Try(10*time.Second, engine.Command{Args: []string{"logs", d.name}, Both: true})
	if err != nil {
		t.Error(err)
	}
	return out
}

// awaitOrphans waits until the app has so many orphans, and returns their states by
// their IDs.
func (d *dashboard) awaitOrphans(t *testing.T, count int) map[int]string {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		found := d.orphans(t)
		if len(found) == count {
			return found
		}
		if time.Now().After(deadline) {
			t.Fatalf("PID 1 should have %d orphans, and has %v", count, found)
		}
	}
}

// orphans are the states of the app's orphans, which all are called sleep, by the
// IDs that this machine gives them: docker top does not show the dead.
func (d *dashboard) orphans(t *testing.T) map[int]string {
	t.Helper()
	first := d.daemon.docker(t, 10*time.Second, "inspect", "--format", "{{.State.Pid}}", d.name)
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	found := map[int]string{}
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended meanwhile
		}
		id, rest, _ := strings.Cut(string(stat), " (")
		name, rest, _ := strings.Cut(rest, ") ")
		if fields := strings.Fields(rest); name == "sleep" && len(fields) > 1 && fields[1] == first {
			pid, err := strconv.Atoi(id)
			if err != nil {
				t.Fatal(err)
			}
			found[pid] = fields[0]
		}
	}
	return found
}

func freePort(t *testing.T) int {
	t.Helper()
	ports, err := bed.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	return ports[0]
}
