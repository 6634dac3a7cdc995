package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

func testJobs(t *testing.T, b bed) {
	d := b.create(t, "Sales")
	given := newJob(d.ID, dashboard.Start, "bob")
	got := value(b.AddJob(t.Context(), given))(t)
	if age := time.Since(got.Seen); age < -time.Minute || age > time.Minute {
		t.Errorf("a new job was seen at %s", got.Seen)
	}
	given.Seen = got.Seen
	same(t, "a new job", got, given)
	same(t, "the job", value(b.Job(t.Context(), got.ID))(t), got)
	same(t, "those under way", value(b.OpenJobs(t.Context()))(t), []dashboard.Job{got})

	change := got
	change.Revision, change.Step, change.Title, change.Percent = 4, dashboard.StepLaunch, "Starting", 50
	change.Dashboard, change.Kind, change.Viewer, change.By, change.Created = "x", "x", "x", "x", moment.AddDate(1, 0, 0)
	must(t, b.SaveJob(t.Context(), change))
	got.Revision, got.Step, got.Title, got.Percent = 4, dashboard.StepLaunch, "Starting", 50
	after := value(b.Job(t.Context(), got.ID))(t)
	if after.Seen.Before(got.Seen) {
		t.Errorf("it was seen at %s, and later at %s", got.Seen, after.Seen)
	}
	got.Seen = after.Seen
	same(t, "the job after it was saved", after, got)

	got.Done, got.Failure, got.Finished = true, "no \x00 text", moment
	for range 2 { // again, as after a connection that broke at the wrong moment
		must(t, b.SaveJob(t.Context(), got))
	}
	got.Failure = "no \ufffd text"
	after = value(b.Job(t.Context(), got.ID))(t)
	got.Seen = after.Seen
	same(t, "the job at its end", after, got)
	if open := value(b.OpenJobs(t.Context()))(t); len(open) > 0 {
		t.Errorf("at the end there are still %+v", open)
	}
	late := got
	late.Done = false
	if err := b.SaveJob(t.Context(), late); !errors.Is(err, dashboard.ErrLost) {
		t.Errorf("a job that has ended begins again: %v", err)
	}
	if _, err := b.Job(t.Context(), "none"); !errors.Is(err, dashboard.ErrNotFound) {
		t.Errorf("a job that is not there: %v", err)
	}
	if err := b.SaveJob(t.Context(), newJob(d.ID, dashboard.Start, "")); !errors.Is(err, dashboard.ErrNotFound) {
		t.Errorf("saving a job that is not there: %v", err)
	}
	if _, err := b.AddJob(t.Context(), newJob("nobody", dashboard.Start, "")); !errors.Is(err, dashboard.ErrNotFound) {
		t.Errorf("a job of nothing: %v", err)
	}
	if _, err := b.AddJob(t.Context(), newJob(d.ID, dashboard.Delete, "bob")); err == nil {
		t.Error("a dashboard can be deleted for one viewer")
	}
}

