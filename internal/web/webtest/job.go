package webtest

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// Rebuild begins a build.
func (s *Service) Rebuild(_ context.Context, v dashboard.Visitor, id string) (dashboard.Job, error) {
	return s.act(v, id, dashboard.Build)
}

// Start begins a start.
func (s *Service) Start(_ context.Context, v dashboard.Visitor, id string) (dashboard.Job, error) {
	return s.act(v, id, dashboard.Start)
}

// Stop begins a stop.
func (s *Service) Stop(_ context.Context, v dashboard.Visitor, id string) (dashboard.Job, error) {
	return s.act(v, id, dashboard.Stop)
}

// Delete begins to delete.
func (s *Service) Delete(_ context.Context, v dashboard.Visitor, id string) (dashboard.Job, error) {
	return s.act(v, id, dashboard.Delete)
}

// Open starts a dashboard that does not run.
func (s *Service) Open(_ context.Context, v dashboard.Visitor, id string) (dashboard.Opening, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.find(v, id)
	if err != nil {
		return dashboard.Opening{}, err
	}
	opening := dashboard.Opening{URL: "/user/" + d.Owner + "/" + d.Server + "/"}
	if d.State == dashboard.Running {
		opening.Ready = true
		return opening, nil
	}
	job, ok := s.underWay(id)
	if !ok {
		job = s.begin(v, d, dashboard.Start)
	}
	opening.Job = &job
	return opening, nil
}

func (s *Service) act(v dashboard.Visitor, id string, kind dashboard.JobKind) (dashboard.Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.own(v, id)
	if err != nil {
		return dashboard.Job{}, err
	}
	if job, ok := s.underWay(id); ok {
		if job.Kind == kind {
			return job, nil
		}
		return job, dashboard.Errorf(dashboard.Conflict, "Something else is being done to this dashboard. Wait until it is done.")
	}
	return s.begin(v, d, kind), nil
}

func (s *Service) underWay(id string) (dashboard.Job, bool) {
	for _, job := range s.jobs {
		if job.Dashboard == id && !job.Done {
			return job, true
		}
	}
	return dashboard.Job{}, false
}

// begin adds a job, which goes on by itself if jobs have steps.
func (s *Service) begin(v dashboard.Visitor, d dashboard.Dashboard, kind dashboard.JobKind) dashboard.Job {
	job := dashboard.Job{
		ID: "job" + strconv.Itoa(len(s.jobs)+1), Dashboard: d.ID, Kind: kind, By: v.Name, Revision: d.Revision,
		Step: dashboard.StepQueued, Title: "Waiting", Percent: -1, Created: s.Now(),
	}
	s.jobs = append(s.jobs, job)
	if s.Step > 0 {
		go s.play(job.ID)
	}
	return job
}

// play goes through the steps of a job.
func (s *Service) play(job string) {
	for i, title := range []string{"Copying your files", "Copying your files", "Copying your files", "Starting the dashboard", "Letting people in"} {
		time.Sleep(s.Step)
		s.Progress(job, title, i*20+10)
		s.Write(job, title+" …")
	}
	time.Sleep(s.Step)
	s.Finish(job, "")
}

// Begin adds a job of a dashboard that waits for Finish.
func (s *Service) Begin(id string, kind dashboard.JobKind, title string, percent int) string {
	s.mu.Lock()
	d := s.dashboards[id]
	step := s.Step
	s.Step = 0
	job := s.begin(dashboard.Visitor{Name: d.Owner}, d, kind)
	s.Step = step
	s.mu.Unlock()
	s.Progress(job.ID, title, percent)
	return job.ID
}

// Progress says how far a job is.
func (s *Service) Progress(job, title string, percent int) {
	s.set(job, func(j *dashboard.Job) { j.Title, j.Percent, j.Step = title, percent, dashboard.StepClone })
}

