//go:build e2e || hubs

// Package dashboards holds the tests of dashboard-builder as a whole: on a real
// JupyterHub, whose servers are processes, in a real browser, from a command
// line, and while everything around it fails.
//
//	go test -tags e2e ./test/dashboards/
//	go test -tags hubs ./test/dashboards/    # JupyterHub 5, 4, 3 and 2
package dashboards

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/test/bed"
	"github.com/ideonate/jhsingle-native-proxy/test/dashboards/house"
)

// patience is the bound of every wait for something that should take moments, on
// a machine that has much else to do.
const patience = 3 * time.Minute

// ready is what all tests stand on.
var ready *bed.Bed

func TestMain(m *testing.M) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	var err error
	if ready, err = bed.Setup(ctx, os.Stderr); err == nil {
		// Each test has a hub of its own, and waits for most of its time.
		err = flag.Set("test.parallel", "6")
	}
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "the tests of dashboards cannot begin:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// stage is a house in one test.
type stage struct {
	*testing.T
	*house.House
}

// open starts a house, which is closed when the test ends.
func open(t *testing.T, options house.Options) *stage {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	opened, err := house.Open(ctx, ready, options)
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t, opened}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s\n%s", s.LogTail(25), s.serviceTail(40))
		}
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	if s.Service != nil {
		s.must(s.Service.Start(ctx))
	}
	return s
}

// in is the same house for a part of the test.
func (s *stage) in(t *testing.T) *stage { return &stage{t, s.House} }

func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// serviceTail are the last lines of the service's log.
func (s *stage) serviceTail(lines int) string {
	if s.Service == nil {
		return ""
	}
	content, err := os.ReadFile(s.Service.LogFile())
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimSpace(string(content)), "\n")
	return s.Service.LogFile() + ":\n" + strings.Join(all[max(0, len(all)-lines):], "\n")
}

// person is a user of the hub with a token for the service.
func (s *stage) person(name string) *house.Person {
	s.Helper()
	person, err := s.Person(s.Context(), name)
	s.must(err)
	return person
}

// write puts files into a user's home, by name and content in turns.
func (s *stage) write(user string, pairs ...string) {
	s.Helper()
	files := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		files[pairs[i]] = pairs[i+1]
	}
	s.must(s.Write(user, files))
}

// static is a dashboard of a folder with an index.html, which starts in no time.
func static(name, folder string) api.New {
	return api.New{
		Name:   name,
		Source: api.Source{Kind: dashboard.FromServer, Folder: folder},
		App:    api.App{Framework: "static"},
	}
}

// hold keeps a user's servers from starting until they are released, in the end at
// the test's.
func (s *stage) hold(user string) (release func()) {
	s.Helper()
	remove, err := s.Hold(user)
	s.must(err)
	release = sync.OnceFunc(func() {
		if err := remove(); err != nil {
			s.Error(err)
		}
	})
	s.Cleanup(release)
	return release
}

// create makes a dashboard, and returns it when it is built.
func (s *stage) create(owner *house.Person, wanted api.New) api.Dashboard {
	s.Helper()
	made, err := owner.Create(s.Context(), wanted)
	s.must(err)
	s.wantDone(owner, made.Job)
	return s.get(owner, made.Dashboard.ID)
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
	ctx, cancel := context.WithTimeout(s.Context(), 4*patience)
	defer cancel()
	ended, err := who.Follow(ctx, job.ID, 0, api.Follower{})
	if err != nil {
		s.Fatalf("the job %s of %s: %v", job.Kind, job.Dashboard, err)
	}
	return ended
}

// wantDone waits for the end of a job, which has to be a good one.
func (s *stage) wantDone(who *house.Person, job api.Job) {
	s.Helper()
	if ended := s.follow(who, job); ended.Failure != "" {
		s.Fatalf("the job %s of %s failed: %s\n%s", job.Kind, job.Dashboard, ended.Failure, s.log(who, job))
	}
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