// testExclusion tries every two kinds of jobs.
func testExclusion(t *testing.T, b bed) {
	type kind struct {
		kind   dashboard.JobKind
		viewer string
	}
	kinds := []kind{
		{dashboard.Build, ""}, {dashboard.Start, ""}, {dashboard.Stop, ""}, {dashboard.Delete, ""},
		{dashboard.Start, "bob"}, {dashboard.Stop, "bob"}, {dashboard.Start, "eve"},
	}
	for i, first := range kinds {
		d := b.create(t, fmt.Sprint("dashboard ", i))
		elsewhere := b.create(t, fmt.Sprint("elsewhere ", i))
		under := value(b.AddJob(t.Context(), newJob(d.ID, first.kind, first.viewer)))(t)
		for _, second := range kinds {
			together := first.viewer != "" && second.viewer != "" && first.viewer != second.viewer
			got, err := b.AddJob(t.Context(), newJob(d.ID, second.kind, second.viewer))
			switch {
			case together && err == nil:
				got.Done = true
				must(t, b.SaveJob(t.Context(), got))
			case together:
				t.Errorf("%+v cannot begin besides %+v: %v", second, first, err)
			case !errors.Is(err, dashboard.ErrBusy):
				t.Errorf("%+v begins besides %+v (%v)", second, first, err)
			case got.ID != under.ID || got.By != "ada":
				t.Errorf("in the way of %+v is %+v, but it is said to be %+v", second, under, got)
			}
			other := value(b.AddJob(t.Context(), newJob(elsewhere.ID, second.kind, second.viewer)))(t)
			other.Done = true
			must(t, b.SaveJob(t.Context(), other))
		}
		under.Done = true
		must(t, b.SaveJob(t.Context(), under))
		for _, second := range kinds {
			next := value(b.AddJob(t.Context(), newJob(d.ID, second.kind, second.viewer)))(t)
			next.Done = true
			must(t, b.SaveJob(t.Context(), next))
		}
	}
}

func testClaim(t *testing.T, b bed) {
	d := b.create(t, "Sales")
	add := func(worker, viewer string) dashboard.Job {
		job := newJob(d.ID, dashboard.Start, viewer)
		job.Worker = worker
		return value(b.AddJob(t.Context(), job))(t)
	}
	dead, free, ended := add("dead", "bob"), add("", "eve"), add("dead", "zoe")
	ended.Done = true
	must(t, b.SaveJob(t.Context(), ended))

	claim := func(worker string, stale time.Time) map[string]string {
		claimed := map[string]string{}
		for _, job := range value(b.ClaimJobs(t.Context(), worker, stale))(t) {
			same(t, "a job that was claimed", value(b.Job(t.Context(), job.ID))(t), job)
			claimed[job.ID] = job.Worker
		}
		return claimed
	}
	same(t, "while it was just heard of", claim("second", time.Now().Add(-time.Hour)), map[string]string{free.ID: "second"})
	same(t, "when it was not for long", claim("third", time.Now().Add(time.Hour)), map[string]string{dead.ID: "third", free.ID: "third"})
	for _, lost := range []dashboard.Job{dead, free} {
		if err := b.SaveJob(t.Context(), lost); !errors.Is(err, dashboard.ErrLost) {
			t.Errorf("a job that was taken over can be saved by whoever had it: %v", err)
		}
		lost.Worker = "third"
		must(t, b.SaveJob(t.Context(), lost))
	}
	same(t, "when all were heard of", claim("second", time.Time{}), map[string]string{})
}

func testJobLimit(t *testing.T, b bed) {
	d, other := b.create(t, "Sales"), b.create(t, "Other")
	otherJobs := value(b.Jobs(t.Context(), other.ID, 0))(t)
	oldest := value(b.Jobs(t.Context(), d.ID, 0))(t)[0]
	must(t, b.AddLog(t.Context(), oldest.ID, []string{"a line"}))
	add := func(n int, finished time.Time) dashboard.Job {
		job := newJob(d.ID, dashboard.Start, "")
		job.Created = moment.Add(time.Duration(n) * time.Second)
		job = value(b.AddJob(t.Context(), job))(t)
		job.Done, job.Finished = true, finished
		must(t, b.SaveJob(t.Context(), job))
		return job
	}
	recent := add(1, time.Now())
	for n := range dashboard.MaxJobs + 10 {
		add(2+n, moment.AddDate(-1, 0, 0))
	}
	jobs := value(b.Jobs(t.Context(), d.ID, 0))(t)
	if len(jobs) > dashboard.MaxJobs+1 || len(jobs) < dashboard.MaxJobs {
		t.Errorf("%d jobs are kept, want %d or so", len(jobs), dashboard.MaxJobs)
	}
	if last := jobs[len(jobs)-1]; last.ID != recent.ID {
		t.Errorf("the oldest that is kept is %+v, want the one that just ended", last)
	}
	for i, job := range jobs[1:] {
		if job.Created.After(jobs[i].Created) {
			t.Fatal("the newest is not the first")
		}
	}
	if _, err := b.Job(t.Context(), oldest.ID); !errors.Is(err, dashboard.ErrNotFound) {
		t.Errorf("the oldest: %v", err)
	}
	if lines := value(b.Log(t.Context(), oldest.ID, 0))(t); len(lines) > 0 {
		t.Error("the oldest one's log is kept")
	}
	same(t, "the newest three", value(b.Jobs(t.Context(), d.ID, 3))(t), jobs[:3])
	same(t, "those of another dashboard", value(b.Jobs(t.Context(), other.ID, 0))(t), otherJobs)
}

