//go:build e2e

package dashboards

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/test/dashboards/house"
)

// strikes are the moments at which the service is killed, in the order in which
// they come.
type strikes []struct {
	name string
	at   moment
}

const (
	account  = `/users/alice`
	server   = `/users/alice/servers/[^/]+`
	progress = `/users/alice/servers/[^/]+/progress`
	shares   = `/shares/alice/[^/]+`
	group    = `/groups/team`
)

var cloning = strikes{
	{"when the copy is begun", appears(".making-*")},
	{"in the middle of the copy", appears(".making-*/tree/data/*")},
	{"when the copy is whole, and not noted", held(".making-*", "[1-9]*", false)},
}

var starting = strikes{
	{"before the hub is asked to start it", call(false, "POST", server)},
	{"after the hub was asked", call(true, "POST", server)},
	{"before the progress is asked for", call(false, "GET", progress)},
	{"when the progress comes", call(true, "GET", progress)},
}

// The service is killed at each step of building, rebuilding and deleting, and
// started again: then the dashboard is as before or as it was to be, and nothing
// is left over.
func TestKilledAtEachStep(t *testing.T) {
	t.Parallel()
	s := open(t, house.Options{
		Name: "killed", Settings: victimSettings, Groups: map[string][]string{"team": {"carol"}},
		// A start is pending when the hub answers, so that there is progress to follow.
		Hub: map[string]any{"tornado_settings": map[string]any{"slow_spawn_timeout": 0}},
	})
	v := newVictim(s, "alice")
	v.edit()
	table := &table{}
	defer func() { t.Logf("the service was killed, and started again:\n%s", table) }()

	build := append(append(strikes{}, cloning...), append(starting, strikes{
		{"before it is shared", call(false, "POST", shares)},
		{"after it was shared", call(true, "POST", shares)},
	}...)...)
	for i, strike := range build {
		t.Run("build/"+strike.name, func(t *testing.T) {
			v := v.in(t)
			began := time.Now()
			step := v.strike(strike.at, anyOne, func(ctx context.Context) error {
				_, err := v.owner.Create(ctx, v.wanted(fmt.Sprint("Build ", i)))
				return err
			}, v.deleteAll)
			v.settled()
			page, err := v.owner.List(t.Context(), api.Query{Whose: "mine"})
			v.must(err)
			if len(page.Items) != 1 {
				t.Fatalf("there are %d dashboards", len(page.Items))
			}
			made := page.Items[0]
			v.eventually("it runs", func() error { return v.runs(made.ID, v.version) })
			table.add("build", strike.name, step, "built, revision 1", began)
			v.delete(made)
		})
	}

	v.edit()
	made := v.create(v.owner, v.wanted("Rebuilt"))
	rebuild := append(append(strikes{}, cloning...), strikes{
		{"before the hub is asked what runs", call(false, "GET", account)},
		{"before the hub is asked to stop it", call(false, "DELETE", server)},
		{"after the hub was asked to stop it", call(true, "DELETE", server)},
	}...)
	rebuild = append(append(rebuild, starting...), strikes{
		{"when it is in force, and not shared", call(false, "GET", group)},
		{"when an old snapshot is being removed", appears(".removing-*")},
		{"when it is removed, and that is not noted", held(".removing-*", ".removing-*", true)},
	}...)
	for _, strike := range rebuild {
		t.Run("rebuild/"+strike.name, func(t *testing.T) {
			v := v.in(t)
			v.edit()
			before := v.get(v.owner, made.ID).Detail.Revision
			began := time.Now()
			step := v.strike(strike.at, one(made), func(ctx context.Context) error {
				_, err := v.owner.Rebuild(ctx, made.ID)
				return err
			}, func() {})
			v.settled()
			v.eventually("it runs", func() error { return v.runs(made.ID, v.version) })
			after := v.get(v.owner, made.ID).Detail.Revision
			table.add("rebuild", strike.name, step, fmt.Sprintf("rebuilt, revision %d in the place of %d", after, before), began)
		})
	}
	t.Run("rebuild/while it waits for its turn", func(t *testing.T) {
		v := v.in(t)
		other := v.create(v.owner, v.wanted("In front"))
		v.edit()
		began := time.Now()
		step := v.strike(v.behind(other), one(made), func(ctx context.Context) error {
			_, err := v.owner.Rebuild(ctx, made.ID)
			return err
		}, func() {})
		v.settled()
		v.must(v.deleteAs(v.owner, other))
		v.eventually("it runs", func() error { return v.runs(made.ID, v.version) })
		table.add("rebuild", "while it waits for its turn", step, "rebuilt", began)
	})
	v.delete(v.get(v.owner, made.ID))

	for i, strike := range (strikes{
		{"before the hub is asked what runs", call(false, "GET", account)},
		{"before the hub is asked to stop and forget it", call(false, "DELETE", server)},
		{"after the hub was asked", call(true, "DELETE", server)},
		{"when a snapshot is being removed", appears(".removing-*")},
		{"when it is removed, and that is not noted", held(".removing-*", ".removing-*", true)},
	}) {
		t.Run("delete/"+strike.name, func(t *testing.T) {
			v := v.in(t)
			made := v.create(v.owner, v.wanted(fmt.Sprint("Deleted ", i)))
			began := time.Now()
			step := v.strike(strike.at, func() string { return made.ID }, func(ctx context.Context) error {
				_, err := v.owner.Delete(ctx, made.ID)
				return err
			}, func() { made = v.create(v.owner, v.wanted(fmt.Sprint("Deleted ", i))) })
			v.settled()
			v.eventually("it is gone", func() error { return v.gone(made.ID, made.Detail.Server) })
			table.add("delete", strike.name, step, "deleted", began)
		})
	}
}

