package storetest

import (
	"errors"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// hostile are texts that break programs which put texts together.
var hostile = []string{
	`O'Brien's "best" \ table; DROP TABLE dashboards; --`,
	`<script>alert(1)</script> &amp; {text} {now} $1 ?1 %s %d :name @x`,
	"日本語 العربية ไทย 🧑🏽‍🔬 Ελλάς ß İ ﬁ 𝔘𝔫𝔦",
	"a\u0301 combining, e\u200d joiner, \ufeff mark, \U0010FFFF last, \ufffd",
	"tab\tand\nlines\r\nand \x01\x1f\x7f controls",
	"../../etc/passwd", "%_*?[]", `\u0000 \x00`, `{"json":["x"]}`, "[]", "{}", "null",
}

func testRoundTrip(t *testing.T, b bed) {
	want := b.create(t, "Sales")
	got := value(b.Dashboard(t.Context(), want.ID))(t)
	same(t, "the dashboard", got, want)

	_, err := b.Dashboard(t.Context(), "nobody")
	if !errors.Is(err, dashboard.ErrNotFound) {
		t.Errorf("a dashboard that is not there: %v", err)
	}
}

func testLittle(t *testing.T, b bed) {
	want := dashboard.Dashboard{ID: "a23456789012", Owner: "ada", Name: "x", Server: "x"}
	must(t, b.Create(t.Context(), want, newJob("", dashboard.Build, "")))
	same(t, "an empty dashboard", value(b.Dashboard(t.Context(), want.ID))(t), want)
	if jobs := value(b.Jobs(t.Context(), want.ID, 0))(t); len(jobs) != 1 || jobs[0].Dashboard != want.ID || jobs[0].Done {
		t.Errorf("the first job is %+v", jobs)
	}
}

func testHostileTexts(t *testing.T, b bed) {
	for _, text := range hostile {
		want := b.create(t, text, func(d *dashboard.Dashboard) {
			d.Description, d.Failure = text+"\n"+strings.Repeat(text, 50), text
			d.Source = dashboard.Source{Kind: dashboard.FromGit, Repo: text, Ref: text, Folder: text}
			d.App = dashboard.App{Framework: text, Path: text, Environment: text, Arguments: []string{text, text}}
			d.Access = dashboard.Access{Users: []string{text}, Groups: []string{text}}
			d.Options = map[string]any{text: text, "nul": "\x00"}
		})
		got := value(b.Dashboard(t.Context(), want.ID))(t)
		same(t, "the dashboard "+text, got, want)
		found, total, err := b.List(t.Context(), dashboard.Query{Viewer: text, Text: text, Limit: 1})
		must(t, err)
		if total != 1 || found[0].ID != want.ID {
			t.Errorf("looking for %q as that user finds %d", text, total)
		}
	}
}

func testNoText(t *testing.T, b bed) {
	kept := b.create(t, "kept")
	for _, text := range []string{"NUL \x00", "Latin-1 \xe9", "half a character \xf0\x9f", "surrogate \xed\xa0\x80"} {
		for what, change := range map[string]func(*dashboard.Dashboard){
			"name":      func(d *dashboard.Dashboard) { d.Name = text },
			"user":      func(d *dashboard.Dashboard) { d.Access.Users = []string{text} },
			"group":     func(d *dashboard.Dashboard) { d.Access.Groups = []string{text} },
			"argument":  func(d *dashboard.Dashboard) { d.App.Arguments = []string{text} },
			"reference": func(d *dashboard.Dashboard) { d.Source.Ref = text },
		} {
			d := New("new")
			change(&d)
			err := b.Create(t.Context(), d, newJob(d.ID, dashboard.Build, ""))
			refused(t, err, dashboard.Invalid)
			if _, err := b.Dashboard(t.Context(), d.ID); !errors.Is(err, dashboard.ErrNotFound) {
				t.Errorf("%s %q: something of it was kept: %v", what, text, err)
			}
			_, err = b.Update(t.Context(), kept.ID, func(d *dashboard.Dashboard) error { change(d); return nil })
			refused(t, err, dashboard.Invalid)
		}
		_, err := b.Dashboard(t.Context(), text)
		refused(t, err, dashboard.Invalid)
		_, _, err = b.List(t.Context(), dashboard.Query{Viewer: "ada", Groups: []string{text}})
		refused(t, err, dashboard.Invalid)

		// What programs say is kept all the same, without what is no text.
		after := value(b.Update(t.Context(), kept.ID, func(d *dashboard.Dashboard) error { d.Failure = text; return nil }))(t)
		if !strings.Contains(after.Failure, "\ufffd") {
			t.Errorf("of the failure %q, %q is kept", text, after.Failure)
		}
	}
	kept.Failure = value(b.Dashboard(t.Context(), kept.ID))(t).Failure
	same(t, "the dashboard after all that", value(b.Dashboard(t.Context(), kept.ID))(t), kept)
}

func testNames(t *testing.T, b bed) {
	first := b.create(t, "Straße in Ελλάς")
	create := func(change func(*dashboard.Dashboard)) error {
		d := New("another")
		change(&d)
		return b.Create(t.Context(), d, newJob(d.ID, dashboard.Build, ""))
	}
	for _, name := range []string{"Straße in Ελλάς", "STRASSE  IN ΕΛΛΆΣ", "straße in ελλάσ", "ｓtraße in Ελλα\u0301ς"} {
		if err := create(func(d *dashboard.Dashboard) { d.Name = name }); !errors.Is(err, dashboard.ErrNameTaken) {
			t.Errorf("a second dashboard named %q: %v", name, err)
		}
	}
	must(t, create(func(d *dashboard.Dashboard) { d.Name, d.Owner = first.Name, "bob" }))
	if err := create(func(d *dashboard.Dashboard) { d.Server = first.Server }); !errors.Is(err, dashboard.ErrServerTaken) {
		t.Errorf("a second dashboard with the same server: %v", err)
	}
	must(t, create(func(d *dashboard.Dashboard) { d.Server, d.Owner = first.Server, "bob" }))

	second := b.create(t, "Second")
	rename := func(name string) error {
		_, err := b.Update(t.Context(), second.ID, func(d *dashboard.Dashboard) error { d.Name = name; return nil })
		return err
	}
	if err := rename("strasse in ελλάς"); !errors.Is(err, dashboard.ErrNameTaken) {
		t.Errorf("a name that is taken: %v", err)
	}
	must(t, rename("SECOND"))
	if _, total, err := b.List(t.Context(), dashboard.Query{Owner: "ada"}); err != nil || total != 2 {
		t.Errorf("ada has %d dashboards (%v), want 2", total, err)
	}
	if jobs := value(b.OpenJobs(t.Context()))(t); len(jobs) != 2 {
		t.Errorf("there are the jobs %+v, want bob's only", jobs)
	}
}

func testLongNames(t *testing.T, b bed) {
	// The longest that may be, and that become longest when they are folded.
	for _, letter := range []string{"ﷺ", "㌖", "ΐ", "🧑"} {
		name := strings.Repeat(letter, dashboard.MaxName)
		want := b.create(t, name, func(d *dashboard.Dashboard) { d.Owner = strings.Repeat("用", 255) })
		same(t, "the dashboard", value(b.Dashboard(t.Context(), want.ID))(t), want)
	}
}

func testUpdate(t *testing.T, b bed) {
	before := b.create(t, "Sales")
	want := New("Sold")
	want.ID, want.Server, want.Created = before.ID, before.Server, before.Created
	want.Access = dashboard.Access{Everyone: true, Users: []string{"ada", "zoe"}}
	want.PerViewer, want.Options, want.App.Arguments = false, nil, nil
	got := value(b.Update(t.Context(), before.ID, func(d *dashboard.Dashboard) error {
		same(t, "what change gets", *d, before)
		*d = want
		d.ID, d.Owner, d.Server, d.Created, d.Thumbnail = "other", "other", "other", moment.AddDate(1, 0, 0), "other"
		d.Access.Users = []string{"zoe", "ada", "zoe"}
		return nil
	}))(t)
	same(t, "what Update returns", got, want)
	same(t, "what is kept", value(b.Dashboard(t.Context(), before.ID))(t), want)

	want.Access.Users[1] = "yves" // in place
	got = value(b.Update(t.Context(), before.ID, func(d *dashboard.Dashboard) error { d.Access.Users[1] = "yves"; return nil }))(t)
	same(t, "what Update returns", got, want)

	no := errors.New("no")
	for _, refusal := range []error{no, dashboard.InvalidField("name", "No.")} {
		_, err := b.Update(t.Context(), before.ID, func(d *dashboard.Dashboard) error {
			d.Name, d.Access.Users[0] = "never", "never"
			return refusal
		})
		if err != refusal { //nolint:errorlint // as it is
			t.Errorf("Update returns %v instead of what change did", err)
		}
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a panic of change is lost")
			}
		}()
		_, _ = b.Update(t.Context(), before.ID, func(d *dashboard.Dashboard) error { d.Name = "never"; panic("oh") })
	}()
	same(t, "what is kept after refusals", value(b.Dashboard(t.Context(), before.ID))(t), want)

	_, err := b.Update(t.Context(), "nobody", func(*dashboard.Dashboard) error { t.Error("called for nobody"); return nil })
	if !errors.Is(err, dashboard.ErrNotFound) {
		t.Errorf("changing what is not there: %v", err)
	}
}

