package git

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/environment"
)

// pull is one Pull.
type pull struct {
	source Source
	at     address
	folder string // where the repository goes, without links
	git    *client
	log    *slog.Logger
	lfs    bool // git-lfs is installed
	// died is when a server that worked here before us began, if it died at it.
	died time.Time
}

// newPull checks the source, and finds all that git needs for it.
func newPull(s Source, report func(string, int)) (*pull, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	folder, err := s.Target()
	if err != nil {
		return nil, err
	}
	log := s.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	at, err := parseAddress(s.URL)
	if err != nil {
		return nil, err
	}
	secret, err := findCredential(s, at, log)
	if err != nil {
		return nil, err
	}
	program, err := environment.LookPath(s.environ(), "git")
	if err != nil {
		return nil, errNoGit
	}
	if at.scheme == "http" && secret.password != "" {
		log.Warn("the token for the repository goes over the network in the clear: use https", "repository", at.plain)
	}
	patience := s.patience
	if patience == 0 {
		patience = defaultPatience
	}
	return &pull{
		source: s, at: at, folder: folder, log: log,
		git: &client{
			redactor: newRedactor(append(secret.secrets(), credential{password: at.password}.secrets()...)...),
			program:  program, log: log, meter: &meter{tell: report}, patience: patience,
			secret: secret, site: at.site(),
		},
	}, nil
}

// enter makes a folder the one that git works in.
func (p *pull) enter(ctx context.Context, folder string) {
	p.git.folder = folder
	p.git.env = cleanEnvironment(p.source.environ(), folder)
	if ssh := p.git.sshCommand(ctx, p.source.environ()); ssh != "" {
		p.git.env = append(p.git.env, "GIT_SSH_COMMAND="+ssh)
	}
	if p.lfs = p.git.hasLFS(ctx); !p.lfs {
		// Where it is configured but not installed, each checkout would fail.
		p.git.env = withConfig(p.git.env, [][2]string{
			{"filter.lfs.process", ""}, {"filter.lfs.smudge", ""}, {"filter.lfs.clean", ""}, {"filter.lfs.required", "false"},
		})
	}
}

func (p *pull) run(ctx context.Context) error {
	// Before anything is touched: what is not ours stays as it is.
	found, err := inspect(p.folder)
	if err != nil {
		return err
	}
	made := found == absent
	if made {
		if err := os.MkdirAll(p.folder, 0o755); err != nil { // #nosec G301 -- as mkdir does
			return fmt.Errorf("the folder for the repository cannot be made: %w", err)
		}
	}
	if p.folder, err = filepath.EvalSymlinks(p.folder); err != nil {
		return fmt.Errorf("the folder for the repository cannot be found: %w", err)
	}
	p.enter(ctx, p.folder)
	if err := p.refuse(ctx, found); err != nil {
		return err
	}
	held, err := acquire(ctx, p.folder, p.log, func() {
		p.log.Info("waiting for another server that works in the same folder", "folder", p.folder)
		p.git.meter.report("Waiting for another server that updates the same folder", -1)
	})
	if err != nil {
		return err
	}
	defer func() {
		held.release()
		if made {
			_ = os.Remove(p.folder) // if nothing came of it
		}
	}()
	p.died = held.died
	// Another server may have been at work while we waited.
	if found, err = inspect(p.folder); err != nil {
		return err
	}
	if err := p.refuse(ctx, found); err != nil {
		return err
	}
	if found == repository {
		return p.update(ctx)
	}
	return p.clone(ctx)
}

// refuse says why a folder cannot be used.
func (p *pull) refuse(ctx context.Context, found state) error {
	const advice = "give another --repofolder, or move it away"
	switch found {
	case occupied:
		return fmt.Errorf("the folder %s has files, but is no clone of %s: %s", p.folder, p.git.redact(p.at.plain), advice)
	case repository:
	default:
		return nil
	}
	top, err := p.git.text(ctx, "rev-parse", "--is-inside-work-tree", "--is-bare-repository")
	if err != nil {
		if failed := (*failure)(nil); errors.As(err, &failed) {
			return fmt.Errorf("the folder %s cannot be used: %s", p.folder, explain(failed))
		}
		return err
	}
	if top != "true\nfalse" {
		return fmt.Errorf("the folder %s is a repository without files (bare): %s", p.folder, advice)
	}
	origin, _ := p.git.text(ctx, "config", "--get", "remote.origin.url")
	if origin == "" {
		return fmt.Errorf("the folder %s is a git repository of its own, without a remote named origin: %s", p.folder, advice)
	}
	if !p.at.sameAs(origin) {
		return fmt.Errorf("the folder %s is a clone of %s, not of %s: %s", p.folder, p.git.redact(origin), p.git.redact(p.at.plain), advice)
	}
	return nil
}

// lingering is a context for a step that changes files: it outlives ctx for a
// little, so that the step comes to its end.
func lingering(ctx context.Context) (context.Context, context.CancelFunc) {
	local, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		time.AfterFunc(linger, func() { cancel(context.Cause(ctx)) })
	})
	return local, func() {
		stop()
		cancel(nil)
	}
}

// sshCommand is how ssh is called; see there.
func (c *client) sshCommand(ctx context.Context, environ []string) string {
	configured, _ := c.text(ctx, "config", "--get", "core.sshCommand")
	return sshCommand(environ, configured)
}

// slot is the reference that remembers what the folder got from the remote the
// last time: all else in it is the user's.
func (t target) slot() string {
	if t.branch == "" {
		return "refs/jhsingle/pinned"
	}
	return "refs/jhsingle/branch/" + url.PathEscape(t.branch)
}

func (t target) String() string {
	if t.branch != "" {
		return "branch " + t.branch
	}
	return t.name
}
