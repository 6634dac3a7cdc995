package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/store"
)

// victim, in the environment, makes a test a process that writes to the database
// of that name until it is killed.
const victim = "STORE_TEST_VICTIM"

// TestKilled kills a process at any point of what it writes: what it was told to
// be kept is kept, and nothing is kept by half.
func TestKilled(t *testing.T) {
	if file := os.Getenv(victim); file != "" {
		writeForEver(file)
	}
	file := emptyFile(t)
	random := rand.New(rand.NewPCG(5, 5))
	kept := map[string]bool{}
	for round := range 6 {
		writer := startVictim(t, "TestKilled", file)
		for range 1 + random.IntN(10) {
			id, ok := strings.CutPrefix(writer.next(), "kept ")
			if !ok {
				t.Fatalf("it ended by itself: %s", id)
			}
			kept[id] = true
		}
		// It writes all the time, so any moment is in the middle of something.
		<-time.After(time.Duration(random.IntN(4000)) * time.Microsecond)
		writer.kill()
		sound(t, file)
		s := open(t, file)
		for id := range kept {
			d, err := s.Dashboard(t.Context(), id)
			if err != nil || len(d.Access.Users) < 3 {
				t.Fatalf("round %d: what was kept before is now %+v (%v)", round, d, err)
			}
		}
		s.Close()
	}
	if len(kept) < 6 {
		t.Errorf("only %d were kept", len(kept))
	}
}

// TestKilledInside kills a process within a transaction.
func TestKilledInside(t *testing.T) {
	if file := os.Getenv(victim); file != "" {
		stayInside(file)
	}
	file := emptyFile(t)
	s := open(t, file)
	d, job, err := keep(t.Context(), s, "Sales")
	if err != nil {
		t.Fatal(err)
	}
	writer := startVictim(t, "TestKilledInside", file)
	if line := writer.next(); line != "inside" {
		t.Fatalf("it says %q", line)
	}
	// While it lives, nobody else can write, but everybody can read.
	waiting, giveUp := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer giveUp()
	if err := s.AddGrant(waiting, d.ID, "bob"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("writing besides it: %v", err)
	}
	if got, err := s.Dashboard(t.Context(), d.ID); err != nil || got.Name != "Sales" {
		t.Errorf("reading besides it: %+v (%v)", got, err)
	}
	writer.kill()
	// And then at once.
	if err := s.AddGrant(t.Context(), d.ID, "bob"); err != nil {
		t.Error(err)
	}
	if err := s.SaveJob(t.Context(), dashboard.Job{ID: job.ID, Worker: job.Worker, Done: true}); err != nil {
		t.Error(err)
	}
	if got, err := s.Dashboard(t.Context(), d.ID); err != nil || got.Name != "Sales" {
		t.Errorf("afterwards: %+v (%v)", got, err)
	}
	sound(t, file)
}

func writeForEver(file string) {
	ctx := context.Background()
	s, err := store.Open(ctx, file, slog.New(slog.DiscardHandler))
	for err == nil {
		var d dashboard.Dashboard
		var job dashboard.Job
		d, job, err = keep(ctx, s, dashboard.NewID())
		if err == nil {
			err = s.AddLog(ctx, job.ID, []string{"one", "two"})
		}
		if err == nil {
			_, err = s.Update(ctx, d.ID, func(d *dashboard.Dashboard) error {
				d.Access.Users = append(d.Access.Users, "zoe")
				return nil
			})
		}
		if err == nil {
			fmt.Println("kept", d.ID)
		}
	}
	fmt.Println(err)
	os.Exit(1)
}

func stayInside(file string) {
	s, err := store.Open(context.Background(), file, slog.New(slog.DiscardHandler))
	var found []dashboard.Dashboard
	if err == nil {
		found, _, err = s.List(context.Background(), dashboard.Query{})
	}
	if err == nil {
		_, err = s.Update(context.Background(), found[0].ID, func(d *dashboard.Dashboard) error {
			d.Name = "never"
			fmt.Println("inside")
			select {}
		})
	}
	fmt.Println(err)
	os.Exit(1)
}

// process is a victim, and what it says.
type process struct {
	t       *testing.T
	command *exec.Cmd
	output  *bufio.Reader
	dead    bool
}

func startVictim(t *testing.T, test, file string) *process {
	t.Helper()
	command := exec.Command(os.Args[0], "-test.run=^"+test+"$")
	command.Env = append(os.Environ(), victim+"="+file)
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, command: command, output: bufio.NewReader(output)}
	t.Cleanup(p.kill)
	return p
}

func (p *process) next() string {
	line, err := p.output.ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		p.t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

func (p *process) kill() {
	if !p.dead {
		p.dead = true
		_ = p.command.Process.Kill() // SIGKILL
		_ = p.command.Wait()
	}
}