func testSetStates(t *testing.T, b bed) {
	one, two := b.create(t, "one"), b.create(t, "two")
	must(t, b.SetStates(t.Context(), nil))
	must(t, b.SetStates(t.Context(), map[string]dashboard.ServerState{
		one.ID:   {State: dashboard.Stopped, LastUsed: one.LastUsed.Add(1)},
		two.ID:   {State: dashboard.Stopping, LastUsed: two.LastUsed.Add(-1)},
		"nobody": {State: dashboard.Running},
	}))
	must(t, b.SetStates(t.Context(), map[string]dashboard.ServerState{two.ID: {State: dashboard.Starting}}))
	one.State, two.State = dashboard.Stopped, dashboard.Starting
	same(t, "one", value(b.Dashboard(t.Context(), one.ID))(t), one)
	later := one.LastUsed.Add(1000)
	must(t, b.SetStates(t.Context(), map[string]dashboard.ServerState{one.ID: {State: dashboard.Stopped, LastUsed: later}}))
	one.LastUsed = later
	same(t, "one, used later", value(b.Dashboard(t.Context(), one.ID))(t), one)
	same(t, "two", value(b.Dashboard(t.Context(), two.ID))(t), two)
}

func testErase(t *testing.T, b bed) {
	gone, kept := b.create(t, "gone"), b.create(t, "kept")
	var jobs []dashboard.Job
	for _, d := range []dashboard.Dashboard{gone, kept} {
		job := value(b.AddJob(t.Context(), newJob(d.ID, dashboard.Delete, "")))(t)
		jobs = append(jobs, job)
		must(t, b.AddLog(t.Context(), job.ID, []string{"a line"}))
		value(b.AddRevision(t.Context(), dashboard.Revision{Dashboard: d.ID}))(t)
		must(t, b.AddGrant(t.Context(), d.ID, "bob"))
		must(t, b.SetViewer(t.Context(), d.ID, "bob", dashboard.ViewerServer{Server: "x"}))
		must(t, b.SetThumbnail(t.Context(), d.ID, dashboard.Picture{Type: "image/png", Content: []byte{0}}))
	}
	for range 2 { // the second time, it is not there
		must(t, b.Erase(t.Context(), gone.ID))
	}
	count := func(d dashboard.Dashboard, job dashboard.Job) []int {
		_, total, err := b.List(t.Context(), dashboard.Query{Owner: "ada", Text: d.Name, Viewer: "bob"})
		must(t, err)
		pictures := 1
		if _, err := b.Thumbnail(t.Context(), d.ID); errors.Is(err, dashboard.ErrNotFound) {
			pictures = 0
		}
		return []int{
			total, pictures,
			len(value(b.Revisions(t.Context(), d.ID))(t)), len(value(b.Jobs(t.Context(), d.ID, 10))(t)),
			len(value(b.Log(t.Context(), job.ID, 0))(t)), len(value(b.Grants(t.Context(), d.ID))(t)),
			len(value(b.Viewers(t.Context(), d.ID))(t)),
		}
	}
	same(t, "what is left of one that is gone", count(gone, jobs[0]), []int{0, 0, 0, 0, 0, 0, 0})
	same(t, "what is left of the other", count(kept, jobs[1]), []int{1, 1, 1, 2, 1, 1, 1})
	if open := value(b.OpenJobs(t.Context()))(t); len(open) != 1 {
		t.Errorf("the open jobs are %+v", open)
	}
	if err := b.SaveJob(t.Context(), jobs[0]); !errors.Is(err, dashboard.ErrNotFound) {
		t.Errorf("saving a job that is gone: %v", err)
	}
	// Its name and its server are free again.
	again := New(gone.Name)
	again.Server = gone.Server
	must(t, b.Create(t.Context(), again, newJob(again.ID, dashboard.Build, "")))
}

