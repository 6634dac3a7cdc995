//go:build e2e

package clone

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/git"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// full clones to a disk where there is not enough space.
func (p *place) full() {
	p.t.Helper()
	_, err := p.open().Clone(p.t.Context(), p.request, p.log)
	if dashboard.KindOf(err) != dashboard.Unavailable || !strings.Contains(err.Error(), "no space left for the copy") {
		p.t.Errorf("it ended with %v", err)
	}
	p.empty()
}

// A disk that is full is said to be, and nothing is left on it.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	t.Run("before", func(t *testing.T) {
		t.Parallel()
		p := newPlace(t, mount(t, "tmpfs"))
		p.config.Root = mount(t, "tmpfs", "-o", "size=4m") + "/snapshots"
		p.root = p.config.Root
		p.write("x", make([]byte, 1000))
		for i := range 6 {
			p.write(fmt.Sprint(i), []byte(strings.Repeat("x", 1<<20)))
		}
		p.give()
		reached := 0
		p.log.during = func(_ string, percent int) { reached = max(reached, percent) }
		p.full()
		if reached > 20 {
			t.Errorf("the disk was filled for everybody: it got to %d %%", reached)
		}
		p.write(".dashboardignore", []byte("[1-5]\n"))
		p.give()
		p.clone()
	})
	t.Run("meanwhile", func(t *testing.T) {
		t.Parallel()
		p := newPlace(t, mount(t, "tmpfs"))
		disk := mount(t, "tmpfs", "-o", "size=16m")
		p.config.Root = disk + "/snapshots"
		p.root = p.config.Root
		for i := range 10 {
			p.write(fmt.Sprint(i), []byte(strings.Repeat("x", 1<<20)))
		}
		p.give()
		p.log.during = func(_ string, percent int) {
			if percent > 30 {
				_ = os.WriteFile(disk+"/balloon", make([]byte, 32<<20), 0o600) // as much as there is
			}
		}
		p.full()
		if err := os.Remove(disk + "/balloon"); err != nil {
			t.Fatal(err)
		}
		p.log.during = nil
		p.clone()
	})
	t.Run("files", func(t *testing.T) {
		t.Parallel()
		p := newPlace(t, mount(t, "tmpfs"))
		p.config.Root = mount(t, "tmpfs", "-o", "nr_inodes=30") + "/snapshots"
		p.root = p.config.Root
		for i := range 50 {
			p.write(fmt.Sprintf("sub/%d", i), []byte("x"))
		}
		p.give()
		p.full()
	})
	t.Run("repository", func(t *testing.T) {
		t.Parallel()
		r := newRepositories(t)
		r.commit("big", random(3<<20))
		r.config.Root, r.config.Local = mount(t, "tmpfs", "-o", "size=4m")+"/snapshots", true
		r.request.Source.Repo = "file://" + r.folder
		cloner, err := git.New(r.config)
		if err != nil {
			t.Fatal(err)
		}
		_, err = cloner.Clone(t.Context(), r.request, r.log)
		if dashboard.KindOf(err) != dashboard.Unavailable || !strings.Contains(err.Error(), "no space left for the copy") {
			t.Errorf("it ended with %v", err)
		}
		empty(t, r.config.Root)
	})
}

// At once, also in the middle of a large file, and of many small ones.
func TestStop(t *testing.T) {
	t.Parallel()
	p := newPlace(t, mount(t, "tmpfs"))
	p.write("a/large", make([]byte, 1<<20))
	p.write("b", make([]byte, 100<<20))
	for i := range 3000 {
		p.write(fmt.Sprintf("many/%d", i), []byte("x"))
	}
	p.give()
	p.open()
	for _, at := range []int{-1, 0, 1, 30, 70, 99} {
		stopped(t, p.log, func(_ string, percent int) bool { return percent >= at }, func(ctx context.Context) error {
			_, err := p.cloner.Clone(ctx, p.request, p.log)
			return err
		})
		p.empty()
	}
}
