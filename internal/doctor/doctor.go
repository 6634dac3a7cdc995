// Package doctor looks at the environment that a server is to run in, against
// its hub, and says in plain words what is wrong with it and what to do.
//
// It changes nothing: it starts no app, reports no activity, and writes
// nowhere. What it says holds no secret.
package doctor

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/auth"
	"github.com/ideonate/jhsingle-native-proxy/internal/environment"
	"github.com/ideonate/jhsingle-native-proxy/process"
)

const (
	// defaultLimit bounds a whole run. The longest way through the checks is
	// five steps towards the hub, one after the other.
	defaultLimit = 25 * time.Second
	// stepLimit bounds one step over the network.
	stepLimit = 4 * time.Second
	// grace is for checks that have ended with the run, or are about to.
	grace = 3 * time.Second
	// slow is how long the hub takes for an answer where that is worth a word.
	slow = time.Second
)

// Config is what there is to look at: what serving would use.
type Config struct {
	// Environ is the environment, as os.Environ gives it. The hub's variables
	// are read from it.
	Environ []string
	// Auth says that visitors need a login by the hub.
	Auth bool
	// Listen is the host and port to listen on. The host may be empty.
	Listen string

	// Command is the app's command line with its {placeholders}; empty for an
	// app that runs already.
	Command []string
	// Variables are the placeholders that are known before a start.
	Variables process.Variables
	// DestPort is where the app listens, 0 for a free port. Socket is the path
	// of its unix socket, "auto" for a fresh one, or empty.
	DestPort int
	Socket   string
	// Dir is the app's working folder; empty is ours.
	Dir string

	// EnvironmentName is the conda or virtual environment that the app runs
	// in, if any. Interpreter resolves it to its Python, or whatever else it is
	// for, and to the app's environment variables.
	EnvironmentName string
	Interpreter     func(context.Context) (path string, environ []string, err error)
	// Repo is the git repository that the app comes from, if any, and Remote
	// asks it for its branches. RepoFolder is where it goes.
	Repo       string
	Remote     func(context.Context) error
	RepoFolder string

	// Limit bounds the whole run; 0 is 25 s. Slow is from when on an answer of the hub
	// is a warning for the time that it takes; 0 is 1 s.
	Limit, Slow time.Duration
}

// Run makes every check, those that do not need each other side by side, and
// returns what they found in an order that is always the same. It takes hardly
// longer than the limit: a check that has not ended by then is a finding.
func Run(ctx context.Context, c Config) []Finding { return newExamination(c).run(ctx) }

func (e *examination) run(ctx context.Context) []Finding {
	ctx, cancel := context.WithTimeout(ctx, e.Limit)
	defer cancel()
	over := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { time.Sleep(grace); close(over) })
	defer stop()
	var slots []*slot
	for _, check := range e.checks() {
		s := &slot{name: check.name, done: make(chan struct{})}
		slots = append(slots, s)
		go func() {
			defer close(s.done)
			check.run(ctx, s.add)
		}()
	}
	var findings []Finding
	for _, s := range slots {
		// Not the check's own word on its end: a folder on a file server that
		// is away holds whoever looks at it, whatever the time.
		select {
		case <-s.done:
		case <-over:
		}
		select {
		case <-s.done:
		default:
			s.add(Failed, fmt.Sprintf("The check did not end within %s.", e.Limit),
				"Something that it waits for does not answer: a name server, the hub, or a folder on a file server. Look at the findings before this one, and run it again.")
		}
		findings = append(findings, s.take()...)
	}
	hide := newCensor(e.Environ)
	for i := range findings {
		findings[i].Message, findings[i].Advice = hide.text(findings[i].Message), hide.text(findings[i].Advice)
	}
	return findings
}

// slot collects the findings of one check, which may still be at it.
type slot struct {
	name string
	done chan struct{}

	mu       sync.Mutex
	findings []Finding
}

func (s *slot) add(status Status, message, advice string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.findings = append(s.findings, Finding{s.name, status, message, advice})
}

func (s *slot) take() []Finding {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Finding(nil), s.findings...)
}

// examination is one run.
type examination struct {
	Config
	env auth.Environment
	// parseErr says that env is not complete.
	parseErr error
	hub      *hubVisit
}

func newExamination(c Config) *examination {
	c.Limit, c.Slow = cmp.Or(c.Limit, defaultLimit), cmp.Or(c.Slow, slow)
	e := &examination{Config: c}
	e.env, e.parseErr = auth.ParseEnvironment(e.lookup)
	e.hub = newHubVisit(e)
	return e
}

// check is one thing to look at.
type check struct {
	name string
	run  func(context.Context, report)
}

// checks are all checks in the order of the report: what the hub told us, the
// hub itself, our own address, the app, and the machine.
func (e *examination) checks() []check {
	return []check{
		{"variables", e.checkVariables},
		{"hub address", e.hub.checkAddress},
		{"hub connection", e.hub.checkConnection},
		{"hub certificate", e.hub.checkCertificate},
		{"hub answer", e.hub.checkAnswer},
		{"hub version", e.hub.checkVersion},
		{"clock", e.hub.checkClock},
		{"token", e.hub.checkToken},
		{"scopes", e.hub.checkScopes},
		{"login", e.hub.checkLogin},
		{"our certificate", e.checkOwnCertificate},
		{"listening", e.checkListening},
		{"app address", e.checkAppAddress},
		{"command", e.checkCommand},
		{"environment", e.checkEnvironment},
		{"repository", e.checkRepository},
		{"folders", e.checkFolders},
		{"descriptors", e.checkDescriptors},
		{"memory", e.checkMemory},
		{"user", e.checkUser},
	}
}

// lookup finds a variable. The last of a name wins, as in a shell's child.
func (e *examination) lookup(name string) (string, bool) {
	return environment.Lookup(e.Environ, name)
}

func (e *examination) get(name string) string { return environment.Get(e.Environ, name) }

// dir is the folder that relative paths begin at.
func (e *examination) dir() string {
	if e.Dir != "" {
		return e.Dir
	}
	here, err := os.Getwd()
	if err != nil {
		return "."
	}
	return here
}
