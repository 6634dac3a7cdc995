//go:build e2e

package kubernetes_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// The real program takes what the manifests give it, and answers their probes.
func TestProgramStarts(t *testing.T) {
	program := filepath.Join(t.TempDir(), "dashboard-builder")
	compile := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./cmd/dashboard-builder")
	compile.Dir, compile.Env = "../..", append(os.Environ(), "CGO_ENABLED=0")
	if out, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, variant := range variants {
		t.Run(variant, func(t *testing.T) {
			all := build(t, variant)
			container := all.deployment().Spec.Template.Spec.Containers[0]
			folder, ports := mount(t, all, container), listen(t, container)
			var args []string
			for _, argument := range container.Args {
				args = append(args, relocate(argument, folder, ports))
			}
			command := exec.Command(program, args...)
			command.Dir = t.TempDir()
			command.Env = []string{"PATH=" + os.Getenv("PATH")}
			for _, variable := range container.Env {
				if variable.ValueFrom != nil { // of the database; an SQLite file will do
					variable.Value = "sqlite://" + filepath.Join(folder, "of-the-secret.sqlite")
				}
				command.Env = append(command.Env, variable.Name+"="+relocate(variable.Value, folder, ports))
			}
			log := &recording{}
			command.Stdout, command.Stderr = log, log
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- command.Wait() }()
			defer func() { _ = command.Process.Kill() }()

			probes := []string{"http://127.0.0.1:" + ports["10102"] + "/metrics"}
			for _, probe := range []*corev1.Probe{container.StartupProbe, container.ReadinessProbe} {
				probes = append(probes, "http://127.0.0.1:"+ports["10101"]+probe.HTTPGet.Path)
			}
			for _, address := range probes {
				if err := await(address, ended); err != nil {
					t.Fatalf("%s: %v\n%s", address, err, log)
				}
			}
			if err := command.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			select {
			case err := <-ended:
				if err != nil {
					t.Errorf("it ends with %v\n%s", err, log)
				}
			case <-time.After(20 * time.Second): // less than the pod is given
				t.Errorf("it does not end\n%s", log)
			}
			if strings.Contains(log.String(), "looks like a setting") || strings.Contains(log.String(), token) {
				t.Errorf("the log says\n%s", log)
			}
		})
	}
}

// mount makes the folders that a container has mounted, below one of the test's.
func mount(t *testing.T, all cluster, container corev1.Container) string {
	t.Helper()
	folder := t.TempDir()
	for _, mounted := range container.VolumeMounts {
		if err := os.MkdirAll(filepath.Join(folder, mounted.MountPath), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	files := map[string]string{"/run/secrets/dashboard-builder/token": token + "\n"}
	for name, content := range all.settings["dashboard-builder"].Data {
		files["/etc/dashboard-builder/"+name] = content
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err) // it is not mounted
		}
	}
	return folder
}

// listen finds a free port for each of a container's.
func listen(t *testing.T, container corev1.Container) map[string]string {
	t.Helper()
	free, err := bed.FreePorts(len(container.Ports))
	if err != nil {
		t.Fatal(err)
	}
	ports := map[string]string{}
	for i, port := range container.Ports {
		ports[fmt.Sprint(port.ContainerPort)] = fmt.Sprint(free[i])
	}
	return ports
}

// relocate puts the test's paths and ports into an argument.
func relocate(argument, folder string, ports map[string]string) string {
	name, value, found := strings.Cut(argument, "=")
	switch {
	case !found && strings.HasPrefix(argument, "/tmp"):
		return folder + argument
	case found && strings.HasPrefix(value, "/"):
		return name + "=" + folder + value
	case found && strings.HasPrefix(value, ":"):
		return name + "=127.0.0.1:" + ports[value[1:]]
	}
	return argument
}

// await asks until the answer is 200.
func await(address string, ended <-chan error) error {
	deadline := time.Now().Add(30 * time.Second)
	for {
		response, err := http.Get(address)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
			err = fmt.Errorf("it answers %s", response.Status)
		}
		if time.Now().After(deadline) {
			return err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case err := <-ended:
			return fmt.Errorf("it ended: %w", err)
		}
	}
}

// recording is a log that can be read while it is written.
type recording struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (r *recording) Write(line []byte) (int, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.text.Write(line)
}

func (r *recording) String() string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.text.String()
}
