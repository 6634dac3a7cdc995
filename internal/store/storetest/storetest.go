// Package storetest is what a store has to do, whatever database it is in.
package storetest

import (
	"log/slog"
	"reflect"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/store"
)

// Empty makes an empty database for one test and returns its URL.
type Empty func(t *testing.T) string

type test struct {
	name string
	run  func(t *testing.T, b bed)
}

func runAll(t *testing.T, empty Empty, tests []test) {
	for _, each := range tests {
		t.Run(each.name, func(t *testing.T) {
			t.Parallel()
			b := bed{url: empty(t)}
			b.Store = b.open(t)
			each.run(t, b)
		})
	}
}

// bed is a store, and where it is.
type bed struct {
	*store.Store
	url string
}

// open opens the same database again, as another process would.
func (b bed) open(t *testing.T) *store.Store {
	t.Helper()
	opened, err := store.Open(t.Context(), b.url, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Error("closing the store:", err)
		}
	})
	return opened
}

// create keeps a dashboard of ada's with this name; change, if any, alters it
// before.
func (b bed) create(t *testing.T, name string, change ...func(*dashboard.Dashboard)) dashboard.Dashboard {
	t.Helper()
	d := New(name)
	for _, each := range change {
		each(&d)
	}
	job := newJob(d.ID, dashboard.Build, "")
	must(t, b.Create(t.Context(), d, job))
	job.Done, job.Finished = true, moment
	must(t, b.SaveJob(t.Context(), job))
	return d
}

// moment is some time that the databases can keep as it is.
var moment = time.Date(2026, 10, 3, 14, 15, 9, 265359000, time.UTC)

// New is a dashboard of ada's with all that can be kept of one.
func New(name string) dashboard.Dashboard {
	id := dashboard.NewID()
	return dashboard.Dashboard{
		ID: id, Owner: "ada", Name: name, Description: "What is\nsold where", Server: "dashboard-" + id,
		Source:    dashboard.Source{Kind: dashboard.FromServer, Server: "lab", Folder: "work/sales"},
		App:       dashboard.App{Framework: "voila", Path: "map.ipynb", Environment: "geo", Arguments: []string{"--debug", ""}},
		Access:    dashboard.Access{Users: []string{"bob", "eve"}, Groups: []string{"staff"}},
		PerViewer: true,
		Options:   map[string]any{"profile": "small", "gpus": 2.0, "list": []any{"a", nil, true}},
		Revision:  3, State: dashboard.Running, Failure: "It did not start.",
		Created: moment, Updated: moment.Add(time.Hour), LastUsed: moment.Add(2 * time.Hour),
	}
}

func newJob(id string, kind dashboard.JobKind, viewer string) dashboard.Job {
	return dashboard.Job{
		ID: dashboard.NewID(), Dashboard: id, Kind: kind, Viewer: viewer, Revision: 3, By: "ada",
		Step: dashboard.StepQueued, Title: "Waiting for its turn", Percent: -1, Created: moment, Worker: "first",
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func value[T any](found T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		must(t, err)
		return found
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %#v\nwant %#v", what, got, want)
	}
}

// refused checks that an error is of the kind that a person can mend.
func refused(t *testing.T, err error, kind dashboard.ErrorKind) {
	t.Helper()
	if dashboard.KindOf(err) != kind {
		t.Errorf("got the error %v, want one that is %s", err, kind)
	}
}
