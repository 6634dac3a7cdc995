package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// moment is when the tests are.
var moment = time.Date(2025, 3, 14, 15, 9, 26, 0, time.UTC)

// memory is a Service that keeps everything in memory, behind the real handler of
// the API. Its jobs are done when the test says so, or at once.
type memory struct {
	mu         sync.Mutex
	dashboards map[string]dashboard.Dashboard
	jobs       map[string]dashboard.Job
	logs       map[string][]dashboard.LogLine
	revisions  map[string][]dashboard.Revision
	pictures   map[string][]byte
	rules      dashboard.Rules
	servers    []dashboard.Server
	// calls are what was asked for, apart from reading.
	calls []string
	// hold keeps jobs from being done; failing is why they fail.
	hold    bool
	failing string
	// fault, if not nil, is what is wrong with a call.
	fault func(call string) error
	// changed is closed when a job changes.
	changed chan struct{}
}

func newMemory() *memory {
	m := &memory{
		dashboards: map[string]dashboard.Dashboard{}, jobs: map[string]dashboard.Job{}, logs: map[string][]dashboard.LogLine{},
		revisions: map[string][]dashboard.Revision{}, pictures: map[string][]byte{}, changed: make(chan struct{}),
		rules: dashboard.Rules{
			Sources: []dashboard.SourceKind{dashboard.FromServer, dashboard.FromGit},
			Frameworks: []dashboard.FrameworkChoice{
				{Name: "voila", Title: "Voila", Files: []string{".ipynb"}, Folder: true}, {Name: "streamlit", Title: "Streamlit", Files: []string{".py"}},
			},
			Environments: []string{"analysis", "base"}, FreeEnvironment: true, PerViewer: true,
			Options: []dashboard.Option{
				{Name: "size", Label: "Size", Choices: []dashboard.Choice{{Value: "small", Label: "Small"}, {Value: 2.0, Label: "Two GPUs"}}, Inherit: true}, {Name: "memory", Label: "Memory"},
			},
			Sharing: dashboard.Sharing{Users: true, Groups: true, Everyone: true}, HubVersion: "5.2.1",
		},
		servers: []dashboard.Server{{Title: "Default server", Running: true}, {Name: "gpu", Title: "gpu", Why: "It is stopped. Start it first."}},
	}
	m.add(dashboard.Dashboard{
		ID: "abcdefghjkmn", Owner: "ada", Name: "Sales 2024", Description: "Figures of the year\nby region", State: dashboard.Running,
		Server: "dashboard-sales-2024-abcdef", Revision: 2,
		Source:   dashboard.Source{Kind: dashboard.FromServer, Folder: "work/sales"},
		App:      dashboard.App{Framework: "voila", Path: "Sales.ipynb"},
		Access:   dashboard.Access{Users: []string{"ben", "cat"}, Groups: []string{"finance"}},
		Created:  moment.Add(-40 * 24 * time.Hour),
		Updated:  moment.Add(-26 * time.Hour),
		LastUsed: moment.Add(-5 * time.Minute),
	})
	m.add(dashboard.Dashboard{
		ID: "tourtourtour", Owner: "ada", Name: "Tour", State: dashboard.Stopped, Server: "dashboard-tour-tourto",
		Source: dashboard.Source{Kind: dashboard.FromGit, Repo: "https://example.org/tour.git", Ref: "v1"},
		App:    dashboard.App{Framework: "streamlit", Path: "tour.py", Environment: "analysis"}, Failure: "The repository is not there any more.",
		Created: moment.Add(-3 * time.Hour), Updated: moment.Add(-2 * time.Hour), Options: map[string]any{"memory": "2G"},
	})
	m.add(dashboard.Dashboard{
		ID: "benbenbenben", Owner: "ben", Name: "Wetter 天気 heute", State: dashboard.Stopped, Server: "dashboard-wetter-benben", PerViewer: true,
		Source: dashboard.Source{Kind: dashboard.FromServer}, App: dashboard.App{Framework: "voila"}, Access: dashboard.Access{Everyone: true},
		Created: moment.Add(-300 * 24 * time.Hour), Updated: moment.Add(-200 * 24 * time.Hour),
	})
	m.revisions["abcdefghjkmn"] = []dashboard.Revision{
		{Dashboard: "abcdefghjkmn", Number: 2, By: "ada", State: dashboard.Made, App: dashboard.App{Framework: "voila", Path: "Sales.ipynb"}, Created: moment.Add(-time.Hour),
			Snapshot: dashboard.Snapshot{Kind: dashboard.Image, Bytes: 123456789, Paused: 250 * time.Millisecond}},
		{Dashboard: "abcdefghjkmn", Number: 1, By: "root", State: dashboard.Failed, App: dashboard.App{Framework: "voila", Path: "Sales.ipynb"}, Created: moment.Add(-48 * time.Hour)},
	}
	return m
}

