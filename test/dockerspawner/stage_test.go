//go:build e2e

// Package dockerspawner makes dashboards on a hub whose servers are containers: a
// real DockerSpawner, on a Docker daemon that the test starts itself, with an image
// as operators make them.
//
//	go test -tags e2e ./test/dockerspawner/
package dockerspawner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/test/bed"
	"github.com/ideonate/jhsingle-native-proxy/test/dashboards/house"
	"github.com/ideonate/jhsingle-native-proxy/test/engine"
)

// patience is the bound of every wait for something that should take moments, on
// a machine that has much else to do.
const patience = 3 * time.Minute

// settings have one snapshot kept of each dashboard, what was taken back be felt
// within a second, and repositories come from one place, which is this machine.
const settings = `
servers: {arguments: [--verdict-lifetime=1]}
retention: {revisions: 1}
sources: {repositories: [%q]}
`

// shared is what all tests stand on, one after the other.
var shared struct {
	bed    *bed.Bed
	docker *engine.Engine
	git    *gitServer
	house  *house.House
}

func TestMain(m *testing.M) { os.Exit(play(m)) }

func play(m *testing.M) (code int) {
	fail := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, "tests with DockerSpawner:", err)
			code = 1
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 12*time.Minute)
	defer cancel()
	cache, lock, err := engine.OpenCache("dockerspawner")
	if err != nil {
		fail(err)
		return code
	}
	defer lock.Close()
	if shared.bed, err = bed.Setup(ctx, os.Stderr); err == nil {
		err = run(ctx, filepath.Join(shared.bed.Root, "test", "dockerspawner", "setup"))
	}
	if err != nil {
		fail(err)
		return code
	}
	if shared.docker, err = engine.StartApart(cache); err != nil {
		fail(err)
		return code
	}
	defer func() { fail(shared.docker.Close()) }()
	fail(sweep(shared.docker))
	defer func() { fail(sweep(shared.docker)) }()
	gateway, err := prepare(ctx)
	if err != nil {
		fail(err)
		return code
	}
	way, err := startRelay(gateway + ":0")
	if err != nil {
		fail(err)
		return code
	}
	defer way.close()
	if shared.git, err = startGit(gateway); err != nil {
		fail(err)
		return code
	}
	defer shared.git.close()
	if shared.house, err = openHouse(ctx, cache, way); err != nil {
		fail(err)
		return code
	}
	defer func() { fail(shared.house.Close()) }()
	cancel()
	return m.Run()
}

func run(ctx context.Context, program string, args ...string) error {
	command := exec.CommandContext(ctx, program, args...)
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s: %w", program, err)
	}
	return nil
}

// openHouse starts a hub that is configured as DockerSpawner's own documentation
// has it: a network of its own, and a volume for each user.
func openHouse(ctx context.Context, cache string, way *relay) (*house.House, error) {
	built, err := shared.bed.Build(ctx, "./cmd/dashboard-builder", false)
	if err != nil {
		return nil, err
	}
	// A place of its own, as other tests build theirs.
	binary := filepath.Join(cache, "dashboard-builder")
	if err := errors.Join(os.RemoveAll(binary), run(ctx, "cp", built, binary)); err != nil {
		return nil, err
	}
	opened, err := house.Open(ctx, shared.bed, house.Options{
		Name:    "dockerspawner",
		Program: filepath.Join(cache, "venv", "bin", "jupyterhub"),
		Hub:     map[string]any{"spawner_class": "docker"},
		Sections: map[string]map[string]any{"DockerSpawner": {
			"client_kwargs":   map[string]any{"base_url": shared.docker.Host},
			"hub_connect_url": way.url,
			"image":           notebookImage,
			"network_name":    network,
			"notebook_dir":    home,
			"volumes":         map[string]any{"jupyterhub-user-{username}": home},
			"start_timeout":   180,
			"http_timeout":    180,
		}},
		Groups:    map[string][]string{"team": {"carol"}},
		HubConfig: []string{"--spawner=docker", "--binary=" + binary},
		Settings:  fmt.Sprintf(settings, shared.git.url),
		Serve:     []string{"--cloner=docker", "--docker-host=" + shared.docker.Host},
	})
	if err != nil {
		return nil, err
	}
	way.to(opened.APIURL())
	return opened, opened.Service.Start(ctx)
}

