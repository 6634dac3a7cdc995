package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

func testRevisions(t *testing.T, b bed) {
	d, other := b.create(t, "one"), b.create(t, "other")
	var want []dashboard.Revision
	for number := range 3 {
		given := dashboard.Revision{
			Dashboard: d.ID, Number: 77, By: "ada", State: dashboard.Made, App: d.App, Created: moment.Add(time.Duration(number) * time.Hour),
		}
		got := value(b.AddRevision(t.Context(), given))(t)
		given.Number, given.State = number+1, dashboard.Making
		same(t, "a new revision", got, given)
		want = append([]dashboard.Revision{got}, want...)
	}
	same(t, "all of them", value(b.Revisions(t.Context(), d.ID))(t), want)

	want[1].State, want[1].Finished = dashboard.Made, moment
	want[1].Snapshot = dashboard.Snapshot{
		Kind: dashboard.Commit, Ref: "refs/x", Repo: "https://example.org/x", Dashboard: d.ID, Revision: 2,
		Folder: "/srv", Bytes: 1 << 42, Paused: 1500 * time.Microsecond, Commit: "c0ffee", Complete: true,
	}
	must(t, b.SetRevision(t.Context(), want[1]))
	same(t, "after one was made", value(b.Revisions(t.Context(), d.ID))(t), want)

	last := value(b.AddRevision(t.Context(), dashboard.Revision{Dashboard: other.ID, Created: moment.Add(-time.Hour)}))(t)
	same(t, "those of all dashboards", value(b.Revisions(t.Context(), ""))(t), append(want, last))

	// A number is not given again, though its snapshot is gone: what was left of it
	// by mistake must not be taken for the new one.
	for range 2 {
		must(t, b.RemoveRevision(t.Context(), d.ID, 3))
	}
	if next := value(b.AddRevision(t.Context(), dashboard.Revision{Dashboard: d.ID}))(t); next.Number != 4 {
		t.Errorf("after the third was removed, the next is %d", next.Number)
	}
	if err := b.SetRevision(t.Context(), dashboard.Revision{Dashboard: d.ID, Number: 3}); !errors.Is(err, dashboard.ErrNotFound) {
		t.Errorf("replacing one that is not there: %v", err)
	}
	if _, err := b.AddRevision(t.Context(), dashboard.Revision{Dashboard: "nobody"}); !errors.Is(err, dashboard.ErrNotFound) {
		t.Errorf("a revision of nothing: %v", err)
	}
}