// in is the same victim for a part of the test.
func (v *victim) in(t *testing.T) *victim {
	return &victim{stage: v.stage.in(t), store: v.store, owner: v.owner, version: v.version}
}

// behind is the moment at which a build waits for that of another dashboard.
func (v *victim) behind(other api.Dashboard) moment {
	return func(v *victim) func() {
		v.Layer.Set(house.Tap{Before: func(r *http.Request) bool {
			if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/servers/"+other.Detail.Server) {
				<-v.dead
				return false
			}
			return true
		}})
		_, err := v.owner.Rebuild(v.Context(), other.ID)
		v.must(err)
		disarm := v.watch(func() bool {
			open, err := v.store.OpenJobs(v.Context())
			return err == nil && len(open) == 2 && open[0].Step == dashboard.StepLaunch && open[1].Step == dashboard.StepQueued
		})
		return func() { disarm(); v.Layer.Set(house.Tap{}) }
	}
}

// one and anyOne say which dashboard it is about.
func one(d api.Dashboard) func() string { return func() string { return d.ID } }

func anyOne() string { return "" }

// deleteAll takes all of the owner's away.
func (v *victim) deleteAll() {
	v.Helper()
	page, err := v.owner.List(v.Context(), api.Query{Whose: "mine"})
	v.must(err)
	for _, d := range page.Items {
		v.delete(d)
	}
}

// delete takes a dashboard away, and checks that nothing is left.
func (v *victim) delete(d api.Dashboard) {
	v.Helper()
	full := v.get(v.owner, d.ID)
	v.must(v.deleteAs(v.owner, d))
	v.eventually("it is gone", func() error { return v.gone(d.ID, full.Detail.Server) })
}

// table is what became of the strikes.
type table struct{ rows []string }

func (t *table) add(job, moment, step, outcome string, began time.Time) {
	t.rows = append(t.rows, fmt.Sprintf("%s\t%s\t%s\t%s\t%.1f s", job, moment, step, outcome, time.Since(began).Seconds()))
}

func (t *table) String() string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "job\tkilled\tfound at\tthen\tafter")
	for _, row := range t.rows {
		fmt.Fprintln(w, row)
	}
	_ = w.Flush()
	return text.String()
}
