package store

import (
	"context"
	"math"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

const (
	// whose are what never changes of a job, and saved what SaveJob replaces. Seen
	// is always the database's now.
	whose      = `id, dashboard, kind, viewer, asked_by, created`
	saved      = `revision, step, title, percent, done, failure, finished, worker`
	jobColumns = whose + `, ` + saved + `, seen`
)

// settled is how long a job that has ended is kept at least, for those who watch
// it, however many came after.
const settled = time.Hour

func savedValues(job dashboard.Job) []any {
	return []any{
		job.Revision, string(job.Step), clean(job.Title), job.Percent, job.Done, clean(job.Failure), instant(job.Finished), job.Worker,
	}
}

func readJob(row scanner) (dashboard.Job, error) {
	var job dashboard.Job
	var created, finished, seen int64
	err := row.Scan(&job.ID, &job.Dashboard, &job.Kind, &job.Viewer, &job.By, &created,
		&job.Revision, &job.Step, &job.Title, &job.Percent, &job.Done, &job.Failure, &finished, &job.Worker, &seen)
	job.Created, job.Finished, job.Seen = fromInstant(created), fromInstant(finished), fromInstant(seen)
	return job, err
}

func (q querier) job(ctx context.Context, id string) (dashboard.Job, error) {
	return readJob(q.row(ctx, `SELECT `+jobColumns+` FROM jobs WHERE id = $1`, id))
}

func (q querier) addJob(ctx context.Context, job dashboard.Job) error {
	values := append(savedValues(job), job.ID, job.Dashboard, string(job.Kind), job.Viewer, job.By, instant(job.Created))
	if _, err := q.exec(ctx, insert("jobs", saved+`, `+whose+`, seen`), append(values, 0)...); err != nil {
		return err
	}
	_, err := q.exec(ctx, `UPDATE jobs SET seen = {now} WHERE id = $1`, job.ID)
	return err
}

// AddJob adds a job unless one is in its way: then that one is returned with
// ErrBusy. A job without a viewer is of the whole dashboard, and goes with no
// other; those of two viewers go together. Finished jobs that are too many are
// forgotten. Errors: ErrBusy, ErrNotFound.
func (s *Store) AddJob(ctx context.Context, job dashboard.Job) (dashboard.Job, error) {
	var kept dashboard.Job
	err := s.change(ctx, "keep the job", func(q querier) error {
		// The index allows one for each viewer; that one for all and one for a viewer
		// do not come together is for this lock to see to.
		if err := q.lock(ctx, job.Dashboard); err != nil {
			return err
		}
		inTheWay, err := collect(ctx, q, readJob, `SELECT `+jobColumns+` FROM jobs
			WHERE dashboard = $1 AND NOT done AND (viewer = $2 OR viewer = '' OR $2 = '')
			ORDER BY created, id LIMIT 1`, job.Dashboard, job.Viewer)
		if err != nil {
			return err
		}
		if len(inTheWay) > 0 {
			kept = inTheWay[0]
			return dashboard.ErrBusy
		}
		if err := q.addJob(ctx, job); err != nil {
			return err
		}
		if err := q.forgetJobs(ctx, job.Dashboard); err != nil {
			return err
		}
		kept, err = q.job(ctx, job.ID)
		return err
	})
	return kept, err
}

// forgetJobs keeps a dashboard from having ever more jobs.
func (q querier) forgetJobs(ctx context.Context, id string) error {
	_, err := q.exec(ctx, `DELETE FROM jobs WHERE dashboard = $1 AND done AND finished < {now} - $2 AND id NOT IN (
		SELECT id FROM jobs WHERE dashboard = $1 ORDER BY created DESC, id DESC LIMIT $3)`,
		id, settled.Microseconds(), dashboard.MaxJobs)
	return err
}

// SaveJob replaces a job that its Worker is still the worker of, and notes that it
// was seen now. Who asked for what and when stays as it is, and one that has ended
// does not begin again. Errors: ErrLost, ErrNotFound.
func (s *Store) SaveJob(ctx context.Context, job dashboard.Job) error {
	return s.change(ctx, "keep the job", func(q querier) error {
		// The worker is the last of the values, and the one that has to be the same.
		changed, err := q.exec(ctx, `UPDATE jobs SET seen = {now}, revision = $1, step = $2, title = $3, percent = $4,
				done = $5, failure = $6, finished = $7
			WHERE worker = $8 AND id = $9 AND (NOT done OR $5)`, append(savedValues(job), job.ID)...)
		if err != nil || changed > 0 {
			return err
		}
		if _, err := q.job(ctx, job.ID); err != nil {
			return err
		}
		return dashboard.ErrLost
	})
}

// ClaimJobs gives a worker all unfinished jobs whose worker was last seen before
// stale, and those that have none, and returns them.
func (s *Store) ClaimJobs(ctx context.Context, worker string, stale time.Time) ([]dashboard.Job, error) {
	var claimed []dashboard.Job
	err := s.change(ctx, "take up jobs", func(q querier) error {
		// When a job was seen is by the database's clock, which the caller's need not
		// agree with. So it is asked how long ago that was, and not when. If we stall in
		// between it is longer ago, and fewer are taken: never one whose worker is alive.
		var now int64
		if err := q.row(ctx, `SELECT {now}`).Scan(&now); err != nil {
			return err
		}
		before := now - time.Since(stale).Microseconds()
		// One that is locked is being saved, so its worker is alive, or being claimed.
		var err error
		claimed, err = collect(ctx, q, readJob, `UPDATE jobs SET worker = $1, seen = {now} WHERE id IN (
			SELECT id FROM jobs WHERE NOT done AND (worker = '' OR seen < $2) ORDER BY id {skip}) RETURNING `+jobColumns, worker, before)
		return err
	})
	return claimed, err
}

// Job errors: ErrNotFound.
func (s *Store) Job(ctx context.Context, id string) (dashboard.Job, error) {
	job, err := s.reader().job(ctx, id)
	return job, s.explain(ctx, "read the job", err)
}

// Jobs are the newest ones of a dashboard, the newest first; a limit of 0 is none.
func (s *Store) Jobs(ctx context.Context, id string, limit int) ([]dashboard.Job, error) {
	if limit <= 0 {
		limit = math.MaxInt
	}
	found, err := collect(ctx, s.reader(), readJob,
		`SELECT `+jobColumns+` FROM jobs WHERE dashboard = $1 ORDER BY created DESC, id DESC LIMIT $2`, id, limit)
	return found, s.explain(ctx, "read the jobs", err)
}

// OpenJobs are all that are under way, the oldest first.
func (s *Store) OpenJobs(ctx context.Context) ([]dashboard.Job, error) {
	found, err := collect(ctx, s.reader(), readJob, `SELECT `+jobColumns+` FROM jobs WHERE NOT done ORDER BY created, id`)
	return found, s.explain(ctx, "read the jobs", err)
}
