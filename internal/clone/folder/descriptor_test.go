//go:build unix

package folder

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// However a clone ends, it closes what it opened. This runs while nothing else does.
func TestDescriptors(t *testing.T) {
	s := newStage(t)
	for i := range 10 {
		s.write(fmt.Sprintf("a/b%d/c/x", i), "x")
	}
	s.write("bad/.dashboardignore/x", "")
	s.open()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	all := func() {
		for _, change := range []func(r *dashboard.CloneRequest){
			func(r *dashboard.CloneRequest) { r.Source.Folder = "a" },
			func(r *dashboard.CloneRequest) { r.Source.Folder = "a/b1/nothing" },
			func(r *dashboard.CloneRequest) { r.Source.Folder = "a/b1/c/x" },
			func(r *dashboard.CloneRequest) { r.Source.Folder = "bad" },
			func(r *dashboard.CloneRequest) { r.Source.Folder, r.App.Path = "a", "nothing" },
			func(r *dashboard.CloneRequest) { r.Owner = "nobody" },
			func(r *dashboard.CloneRequest) { r.Dashboard = "x" },
		} {
			request := s.request
			change(&request)
			made, err := s.cloner.Clone(t.Context(), request, s.log)
			if err == nil {
				err = s.cloner.Remove(t.Context(), made)
			}
			_, stopped := s.cloner.Clone(ctx, request, s.log)
			_, looked := s.cloner.Browse(t.Context(), request.Owner, request.Source, "b1")
			t.Log(err, stopped, looked)
		}
	}
	count := func() int {
		entries, err := os.ReadDir("/dev/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	all()
	before := count()
	for range 5 {
		all()
	}
	if after := count(); after > before {
		t.Errorf("%d descriptors became %d", before, after)
	}
}
