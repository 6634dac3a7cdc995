package dashboard

import "time"

// Job is something that is being done to a dashboard, and outlives the process that
// does it. One of the whole dashboard goes with no other; where each viewer has a
// server, those of several viewers go on at the same time, at most one of each.
type Job struct {
	ID        string
	Dashboard string
	Kind      JobKind
	// Viewer is whose server is concerned where each viewer has one; else empty.
	Viewer string
	// Revision is what is built or started.
	Revision int
	// By is who asked for it.
	By string
	// Step is the last one that was begun.
	Step Step
	// Title and Percent are how far it is, for people; Percent is negative where
	// that is unknown.
	Title   string
	Percent int
	// Done says that it has ended; Failure, if not empty, that it ended badly, and
	// why.
	Done    bool
	Failure string

	Created, Finished time.Time
	// Worker is the process that does it, and Seen when that was last heard of.
	Worker string
	Seen   time.Time
}

// JobKind is what a job does.
type JobKind string

// The kinds of jobs.
const (
	// Build clones the source and starts the dashboard from what came of it. The
	// first one makes a dashboard, further ones rebuild it.
	Build JobKind = "build"
	Start JobKind = "start"
	Stop  JobKind = "stop"
	// Delete takes away the server, the snapshots and the dashboard itself.
	Delete JobKind = "delete"
)

// Step is a part of a job that can be done again from its beginning.
type Step string

// The steps of jobs, in the order in which they come.
const (
	StepQueued Step = "queued"
	StepClone  Step = "clone"
	StepStop   Step = "stop"
	StepLaunch Step = "launch"
	StepShare  Step = "share"
	StepPrune  Step = "prune"
	StepErase  Step = "erase"
)

// LogLine is one line of a job's log.
type LogLine struct {
	// Number counts from 1 within the job.
	Number int
	At     time.Time
	Text   string
}
