package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/pflag"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/terminal"
)

// follow shows how a job goes on until it is done. An error is a job that failed,
// or that could not be followed; the job is as it was last seen.
func (s *session) follow(job api.Job) (api.Job, error) {
	if job.Done {
		return job, outcome(job)
	}
	type result struct {
		job api.Job
		err error
	}
	changes, done := make(chan api.Job), make(chan result, 1)
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	go func() {
		last, err := s.client.Follow(ctx, job.ID, 0, api.Follower{Changed: func(now api.Job) {
			select {
			case changes <- now:
			case <-ctx.Done():
			}
		}})
		done <- result{last, err}
	}()

	bar := terminal.NewBar(s.talk)
	defer bar.Clear()
	begun := time.Now()
	var tick <-chan time.Time
	if s.talk.Moves {
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		tick = ticker.C
	}
	for {
		bar.Show(titleOf(job), percentOf(job), time.Since(begun))
		select {
		case job = <-changes:
		case <-tick:
		case end := <-done:
			if end.job.ID != "" {
				job = end.job
			}
			switch {
			case end.err == nil:
				return job, outcome(job)
			case job.Kind == dashboard.Delete && isNotFound(end.err):
				job.Done = true // the job went with its dashboard
				return job, nil
			}
			return job, unfollowed(job, end.err)
		}
	}
}

// outcome is what is wrong with a job that is done.
func outcome(job api.Job) error {
	if job.Failure == "" {
		return nil
	}
	return failf(exitFailed, "%s failed: %s (more: %s log %s)", verb(job.Kind), job.Failure, programName, job.Dashboard)
}

// unfollowed says that a job goes on although nobody looks.
func unfollowed(job api.Job, err error) error {
	code := codeOf(err)
	if errors.Is(err, context.Canceled) {
		return failf(code, "no longer watching, but it goes on: %s log --follow %s shows how", programName, job.Dashboard)
	}
	return failf(code, "lost sight of it, but it may go on: %w", err)
}

func verb(kind dashboard.JobKind) string {
	switch kind {
	case dashboard.Build:
		return "the build"
	case dashboard.Start:
		return "the start"
	case dashboard.Stop:
		return "the stop"
	case dashboard.Delete:
		return "the deletion"
	}
	return string(kind)
}

func titleOf(job api.Job) string {
	if job.Title != "" {
		return job.Title
	}
	return "Waiting for its turn"
}

func percentOf(job api.Job) int {
	if job.Percent == nil {
		return -1
	}
	return *job.Percent
}

// wait adds the flag with which a command does not wait.
func wait(flags *pflag.FlagSet, noWait *bool) {
	flags.BoolVar(noWait, "no-wait", false, "do not wait until it is done")
}