func testRename(t *testing.T, b bed) {
	sales := b.create(t, "Sales", func(d *dashboard.Dashboard) { d.Access.Users = nil })
	shared := b.create(t, "Shared", func(d *dashboard.Dashboard) {
		d.Owner, d.Access = "bob", dashboard.Access{Users: []string{"ada", "love"}, Groups: []string{"ada"}}
	})
	for _, user := range []string{"ada", "love", "eve"} {
		must(t, b.AddGrant(t.Context(), shared.ID, user))
	}
	must(t, b.SetViewer(t.Context(), shared.ID, "ada", dashboard.ViewerServer{Server: "of-ada"}))
	job := value(b.AddJob(t.Context(), newJob(shared.ID, dashboard.Start, "ada")))(t)
	revision := value(b.AddRevision(t.Context(), dashboard.Revision{Dashboard: sales.ID, By: "ada"}))(t)

	must(t, b.Rename(t.Context(), "ada", "love"))
	sales.Owner, revision.By, job.By, job.Viewer = "love", "love", "love", "love"
	same(t, "what was ada's", value(b.Dashboard(t.Context(), sales.ID))(t), sales)
	same(t, "the job", value(b.Job(t.Context(), job.ID))(t), job)
	same(t, "the revision", value(b.Revisions(t.Context(), sales.ID))(t), []dashboard.Revision{revision})
	shared.Access.Users = []string{"love"}
	same(t, "what was shared with ada", value(b.Dashboard(t.Context(), shared.ID))(t), shared)
	same(t, "the grants", value(b.Grants(t.Context(), shared.ID))(t), []string{"eve", "love"})
	same(t, "the viewers", value(b.Viewers(t.Context(), shared.ID))(t), map[string]dashboard.ViewerServer{"love": {Server: "of-ada"}})
	for text, want := range map[string]int{"love": 1, "ada": 0} {
		if _, total, err := b.List(t.Context(), dashboard.Query{Text: text}); err != nil || total != want {
			t.Errorf("looking for %s finds %d (%v), want %d", text, total, err, want)
		}
	}

	b.create(t, "Other", func(d *dashboard.Dashboard) { d.Owner = "zoe" })
	taken := b.create(t, "SALES", func(d *dashboard.Dashboard) { d.Owner = "zoe" })
	if err := b.Rename(t.Context(), "zoe", "love"); !errors.Is(err, dashboard.ErrNameTaken) {
		t.Errorf("two of one name: %v", err)
	}
	same(t, "what could not be renamed", value(b.Dashboard(t.Context(), taken.ID))(t), taken)
	must(t, b.Rename(t.Context(), "love", "love"))
	must(t, b.Rename(t.Context(), "nobody", "somebody"))
	for _, names := range [][2]string{{"", "x"}, {"x", ""}} {
		if b.Rename(t.Context(), names[0], names[1]) == nil {
			t.Errorf("%q can be renamed to %q", names[0], names[1])
		}
	}
}
