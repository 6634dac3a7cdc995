//go:build e2e

// Package systemd makes dashboards on a machine with systemd, in the shape of The
// Littlest JupyterHub: servers are units, of a user of the machine each, and the
// service is the unit of deploy/systemd.
//
//	go test -tags e2e ./test/systemd/
package systemd

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/test/bed"
	"github.com/ideonate/jhsingle-native-proxy/test/dashboards/house"
	"github.com/ideonate/jhsingle-native-proxy/test/engine"
)

// patience is the bound of every wait for something that should take moments, on
// a machine that has much else to do.
const patience = 3 * time.Minute

// shared is what all tests stand on, one after the other.
var shared struct {
	bed     *bed.Bed
	machine *machine
	house   *house.House
}

func TestMain(m *testing.M) { os.Exit(play(m)) }

func play(m *testing.M) (code int) {
	fail := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, "tests with systemd:", err)
			code = 1
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 12*time.Minute)
	defer cancel()
	cache, lock, err := engine.OpenCache("systemd")
	if err != nil {
		fail(err)
		return code
	}
	defer lock.Close()
	if shared.bed, err = bed.Setup(ctx, os.Stderr); err != nil {
		fail(err)
		return code
	}
	docker, err := engine.Start(cache)
	if err != nil {
		fail(err)
		return code
	}
	defer func() { fail(docker.Close()) }()
	fail(sweep(docker))
	defer func() { fail(sweep(docker)) }()
	if shared.machine, err = boot(ctx, docker, cache); err == nil {
		shared.house, err = install(ctx, shared.machine)
	}
	if err != nil {
		fail(err)
		fmt.Fprintln(os.Stderr, shared.machine.journal(60))
		return code
	}
	cancel()
	return m.Run()
}

// install does on the machine what docs/dashboards.md says.
func install(ctx context.Context, m *machine) (*house.House, error) {
	program, err := os.ReadFile(filepath.Join(shared.bed.Root, "deploy", "systemd", "dashboard-builder.service"))
	if err != nil {
		return nil, err
	}
	const password, token = "of-this-machine", "of-this-machine-of-this-machine-"
	err = errors.Join(
		m.write("/opt/tljh/told.json", fmt.Sprintf(`{"password": %q, "token": %q}`, password, token)),
		m.write("/opt/tljh/config/jupyterhub_config.d/named-servers.py", "c.JupyterHub.allow_named_servers = True\n"),
		m.write("/etc/dashboard-builder.yaml", settings),
		m.write("/etc/systemd/system/dashboard-builder.service", string(program)),
		m.write("/etc/systemd/system/dashboard-builder.service.d/override.conf", override),
	)
	if err != nil {
		return nil, err
	}
	if _, err := m.run(`
		(umask 077 && openssl rand -hex 32 >/etc/dashboards.token)
		dashboard-builder hub-config --spawner systemd --token-file /etc/dashboards.token \
			>/opt/tljh/config/jupyterhub_config.d/zz-dashboards.py
		cp /opt/machine/*.service /etc/systemd/system/
		chmod -R go=rX /etc/systemd/system
		systemctl daemon-reload
		systemctl start jupyterhub
		systemctl enable --now dashboard-builder
	`); err != nil {
		return nil, err
	}
	address := "http://" + m.address + ":8000"
	opened := &house.House{Hub: bed.Known(address, password, token), Page: address + "/services/dashboards/"}
	for _, each := range []string{address + "/hub/health", opened.Page + "health"} {
		if err := house.Await(ctx, patience, func() error { return house.Healthy(ctx, http.DefaultClient, each) }); err != nil {
			return nil, err
		}
	}
	return opened, nil
}

// settings have what was taken back be felt within a second, and one snapshot kept.
const settings = `
servers: {arguments: [--verdict-lifetime=1]}
retention: {revisions: 1}
`

// override is what an operator adds by "systemctl edit".
const override = `
[Service]
Environment=DASHBOARD_BUILDER_SETTINGS=/etc/dashboard-builder.yaml
`

// stage is the machine in one test.
type stage struct {
	*testing.T
	*house.House
	*machine
}

func open(t *testing.T) *stage {
	t.Helper()
	s := &stage{t, shared.house, shared.machine}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.journal(80))
		}
	})
	return s
}

func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// sh runs a program of a shell on the machine, as root, which has to succeed.
func (s *stage) sh(program string, arguments ...string) string {
	s.Helper()
	out, err := s.run(program, arguments...)
	s.must(err)
	return out
}

// eventually waits until a check passes.
func (s *stage) eventually(what string, check func() error) {
	s.Helper()
	if err := house.Await(s.Context(), patience, check); err != nil {
		s.Fatalf("%s: %v", what, err)
	}
}

// person is a user of the hub with a token for the service.
func (s *stage) person(name string) *house.Person {
	s.Helper()
	person, err := s.Person(s.Context(), name)
	s.must(err)
	return person
}

// startServer starts somebody's own server, by which the machine knows them.
func (s *stage) startServer(name string) *house.Person {
	s.Helper()
	person := s.person(name)
	s.must(s.StartServer(s.Context(), name, "", bed.Server{}))
	s.Cleanup(func() {
		if err := s.StopServer(context.Background(), name, ""); err != nil {
			s.Error(err)
		}
	})
	return person
}

// save writes files into somebody's home, as theirs and for nobody else to read, by
// name and content in turns.
func (s *stage) save(user string, pairs ...string) {
	s.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		s.sh(`umask 077 && cd ~ && mkdir -p "$(dirname "$1")" && printf %s "$2" >"$1"`, as(user), pairs[i], pairs[i+1])
	}
}

// static is a dashboard of a folder with an index.html, which starts in no time.
func static(name, folder string) api.New {
	return api.New{
		Name:   name,
		Source: api.Source{Kind: dashboard.FromServer, Folder: folder},
		App:    api.App{Framework: "static"},
	}
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

// do begins a job, and waits for its end.
func (s *stage) do(who *house.Person, begin func(context.Context, string) (api.Job, error), d api.Dashboard) api.Job {
	s.Helper()
	job, err := begin(s.Context(), d.ID)
	s.must(err)
	return s.wantDone(who, job)
}

// delete takes a dashboard away, and waits until it is gone, and its job with it.
func (s *stage) delete(owner *house.Person, d api.Dashboard) {
	s.Helper()
	_, err := owner.Delete(s.Context(), d.ID)
	s.must(err)
	s.eventually(d.Name+" is gone", func() error {
		found, err := owner.Dashboard(s.Context(), d.ID)
		if err == nil {
			return fmt.Errorf("it is there, and %s", found.State)
		}
		var problem *api.Problem
		if errors.As(err, &problem) && problem.Kind == dashboard.NotFound {
			return nil
		}
		return err
	})
}

// wantDone waits for the end of a job, which has to be a good one. The service may be
// away meanwhile.
func (s *stage) wantDone(who *house.Person, job api.Job) (ended api.Job) {
	s.Helper()
	s.eventually(fmt.Sprintf("the job %s of %s ends", job.Kind, job.Dashboard), func() (err error) {
		if ended, err = who.Job(s.Context(), job.ID); err == nil && !ended.Done {
			err = errors.New("it is at " + string(ended.Step))
		}
		return err
	})
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

// shows is what a dashboard shows to a person, when it has started.
func (s *stage) shows(who *house.Person, d api.Dashboard) string {
	s.Helper()
	shown, err := s.Shown(s.Context(), who, d, patience)
	if err != nil {
		s.Fatalf("%s shows itself to %s: %v", d.Name, who.Name, err)
	}
	return shown
}