// add adds a dashboard; one that others may open was built.
func (m *memory) add(d dashboard.Dashboard) {
	if d.Access.Everyone || len(d.Access.Users)+len(d.Access.Groups) > 0 {
		d.Revision = max(d.Revision, 1)
	}
	m.dashboards[d.ID] = d
}

// call notes what was asked for.
func (m *memory) call(format string, values ...any) error {
	call := fmt.Sprintf(format, values...)
	m.calls = append(m.calls, call)
	if m.fault != nil {
		return m.fault(call)
	}
	return nil
}

// begin begins a job, and does it unless it is held.
func (m *memory) begin(v dashboard.Visitor, kind dashboard.JobKind, id string) (dashboard.Job, error) {
	if err := m.call("%s %s", kind, id); err != nil {
		return dashboard.Job{}, err
	}
	d, err := m.owned(v, id)
	if err != nil {
		return dashboard.Job{}, err
	}
	job := dashboard.Job{
		ID: fmt.Sprintf("job%d", len(m.jobs)+1), Dashboard: id, Kind: kind, By: v.Name, Step: dashboard.StepQueued,
		Title: "Waiting", Percent: -1, Created: moment.Add(time.Duration(len(m.jobs)) * time.Second),
	}
	m.jobs[job.ID] = job
	m.logs[job.ID] = []dashboard.LogLine{{Number: 1, At: moment, Text: fmt.Sprintf("%s of %s", kind, d.Name)}}
	if !m.hold {
		m.finish(job.ID)
	}
	return job, nil
}

// finish does a job.
func (m *memory) finish(id string) {
	job := m.jobs[id]
	job.Title, job.Percent, job.Done, job.Failure, job.Finished = "Done", 100, true, m.failing, moment
	m.jobs[id] = job
	d := m.dashboards[job.Dashboard]
	switch {
	case m.failing != "":
		d.Failure = m.failing
	case job.Kind == dashboard.Build:
		d.Revision++
		d.State, d.Failure = dashboard.Running, ""
	case job.Kind == dashboard.Start:
		d.State = dashboard.Running
	case job.Kind == dashboard.Stop:
		d.State = dashboard.Stopped
	}
	m.dashboards[d.ID] = d
	if job.Kind == dashboard.Delete && m.failing == "" {
		delete(m.dashboards, d.ID)
		delete(m.jobs, id)
	}
	m.tell()
}

// tell wakes those who watch.
func (m *memory) tell() {
	close(m.changed)
	m.changed = make(chan struct{})
}

// progress says how far a held job is.
func (m *memory) progress(id, title string, percent int, lines ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	job := m.jobs[id]
	job.Title, job.Percent = title, percent
	m.jobs[id] = job
	for _, line := range lines {
		m.logs[id] = append(m.logs[id], dashboard.LogLine{Number: len(m.logs[id]) + 1, At: moment, Text: line})
	}
	m.tell()
}

func (m *memory) visible(v dashboard.Visitor, id string) (dashboard.Dashboard, error) {
	d, ok := m.dashboards[id]
	if !ok || !v.Owns(d) && !v.MayOpen(d) {
		return d, dashboard.Errorf(dashboard.NotFound, "There is no such dashboard, or it is not shared with you.")
	}
	return d, nil
}

