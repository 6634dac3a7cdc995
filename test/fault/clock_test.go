//go:build e2e

package fault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A hub whose clock is off, by what it says, changes nothing.
func TestSecurityClockOfTheHub(t *testing.T) {
	t.Parallel()
	at := newStand(t, "clock", livesFor(3*time.Second))
	for name, fault := range map[string]fault{
		"a day ahead":    {answer: dated(24 * time.Hour)},
		"a day behind":   {answer: dated(-24 * time.Hour)},
		"without a date": {answer: undated},
	} {
		t.Run(name, func(t *testing.T) {
			at.layer.begin(t, fault)
			at.worksAsUsual(t)
			at.layer.end(t)
		})
	}
}

// Nor does the clock that our own program goes by.
func TestSecurityClockOfOurs(t *testing.T) {
	t.Parallel()
	wrong := buildWithAnotherClock(t)
	for name, seconds := range map[string]int{"day-ahead": 86400, "day-behind": -86400, "hour-ahead": 3700} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := newStand(t, name, setup{
				program: wrong, before: []string{"env", fmt.Sprintf("FAULT_CLOCK=%d", seconds)}, flags: livesFor(3 * time.Second).flags,
			})
			at.clockIsOff(t, time.Duration(seconds)*time.Second)
			at.worksAsUsual(t)
			// The hub is the judge of when a server was used, by its own clock.
			at.reportsAgain(t, time.Now().UTC())
			model, err := at.hub.Server(t.Context(), at.user, "")
			if err != nil {
				t.Fatal(err)
			}
			if off := time.Since(model.LastActivity); off.Abs() > time.Minute {
				t.Errorf("the hub believes that the server was used %s ago", off)
			}
		})
	}
}

// worksAsUsual looks at somebody who logs in, somebody who is in, somebody with
// a token and somebody with nothing, and at the end of a verdict.
func (s *stand) worksAsUsual(t *testing.T) {
	t.Helper()
	in := s.logIn(t)
	socket := s.openSocket(t, in)
	nobody, token := s.hub.NewSession(""), s.token(t)
	if err := errors.Join(
		s.isIn(t.Context(), in), socket.echoes(),
		s.isIn(t.Context(), nobody, "Authorization", "token "+token),
		s.refusesUpgrade(t.Context(), nobody),
	); err != nil {
		t.Error(err)
	}
	if answer, err := send(t.Context(), nobody, s.prefix+"newcomer", script()...); err != nil || answer.Status != http.StatusUnauthorized {
		t.Errorf("a stranger was answered %v, %v", answer, err)
	}
	calls := s.layer.count("user")
	eventually(t, patience, func() error {
		if err := errors.Join(s.isIn(t.Context(), in), socket.echoes()); err != nil {
			t.Fatal(err)
		}
		if s.layer.count("user") == calls {
			return errors.New("the verdict does not end")
		}
		return nil
	})
}

// dated lets the hub answer as if its clock were off by that much.
func dated(off time.Duration) func(*call) error {
	return func(c *call) error {
		response, err := c.ask()
		if err != nil {
			return err
		}
		response.Header.Set("Date", time.Now().Add(off).UTC().Format(http.TimeFormat))
		return response.Write(c.conn)
	}
}

func undated(c *call) error {
	response, err := c.ask()
	if err != nil {
		return err
	}
	response.Header.Del("Date")
	return response.Write(c.conn)
}

// clockIsOff checks that the program goes by another clock, by its log.
func (s *stand) clockIsOff(t *testing.T, by time.Duration) {
	t.Helper()
	eventually(t, patience, func() error {
		_, after, _ := strings.Cut(s.log(t), "time=")
		stamp, _, _ := strings.Cut(after, " ")
		at, err := time.Parse(time.RFC3339Nano, stamp)
		if off := time.Until(at); err == nil && (off-by).Abs() > time.Minute {
			err = fmt.Errorf("the program's clock is %s ahead of ours", off)
		}
		return err
	})
}

// buildWithAnotherClock compiles our program with a standard library that
// tells the time FAULT_CLOCK seconds later. A static Go program asks the kernel
// itself, so neither a preloaded library nor a time namespace, which leaves the
// wall clock alone, can tell it another time.
func buildWithAnotherClock(t *testing.T) string {
	t.Helper()
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	library := filepath.Join(strings.TrimSpace(string(root)), "src", "time")
	source, err := os.ReadFile(filepath.Join(library, "time.go"))
	if err != nil {
		t.Fatal(err)
	}
	const reading = "\tsec, nsec, mono := runtimeNow()\n"
	if bytes.Count(source, []byte(reading)) != 1 {
		t.Fatalf("%s/time.go does not read the clock as it used to", library)
	}
	folder := filepath.Join(shared.Folder, "clock")
	changed, overlay, binary := filepath.Join(folder, "time.go"), filepath.Join(folder, "overlay.json"), filepath.Join(folder, "jhsingle-native-proxy")
	replaced, err := json.Marshal(map[string]any{"Replace": map[string]string{
		filepath.Join(library, "time.go"):        changed,
		filepath.Join(library, "fault_clock.go"): filepath.Join(shared.Root, "test", "fault", "testdata", "clock.go"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(
		os.MkdirAll(folder, 0o755),
		os.WriteFile(changed, bytes.Replace(source, []byte(reading), []byte(reading+"\tsec += faultClock\n"), 1), 0o644),
		os.WriteFile(overlay, replaced, 0o644),
	); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-overlay", overlay, "-o", binary, "./cmd/jhsingle-native-proxy")
	build.Dir = shared.Root
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", build.Args, err, said)
	}
	return binary
}
