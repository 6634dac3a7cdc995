//go:build e2e

package systemd

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/test/dashboards/house"
)

// The service is stopped and killed while it makes a copy, and systemd starts it
// again: the copy is made, and what ran before is not touched.
func TestTheServiceIsRestarted(t *testing.T) {
	s := open(t)
	carol := s.startServer("carol")
	s.save("carol", "site/index.html", "version 0")
	s.sh(`cd ~/site && for i in $(seq 2000); do echo "$i" >"$i.csv"; done`, as("carol"))
	made, _ := s.create(carol, static("Site", "site"))
	own := s.unit("jupyter-carol.service")
	t.Cleanup(func() { s.sh(goOn) })
	for i, command := range []string{"systemctl restart dashboard-builder", "systemctl kill --signal=KILL dashboard-builder"} {
		version := fmt.Sprintf("version %d", i+1)
		s.save("carol", "site/index.html", version)
		before := s.unit("dashboard-builder")
		s.wantDone(carol, s.strike(carol, made, command))
		if shown := s.shows(carol, made); shown != version {
			t.Errorf("%s: it shows %q", command, shown)
		}
		if after := s.unit("dashboard-builder"); after["ActiveState"] != "active" || after["MainPID"] == before["MainPID"] {
			t.Errorf("%s: the service was %v and is %v", command, before, after)
		}
		if files := s.sh(`ls "$1"/*.csv | wc -l`, fmt.Sprintf("%s/snapshots/%s/%d", state, made.ID, s.get(carol, made.ID).Detail.Revision)); files != "2000" {
			t.Errorf("%s: the snapshot has %s files", command, files)
		}
	}
	if err := own.same(s.unit("jupyter-carol.service")); err != nil {
		t.Errorf("her own server: %v", err)
	}
	s.delete(carol, made)
	s.checkNothingLeft(carol, made, "jupyter-carol.service")
}

// strike rebuilds a dashboard, has a command strike the service in the middle of the
// copy, in which it is held still, and checks that what ran before is not touched. Until
// then the hub stands still as well, so that nothing can become of the copy. One that was
// made too fast is made once more.
func (s *stage) strike(owner *house.Person, d api.Dashboard, command string) api.Job {
	s.Helper()
	const attempts = 10
	at := state + "/snapshots/" + d.ID
	for range attempts {
		revision := s.get(owner, d.ID).Detail.Revision + 1
		running := s.unit("jupyter-" + owner.Name + "-" + d.Detail.Server)
		said, done := "", make(chan error, 1)
		go func() {
			var err error
			said, err = s.run(`
				touch /run/watching
				pid=$(systemctl show --property=MainPID --value dashboard-builder)
				while [ ! -e "$2" ]; do
					compgen -G "$1" >/dev/null || continue
					kill -STOP "$pid"
					if compgen -G "$1" >/dev/null; then
						systemctl kill --signal=STOP jupyterhub
						$3
						echo struck
						exit
					fi
					kill -CONT "$pid"
				done`, fmt.Sprintf("%s/.making-%d/tree/1*.csv", at, revision), fmt.Sprintf("%s/%d", at, revision), command)
			done <- err
		}()
		s.eventually("somebody watches", func() error {
			_, err := s.run("rm /run/watching")
			return err
		})
		job, err := owner.Rebuild(s.Context(), d.ID)
		s.must(err)
		s.must(<-done)
		if said == "struck" {
			if err := running.same(s.unit("jupyter-" + owner.Name + "-" + d.Detail.Server)); err != nil {
				s.Errorf("%s: the dashboard: %v", command, err)
			}
			s.sh(goOn)
			return job
		}
		s.wantDone(owner, job)
	}
	s.Fatalf("%s: the copy was made too fast %d times", command, attempts)
	return api.Job{}
}

// goOn has the hub go on that stands still.
const goOn = "systemctl kill --signal=CONT jupyterhub"