func (m *memory) owned(v dashboard.Visitor, id string) (dashboard.Dashboard, error) {
	d, err := m.visible(v, id)
	if err == nil && !v.Owns(d) {
		err = dashboard.Errorf(dashboard.Forbidden, "This dashboard is %s's to change.", d.Owner)
	}
	return d, err
}

func (m *memory) Rules(context.Context, dashboard.Visitor) (dashboard.Rules, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.rules, nil
}

func (m *memory) List(_ context.Context, v dashboard.Visitor, q dashboard.Query) ([]dashboard.Dashboard, int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fault != nil {
		if err := m.fault("list"); err != nil {
			return nil, 0, err
		}
	}
	var found []dashboard.Dashboard
	for _, d := range m.dashboards {
		text := strings.ToLower(d.Name + " " + d.Description + " " + d.Owner)
		if q.Owner != "" && d.Owner != q.Owner || d.Owner == q.NotOwner || q.Group != "" && !slices.Contains(d.Access.Groups, q.Group) ||
			!v.MayOpen(d) && (!v.Admin || q.Owner == "") ||
			slices.ContainsFunc(strings.Fields(strings.ToLower(q.Text)), func(word string) bool { return !strings.Contains(text, word) }) {
			continue
		}
		found = append(found, d)
	}
	slices.SortFunc(found, func(a, b dashboard.Dashboard) int {
		order := strings.Compare(a.Name, b.Name)
		switch q.Sort {
		case dashboard.ByUsed:
			order = a.LastUsed.Compare(b.LastUsed)
		case dashboard.ByOwner:
			order = strings.Compare(a.Owner, b.Owner)
		}
		if q.Descending {
			order = -order
		}
		return cmp.Or(order, strings.Compare(a.ID, b.ID))
	})
	total := len(found)
	found = found[min(q.Offset, total):]
	return found[:min(q.Limit, len(found))], total, nil
}

func (m *memory) Dashboard(_ context.Context, v dashboard.Visitor, id string) (dashboard.Dashboard, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.visible(v, id)
}

func (m *memory) taken(owner, name, but string) bool {
	for _, d := range m.dashboards {
		if d.Owner == owner && d.ID != but && dashboard.FoldName(d.Name) == dashboard.FoldName(name) {
			return true
		}
	}
	return false
}

func (m *memory) Create(_ context.Context, v dashboard.Visitor, d dashboard.Dashboard) (dashboard.Dashboard, dashboard.Job, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.call("create %s", d.Name); err != nil {
		return d, dashboard.Job{}, err
	}
	if err := d.Check(); err != nil {
		return d, dashboard.Job{}, err
	}
	if m.taken(v.Name, d.Name, "") {
		taken := dashboard.Errorf(dashboard.Conflict, "You have a dashboard of the name %q. Choose another name.", d.Name)
		taken.Field = "name"
		return d, dashboard.Job{}, taken
	}
	d.ID, d.Owner, d.State, d.Created, d.Updated = fmt.Sprintf("newnewnew%03d", len(m.dashboards)), v.Name, dashboard.Stopped, moment, moment
	m.dashboards[d.ID] = d
	job, err := m.begin(v, dashboard.Build, d.ID)
	return d, job, err
}

func (m *memory) Edit(_ context.Context, v dashboard.Visitor, id string, change func(*dashboard.Dashboard) error) (dashboard.Dashboard, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.call("edit %s", id); err != nil {
		return dashboard.Dashboard{}, err
	}
	d, err := m.owned(v, id)
	if err != nil {
		return d, err
	}
	if err := change(&d); err != nil {
		return d, err
	}
	if err := d.Check(); err != nil {
		return d, err
	}
	if m.taken(d.Owner, d.Name, id) {
		return d, dashboard.Errorf(dashboard.Conflict, "There is a dashboard of the name %q. Choose another name.", d.Name)
	}
	d.Updated = moment
	m.dashboards[id] = d
	return d, nil
}

func (m *memory) Rebuild(_ context.Context, v dashboard.Visitor, id string) (dashboard.Job, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.begin(v, dashboard.Build, id)
}

func (m *memory) Start(_ context.Context, v dashboard.Visitor, id string) (dashboard.Job, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.begin(v, dashboard.Start, id)
}