// stage is the house in one test.
type stage struct {
	*testing.T
	*house.House
	docker *engine.Engine
}

func open(t *testing.T) *stage {
	t.Helper()
	s := &stage{t, shared.house, shared.docker}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s\n%s\n%s\n%s", s.LogTail(40), s.serviceTail(40), s.docker.Log(), s.containerLogs())
		}
	})
	return s
}

// serveWith has the service run with further flags until the test ends.
func (s *stage) serveWith(flags ...string) {
	s.Helper()
	again := func(flags []string) error {
		s.Service.Flags = flags
		return errors.Join(s.Service.Stop(), s.Service.Start(context.Background()))
	}
	s.must(again(flags))
	s.Cleanup(func() {
		if err := again(nil); err != nil {
			s.Error(err)
		}
	})
}

func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *stage) serviceTail(lines int) string {
	content, err := os.ReadFile(s.Service.LogFile())
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimSpace(string(content)), "\n")
	return s.Service.LogFile() + ":\n" + strings.Join(all[max(0, len(all)-lines):], "\n")
}

// containerLogs are the ends of what containers have said.
func (s *stage) containerLogs() string {
	var text strings.Builder
	names, err := s.docker.Docker("ps", "--all", "--format", "{{.Names}}")
	for name := range strings.FieldsSeq(names) {
		said, _ := s.docker.Try(10*time.Second, engine.Command{Args: []string{"logs", "--tail", "20", name}, Both: true})
		fmt.Fprintf(&text, "%s:\n%s\n", name, said)
	}
	if err != nil {
		return err.Error()
	}
	return text.String()
}

// run runs a docker command that must succeed.
func (s *stage) run(args ...string) string {
	s.Helper()
	out, err := s.docker.Docker(args...)
	s.must(err)
	return out
}

func (s *stage) person(name string) *house.Person {
	s.Helper()
	person, err := s.Person(s.Context(), name)
	s.must(err)
	return person
}

// create makes a dashboard, and returns it when it is built, with the job.
func (s *stage) create(owner *house.Person, wanted api.New) (api.Dashboard, api.Job) {
	s.Helper()
	made, err := owner.Create(s.Context(), wanted)
	s.must(err)
	job := s.wantDone(owner, made.Job)
	return s.get(owner, made.Dashboard.ID), job
}

func (s *stage) get(owner *house.Person, id string) api.Dashboard {
	s.Helper()
	found, err := owner.Dashboard(s.Context(), id)
	s.must(err)
	return found
}

// follow waits for the end of a job.
func (s *stage) follow(who *house.Person, job api.Job) api.Job {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 3*patience)
	defer cancel()
	ended, err := who.Follow(ctx, job.ID, 0, api.Follower{})
	if err != nil {
		s.Fatalf("the job %s of %s: %v", job.Kind, job.Dashboard, err)
	}
	return ended
}

// wantDone waits for the end of a job, which has to be a good one.
func (s *stage) wantDone(who *house.Person, job api.Job) api.Job {
	s.Helper()
	ended := s.follow(who, job)
	if ended.Failure != "" {
		s.Fatalf("the job %s of %s failed: %s\n%s", job.Kind, job.Dashboard, ended.Failure, s.log(who, job))
	}
	return ended
}

func (s *stage) log(who *house.Person, job api.Job) string {
	s.Helper()
	text, err := who.LogOf(s.Context(), job)
	s.must(err)
	return text
}

// eventually waits until a check passes.
func (s *stage) eventually(what string, check func() error) {
	s.Helper()
	if err := house.Await(s.Context(), patience, check); err != nil {
		s.Fatalf("%s: %v", what, err)
	}
}