// Finish ends a job, and does what it was for.
func (s *Service) Finish(job, failure string) {
	s.set(job, func(j *dashboard.Job) {
		j.Done, j.Failure, j.Finished = true, failure, s.Now()
		d := s.dashboards[j.Dashboard]
		d.Failure = failure
		switch {
		case failure != "":
		case j.Kind == dashboard.Delete:
			delete(s.dashboards, d.ID)
			return
		case j.Kind == dashboard.Stop:
			d.State = dashboard.Stopped
		default:
			d.State = dashboard.Running
			if j.Kind == dashboard.Build {
				d.Revision++
				s.revisions[d.ID] = append([]dashboard.Revision{{
					Dashboard: d.ID, Number: d.Revision, By: j.By, State: dashboard.Made, Created: j.Created, Finished: s.Now(),
					Snapshot: dashboard.Snapshot{Kind: dashboard.Folder, Bytes: 1234567},
				}}, s.revisions[d.ID]...)
			}
		}
		s.dashboards[d.ID] = d
	})
}

// Write adds a line to a job's log.
func (s *Service) Write(job, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logs[job] = append(s.logs[job], dashboard.LogLine{Number: len(s.logs[job]) + 1, At: s.Now(), Text: text})
}

func (s *Service) set(job string, change func(*dashboard.Job)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(s.jobs, func(j dashboard.Job) bool { return j.ID == job })
	change(&s.jobs[at])
	for _, watcher := range s.watchers[job] {
		select {
		case <-watcher: // what nobody took
		default:
		}
		watcher <- s.jobs[at]
		if s.jobs[at].Done {
			close(watcher)
		}
	}
	if s.jobs[at].Done {
		delete(s.watchers, job)
	}
}

// Job is one that the visitor may see.
func (s *Service) Job(_ context.Context, v dashboard.Visitor, id string) (dashboard.Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.job(v, id)
}

func (s *Service) job(v dashboard.Visitor, id string) (dashboard.Job, error) {
	at := slices.IndexFunc(s.jobs, func(j dashboard.Job) bool { return j.ID == id })
	if at < 0 {
		return dashboard.Job{}, dashboard.Errorf(dashboard.NotFound, "There is no such job.")
	}
	d, err := s.find(v, s.jobs[at].Dashboard)
	if err == nil && !v.Owns(d) && s.jobs[at].Kind != dashboard.Start {
		err = dashboard.Errorf(dashboard.NotFound, "There is no such job.")
	}
	return s.jobs[at], err
}

// Log is for the owner.
func (s *Service) Log(_ context.Context, v dashboard.Visitor, id string, after int) ([]dashboard.LogLine, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	job, err := s.job(v, id)
	if err != nil {
		return nil, err
	}
	if _, err := s.own(v, job.Dashboard); err != nil {
		return nil, err
	}
	lines := s.logs[id]
	return slices.Clone(lines[min(after, len(lines)):]), nil
}

// Watch tells what becomes of a job.
func (s *Service) Watch(_ context.Context, v dashboard.Visitor, id string) (<-chan dashboard.Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	job, err := s.job(v, id)
	if err != nil {
		return nil, err
	}
	watcher := make(chan dashboard.Job, 1)
	watcher <- job
	if job.Done {
		close(watcher)
	} else {
		s.watchers[id] = append(s.watchers[id], watcher)
	}
	return watcher, nil
}

// Jobs are the newest first.
func (s *Service) Jobs(_ context.Context, v dashboard.Visitor, id string) ([]dashboard.Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.own(v, id); err != nil {
		return nil, err
	}
	var found []dashboard.Job
	for _, job := range slices.Backward(s.jobs) {
		if job.Dashboard == id {
			found = append(found, job)
		}
	}
	return found, nil
}

// Revisions are the newest first.
func (s *Service) Revisions(_ context.Context, v dashboard.Visitor, id string) ([]dashboard.Revision, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.own(v, id); err != nil {
		return nil, err
	}
	return s.revisions[id], nil
}