func testLog(t *testing.T, b bed) {
	d := b.create(t, "Sales")
	job := value(b.AddJob(t.Context(), newJob(d.ID, dashboard.Build, "")))(t)
	must(t, b.AddLog(t.Context(), job.ID, nil))
	must(t, b.AddLog(t.Context(), job.ID, hostile))
	must(t, b.AddLog(t.Context(), job.ID, []string{"", "NUL \x00 and \xff"}))
	texts := func(lines []dashboard.LogLine, first int) (texts []string) {
		for i, line := range lines {
			if line.Number != first+i || time.Since(line.At) > time.Minute || time.Since(line.At) < -time.Minute {
				t.Fatalf("line %d is %+v", first+i, line)
			}
			texts = append(texts, line.Text)
		}
		return texts
	}
	want := append(append([]string{}, hostile...), "", "NUL \ufffd and \ufffd")
	same(t, "the log", texts(value(b.Log(t.Context(), job.ID, 0))(t), 1), want)
	same(t, "its end", texts(value(b.Log(t.Context(), job.ID, len(hostile)))(t), len(hostile)+1), want[len(hostile):])
	if beyond := value(b.Log(t.Context(), job.ID, 1_000_000))(t); len(beyond) > 0 {
		t.Errorf("beyond the end there is %v", beyond)
	}

	long := make([]byte, 1<<20)
	for i := range long {
		long[i] = "ä"[i%2]
	}
	must(t, b.AddLog(t.Context(), job.ID, []string{"x" + string(long)}))
	if line := value(b.Log(t.Context(), job.ID, len(want)))(t)[0]; len(line.Text) > 5000 || len(line.Text) < 4000 {
		t.Errorf("of a line of a megabyte, %d bytes are kept", len(line.Text))
	}

	number := len(want) + 1
	for range 2 {
		many := make([]string, dashboard.MaxLogLines-7)
		for i := range many {
			number++
			many[i] = fmt.Sprint("line ", number)
		}
		must(t, b.AddLog(t.Context(), job.ID, many))
	}
	lines := value(b.Log(t.Context(), job.ID, 0))(t)
	if len(lines) != dashboard.MaxLogLines || lines[len(lines)-1].Text != fmt.Sprint("line ", number) {
		t.Errorf("%d lines are kept, and the last is %+v", len(lines), lines[len(lines)-1])
	}
	texts(lines, number-dashboard.MaxLogLines+1)

	// More at once than are kept.
	many := make([]string, 2*dashboard.MaxLogLines)
	many[len(many)-1] = "last"
	must(t, b.AddLog(t.Context(), job.ID, many))
	lines = value(b.Log(t.Context(), job.ID, 0))(t)
	if len(lines) != dashboard.MaxLogLines || lines[len(lines)-1].Text != "last" || lines[len(lines)-1].Number != number+len(many) {
		t.Errorf("%d lines are kept, and the last is %+v", len(lines), lines[len(lines)-1])
	}
	if err := b.AddLog(t.Context(), "none", []string{"x"}); !errors.Is(err, dashboard.ErrNotFound) {
		t.Errorf("the log of nothing: %v", err)
	}
}