func (m *memory) Stop(_ context.Context, v dashboard.Visitor, id string) (dashboard.Job, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.begin(v, dashboard.Stop, id)
}

func (m *memory) Delete(_ context.Context, v dashboard.Visitor, id string) (dashboard.Job, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.begin(v, dashboard.Delete, id)
}

func (m *memory) Open(_ context.Context, v dashboard.Visitor, id string) (dashboard.Opening, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, err := m.visible(v, id)
	if err != nil {
		return dashboard.Opening{}, err
	}
	opening := dashboard.Opening{URL: "/user/" + d.Owner + "/" + d.Server + "/", Ready: d.State == dashboard.Running}
	if !opening.Ready {
		job, err := m.begin(dashboard.Visitor{Name: d.Owner}, dashboard.Start, id)
		if err != nil {
			return opening, err
		}
		opening.Job = &job
	}
	return opening, nil
}

func (m *memory) Job(_ context.Context, _ dashboard.Visitor, id string) (dashboard.Job, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	job, ok := m.jobs[id]
	if !ok {
		return job, dashboard.Errorf(dashboard.NotFound, "There is no such job.")
	}
	return job, nil
}

func (m *memory) Log(_ context.Context, _ dashboard.Visitor, id string, after int) ([]dashboard.LogLine, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	lines := m.logs[id]
	return slices.Clone(lines[min(after, len(lines)):]), nil
}

func (m *memory) Watch(ctx context.Context, v dashboard.Visitor, id string) (<-chan dashboard.Job, error) {
	if _, err := m.Job(ctx, v, id); err != nil {
		return nil, err
	}
	news := make(chan dashboard.Job)
	go func() {
		defer close(news)
		for {
			m.mu.Lock()
			job, there := m.jobs[id]
			changed := m.changed
			m.mu.Unlock()
			if !there {
				return
			}
			select {
			case news <- job:
			case <-ctx.Done():
				return
			}
			if job.Done {
				return
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}()
	return news, nil
}

func (m *memory) Jobs(_ context.Context, v dashboard.Visitor, id string) ([]dashboard.Job, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.owned(v, id); err != nil {
		return nil, err
	}
	var found []dashboard.Job
	for _, job := range m.jobs {
		if job.Dashboard == id {
			found = append(found, job)
		}
	}
	slices.SortFunc(found, func(a, b dashboard.Job) int { return b.Created.Compare(a.Created) })
	return found, nil
}

func (m *memory) Revisions(_ context.Context, v dashboard.Visitor, id string) ([]dashboard.Revision, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.owned(v, id); err != nil {
		return nil, err
	}
	return m.revisions[id], nil
}

func (m *memory) Servers(context.Context, dashboard.Visitor) ([]dashboard.Server, error) {
	return m.servers, nil
}

func (m *memory) Browse(context.Context, dashboard.Visitor, dashboard.Source, string) ([]dashboard.Entry, error) {
	return nil, nil
}

func (m *memory) People(_ context.Context, _ dashboard.Visitor, text string) (users, groups []string, err error) {
	begins := func(names ...string) []string {
		return slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, text) })
	}
	return begins("ada", "ben", "bert", "bob; rm"), begins("finance", "geo"), nil
}

func (m *memory) Thumbnail(_ context.Context, v dashboard.Visitor, id string) (dashboard.Picture, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.visible(v, id); err != nil {
		return dashboard.Picture{}, err
	}
	content, ok := m.pictures[id]
	if !ok {
		return dashboard.Picture{}, dashboard.Errorf(dashboard.NotFound, "This dashboard has no picture.")
	}
	return dashboard.Picture{Type: "image/png", Content: content}, nil
}

func (m *memory) SetThumbnail(_ context.Context, v dashboard.Visitor, id string, content []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, err := m.owned(v, id)
	if err != nil {
		return err
	}
	if d.Thumbnail = ""; len(content) > 0 {
		d.Thumbnail = fmt.Sprintf("v%d", len(content))
	}
	m.dashboards[id], m.pictures[id] = d, content
	if len(content) == 0 {
		delete(m.pictures, id)
	}
	return nil
}
