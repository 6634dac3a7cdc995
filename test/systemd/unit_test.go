//go:build e2e

package systemd

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// unit is what systemd says of one.
type unit map[string]string

// unit asks for what tells which process it is, whose, and what it may take.
func (s *stage) unit(name string) unit {
	s.Helper()
	found := unit{}
	for line := range strings.Lines(s.sh(`systemctl show --property=ActiveState,MainPID,NRestarts,UID,MemoryMax,CPUQuotaPerSecUSec "$1"`, name)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		found[key] = value
	}
	return found
}

// same says whether it is still the same process that runs.
func (u unit) same(other unit) error {
	if u["ActiveState"] != "active" || other["ActiveState"] != "active" || u["MainPID"] != other["MainPID"] {
		return fmt.Errorf("it was %v and is %v", u, other)
	}
	return nil
}

// units are the names of those of a user's servers, failed ones too.
func (s *stage) units(user string) []string {
	s.Helper()
	found := map[string]bool{}
	for line := range strings.Lines(s.sh(`systemctl list-units --all --plain --no-legend "$1" "$2"`, "jupyter-"+user+".service", "jupyter-"+user+"-*")) {
		found[strings.Fields(line)[0]] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// users says as whom the processes of a unit run.
func (s *stage) users(name string) string {
	s.Helper()
	// By their status: /proc/N itself is root's where a process cannot be dumped.
	return s.sh(`
		unit=$(systemctl show --property=ControlGroup --value "$1")
		for list in /sys/fs/cgroup{/systemd,}"$unit"/cgroup.procs; do
			[ -e "$list" ] || continue
			while read -r pid; do
				awk '/^Uid:/ {for (i = 2; i <= 5; i++) print $i}' "/proc/$pid/status"
			done <"$list"
		done | sort -u | xargs getent passwd | cut -d: -f1`, name)
}
