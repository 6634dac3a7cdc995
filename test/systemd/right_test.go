//go:build e2e

package systemd

import (
	"strings"
	"testing"
)

// A snapshot has what its owner may read and no more, although root makes it, and
// nobody else of the machine reads it.
func TestSecurityASnapshotIsItsOwners(t *testing.T) {
	s := open(t)
	ann := s.startServer("ann")
	s.sh(`useradd --create-home jupyter-ben && chmod 700 /home/jupyter-ben`)
	s.save("ben", "secret.txt", "of ben")
	s.save("ann", "site/index.html", "shown", "site/mine", "mine", "elsewhere.txt", "of ann")
	s.sh(`cd ~/site && ln -s /etc/shadow shadow && ln -s /home/jupyter-ben ben && ln -s /home/jupyter-ben/secret.txt secret &&
		ln -s ../elsewhere.txt elsewhere && ln -s /etc/dashboards.token token && ln -s mine link`, as("ann"))
	s.sh(`cd /home/jupyter-ann/site && install -m 600 /etc/shadow roots && install -m 600 -o jupyter-ben /home/jupyter-ben/secret.txt bens`)

	made, job := s.create(ann, static("Site", "site"))
	if shown := s.shows(ann, made); shown != "shown" {
		t.Errorf("it shows %q", shown)
	}
	at := state + "/snapshots/" + made.ID + "/1"
	if found := s.sh(`cd "$1" && find . -printf './%P %U %m\n' | sort`, at); found != strings.ReplaceAll("./ UID 700\n./index.html UID 600\n./link UID 777\n./mine UID 600", "UID", s.sh("id -u jupyter-ann")) {
		t.Errorf("the snapshot is\n%s", found)
	}
	log := s.log(ann, job)
	for _, line := range []string{"that lead out of the folder", "that their owner may not read: bens, roots"} {
		if !strings.Contains(log, line) {
			t.Errorf("the log has no %q:\n%s", line, log)
		}
	}
	if out := s.sh(`cat "$1"/mine`, as("ann"), at); out != "mine" {
		t.Errorf("she reads %q", out)
	}
	for _, program := range []string{`ls "$1"`, `cat "$1"/index.html`, `ls "$(dirname "$1")"`, `ls "$2"`, `ls "$2"/snapshots`, `cat "$2"/dashboards.sqlite`, `cat /etc/dashboards.token`, `ls /run/credentials/dashboard-builder.service`, `cat /run/jupyter-ann-*/*`} {
		if out, err := s.run(program, as("ben"), at, state); err == nil {
			t.Errorf("ben gets %q by %s", out, program)
		}
	}
	if found := s.sh(`journalctl --quiet --no-pager | grep -cF -f /etc/dashboards.token || true`); found != "0" {
		t.Errorf("the journal has the service's token in %s lines", found)
	}
	s.delete(ann, made)
	s.checkNothingLeft(ann, made, "jupyter-ann.service")
}

// The machine's users have short names, whatever their names are on the hub.
func TestANameThatIsTooLongForTheMachine(t *testing.T) {
	s := open(t)
	const name = "margaret.hamilton@example.org"
	margaret := s.startServer(name)
	s.save(name, "site/index.html", "shown")
	made, _ := s.create(margaret, static("Site", "site"))
	if shown := s.shows(margaret, made); shown != "shown" {
		t.Errorf("it shows %q", shown)
	}
	if units := s.units(name); len(units) != 2 {
		t.Errorf("she has the units %q", units)
	}
	s.delete(margaret, made)
	s.checkNothingLeft(margaret, made, "jupyter-"+name+".service")
}

// Administrators' own servers may use sudo on The Littlest JupyterHub. Their dashboards,
// which others open, may not.
func TestSecurityAnAdministratorsDashboardGainsNoPrivileges(t *testing.T) {
	s := open(t)
	boss := s.startServer("boss")
	s.save("boss", "site/index.html", "shown")
	made, _ := s.create(boss, static("Site", "site"))
	for unit, want := range map[string]string{"jupyter-boss": "no", "jupyter-boss-" + made.Detail.Server: "yes"} {
		if got := s.sh(`systemctl show --property=NoNewPrivileges --value "$1"`, unit); got != want {
			t.Errorf("NoNewPrivileges of %s is %q", unit, got)
		}
	}
	s.delete(boss, made)
	s.checkNothingLeft(boss, made, "jupyter-boss.service")
}

// The service may do what its work takes, and nothing else.
func TestSecurityTheServicesUnit(t *testing.T) {
	s := open(t)
	if said := s.sh(`systemd-analyze verify dashboard-builder.service 2>&1`); said != "" {
		t.Errorf("systemd says of the unit:\n%s", said)
	}
	// In tenths: it has to be root, in the machine's network and files.
	s.sh(`systemd-analyze security --no-pager --threshold=27 dashboard-builder.service`)
	for program, want := range map[string]string{
		`awk '/^CapBnd:/ {print $2}' "/proc/$pid/status"`:                                                                              "00000000000000cb",
		`awk '/^NoNewPrivs:/ {print $2}' "/proc/$pid/status"`:                                                                          "1",
		`for at in /home/jupyter-x /usr/x /etc/x /root/x; do nsenter --target="$pid" --mount touch "$at" 2>/dev/null || echo no; done`: "no\nno\nno\nno",
	} {
		if got := s.sh(`pid=$(systemctl show --property=MainPID --value dashboard-builder); ` + program); got != want {
			t.Errorf("%s says %q", program, got)
		}
	}
}
