package api

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Follower is told how a job goes on. Either may be nil.
type Follower struct {
	Changed func(Job)
	Logged  func(LogLine)
}

// Follow tells how a job goes on until it is done, and returns it as it was then.
// after is the last line of its log that is known. It hears of it by the service's
// stream, and asks where streams do not get through; a service that is away for a
// while, as when it is started anew, is waited for. A job that was erased with its
// dashboard is a *Problem of dashboard.NotFound.
func (c *Client) Follow(ctx context.Context, id string, after int, told Follower) (Job, error) {
	var job Job
	news := false
	changed := func(now Job) {
		job, news = now, true
		if told.Changed != nil {
			told.Changed(now)
		}
	}
	logged := func(line LogLine) {
		if line.Number > after {
			after = line.Number
			if told.Logged != nil {
				told.Logged(line)
			}
		}
	}
	streams, heard := true, time.Now()
	for {
		var err error
		news = false
		if streams {
			err = c.stream(ctx, id, after, changed, logged)
			// One that brings nothing is kept back by something between us.
			streams = news || !errors.Is(err, errSilent)
		}
		if !news && !final(err) {
			if err = c.look(ctx, id, changed); err == nil && told.Logged != nil {
				err = c.lookAtLog(ctx, id, after, logged)
			}
		}
		switch {
		case job.Done:
			return job, nil
		case ctx.Err() != nil:
			return job, ctx.Err()
		case news:
			heard = time.Now()
		case final(err) || time.Since(heard) > c.timing.patience:
			return job, err
		}
		if sleep(ctx, c.timing.poll) != nil {
			return job, ctx.Err()
		}
	}
}

func (c *Client) look(ctx context.Context, id string, changed func(Job)) error {
	job, err := c.Job(ctx, id)
	if err == nil {
		changed(job)
	}
	return err
}

// lookAtLog comes after look, so that the log of a job that is done is whole. Not
// everybody who may see a job may read its log.
func (c *Client) lookAtLog(ctx context.Context, id string, after int, logged func(LogLine)) error {
	lines, err := c.Log(ctx, id, after)
	for _, line := range lines {
		logged(line)
	}
	if errors.As(err, new(*Problem)) {
		return nil
	}
	return err
}

// final says that asking again will not give another answer.
func final(err error) bool {
	problem, ok := errors.AsType[*Problem](err)
	return ok && problem.Status < http.StatusInternalServerError && problem.Status != http.StatusTooManyRequests
}
