//go:build e2e

package chaos

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// Our own program is ended by what nobody can object to. The app goes with it,
// as the kernel sees to that. What the app has started by itself stays: nobody
// is left to end it, and who adopts it does not know it. The test says how many
// these are, so that nobody believes otherwise; see the next one for a container.
func TestAppDoesNotOutliveOurOwnDeath(t *testing.T) {
	s := start(t, setup{flags: []string{"--no-logs"}, app: []string{"--family"}})
	app, err := s.app(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-s.ended
	var left []bed.Process
	eventually(t, patience, func() error {
		if left, err = bed.ProcessesWith(s.mark); err != nil {
			return err
		}
		if slices.ContainsFunc(left, func(p bed.Process) bool { return p.ID == app }) {
			return fmt.Errorf("the app %d lives", app)
		}
		return nil
	})
	t.Logf("after a SIGKILL to our program the app is gone; of what it had started, these are left: %v", left)
	for _, process := range left {
		_ = syscall.Kill(process.ID, syscall.SIGKILL)
	}
	// The address is free again at once.
	if _, err := start(t, setup{flags: []string{"--no-logs"}}).app(t.Context()); err != nil {
		t.Error(err)
	}
}

// As the first process of a container, our program takes everything with it,
// wherever that has put itself (pid_namespaces(7)).
func TestNothingOutlivesOurOwnDeathAsTheFirstProcess(t *testing.T) {
	unshare := []string{"unshare", "--pid", "--fork", "--mount-proc"}
	if os.Geteuid() != 0 {
		unshare = append(unshare, "--map-root-user")
	}
	s := start(t, setup{before: unshare, flags: []string{"--no-logs"}, app: []string{"--family"}})
	// One that is just becoming another has no environment for a moment.
	eventually(t, patience, func() error {
		all, err := bed.ProcessesWith(s.mark)
		if err == nil && len(all) < 6 { // with unshare
			err = fmt.Errorf("our program, the app and its three children should run, but these do: %v", all)
		}
		return err
	})
	ours, err := s.own()
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(ours, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if left, err := bed.AwaitGone(patience, s.mark); err != nil || len(left) > 0 {
		t.Errorf("these are left: %v %v", left, err)
	}
}

// As the first process it also waits for the orphans of others, and a stop
// leaves nothing.
func TestFirstProcessLeavesNoZombies(t *testing.T) {
	unshare := []string{"unshare", "--pid", "--fork", "--mount-proc"}
	if os.Geteuid() != 0 {
		unshare = append(unshare, "--map-root-user")
	}
	s := start(t, setup{before: unshare, flags: []string{"--no-logs", "--restart=always", "--restart-delay=0.05", "--restart-limit=1000", "--restart-reset-after=0.01"}, app: []string{"--family"}})
	for range 5 {
		// The app's number within is not ours without: all of its family is
		// ended at once, and those that it left are ours to wait for.
		app, err := s.app(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		found, err := bed.ProcessesWith(s.mark)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range found {
			if strings.HasPrefix(p.Command, shared.victim) || strings.HasPrefix(p.Command, "sleep") {
				_ = syscall.Kill(p.ID, syscall.SIGKILL)
			}
		}
		s.awaitOther(t, app)
	}
	eventually(t, patience, func() error {
		if n := s.zombies(t); n > 0 {
			return fmt.Errorf("%d zombies are left", n)
		}
		return nil
	})
}