// The hub is restarted, and servers run on, as on The Littlest JupyterHub. It finds
// them again, and so does the service.
func TestTheHubIsRestarted(t *testing.T) {
	s := open(t)
	dora := s.startServer("dora")
	s.save("dora", "site/index.html", "shown")
	made, _ := s.create(dora, static("Site", "site"))
	name, own := "jupyter-dora-"+made.Detail.Server+".service", "jupyter-dora.service"
	running, server, service := s.unit(name), s.unit(own), s.unit("dashboard-builder")

	s.hurry()
	s.sh("systemctl restart jupyterhub")
	// What is open stays so while the hub is away.
	s.eventually("the hub is back", func() error { return house.Healthy(t.Context(), http.DefaultClient, s.URL+"/hub/health") })
	for what, before := range map[string]unit{name: running, own: server, "dashboard-builder": service} {
		if err := before.same(s.unit(what)); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if shown := s.shows(dora, made); shown != "shown" {
		t.Errorf("it shows %q", shown)
	}
	if state := s.get(dora, made.ID).State; state != "running" {
		t.Errorf("the service says that it is %s", state)
	}
	// A hub that has just come back checks what it finds.
	s.eventually("the hub calls it ready", func() error {
		model, err := s.Server(t.Context(), "dora", made.Detail.Server)
		if err == nil && !model.Ready {
			err = fmt.Errorf("it says %+v", model)
		}
		return err
	})
	s.do(dora, dora.Stop, made)
	if units := s.units("dora"); !slices.Equal(units, []string{own}) {
		t.Errorf("after it was stopped, she has the units %q", units)
	}
	s.do(dora, dora.Start, made)
	if shown := s.shows(dora, made); shown != "shown" {
		t.Errorf("started again, it shows %q", shown)
	}
	if err := server.same(s.unit(own)); err != nil {
		t.Errorf("her own server: %v", err)
	}
	s.delete(dora, made)
	s.checkNothingLeft(dora, made, own)
}

// hurry has the hub's next start seem to be in the second of whatever is asked of it
// first, as it is where a hub starts fast: it takes no ticket of that second.
func (s *stage) hurry() {
	s.Helper()
	const around = "/opt/tljh/config/jupyterhub_config.d/"
	s.must(s.write(around+"zy-hurry.py", "import time\n\ntime.time = lambda real=time.time: real() + 1\n"))
	s.must(s.write(around+"zzz-hurry.py", "import time\n\ntime.time = time.time.__defaults__[0]\n"))
	s.Cleanup(func() { s.sh(`rm "$1"zy-hurry.py "$1"zzz-hurry.py`, around) })
}

// A dashboard's unit that was killed, as by the kernel for want of memory, is started
// again, and is not left as a failed one when the dashboard is deleted.
func TestAUnitIsKilled(t *testing.T) {
	s := open(t)
	finn := s.startServer("finn")
	s.save("finn", "site/index.html", "shown")
	made, _ := s.create(finn, static("Site", "site"))
	name, own := "jupyter-finn-"+made.Detail.Server+".service", s.unit("jupyter-finn.service")
	kill := `systemctl kill --signal=KILL "$1" && while systemctl --quiet is-active "$1"; do sleep 0.05; done`
	s.sh(kill, name)
	s.eventually("the service sees that it does not run", func() error {
		if state := s.get(finn, made.ID).State; state == dashboard.Running {
			return fmt.Errorf("it is %s", state)
		}
		return nil
	})
	s.do(finn, finn.Start, made)
	if shown := s.shows(finn, made); shown != "shown" {
		t.Errorf("it shows %q", shown)
	}
	s.sh(kill, name)
	s.delete(finn, made)
	if err := own.same(s.unit("jupyter-finn.service")); err != nil {
		t.Errorf("his own server: %v", err)
	}
	s.checkNothingLeft(finn, made, "jupyter-finn.service")
}
