// Package git brings a git repository to a folder before the app starts, and
// brings it up to date the next time without losing what was changed there. It
// drives the git command line, so whatever git can be configured to do
// (credential helpers, SSH keys, proxies, certificates) works.
package git

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/ideonate/jhsingle-native-proxy/internal/environment"
)

// Source is a repository, and the folder where it is wanted.
type Source struct {
	// URL is where it comes from: https, http, ssh, git or file, host:path as
	// ssh has it, or a path.
	URL string
	// Branch is the name of a branch or a tag, a full reference such as
	// refs/pull/7/head, or a commit. Empty means the remote's default branch.
	Branch string
	// Folder is where it goes, see Target.
	Folder string
	// Depth is how many commits of the history are fetched at first; 0 is all.
	Depth int
	// TokenFile holds a password or an access token for https. It is read at
	// each Pull, so that it can be renewed.
	TokenFile string
	// Env is the environment of git. Its JHSINGLE_REPO_TOKEN or GIT_TOKEN is
	// used as a TokenFile's content is; neither reaches any other program.
	Env []string
	// Log gets what git says and what was decided. Nil is silence.
	Log *slog.Logger

	// patience is for how long a remote may say nothing; 0 is the default.
	patience time.Duration
}

const (
	// defaultPatience is longer than a server counts objects in silence: it
	// sends a sign of life each 5 s (uploadpack.keepAlive).
	defaultPatience = 2 * time.Minute
	// linger is for how long a step that changes files may go on after its
	// context ended. A checkout that is broken off looks like somebody's edit.
	linger = 10 * time.Second
	// maxDepth is the largest depth that git can take.
	maxDepth = 1<<31 - 2
)

// branchName is what git check-ref-format allows, and less: nothing that a
// command line or a pattern could take for something else.
var branchName = regexp.MustCompile(`^[^\x00-\x20\x7f~^:?*\[\\]+$`)

// Check says what is wrong with the source, before anything is done.
func (s Source) Check() error {
	if _, err := parseAddress(s.URL); err != nil {
		return err
	}
	if err := checkBranch(s.Branch); err != nil {
		return err
	}
	if strings.ContainsFunc(s.Folder, unicode.IsControl) {
		return fmt.Errorf("the folder %q for the repository has control characters", s.Folder)
	}
	if s.Depth < 0 || s.Depth > maxDepth {
		return fmt.Errorf("the depth %d of the repository is not from 1 to %d, or 0 for the whole history", s.Depth, maxDepth)
	}
	if strings.ContainsRune(s.TokenFile, 0) {
		return fmt.Errorf("the token file %q cannot be the name of a file", s.TokenFile)
	}
	if _, err := environment.LookPath(s.environ(), "git"); err != nil {
		return errNoGit
	}
	return nil
}

var errNoGit = errors.New("there is no git on the PATH: install git to use a repository")

func checkBranch(name string) error {
	if name == "" {
		return nil
	}
	bad := func(why string) error {
		return fmt.Errorf("the branch %q %s: give the name of a branch or a tag, or a commit", name, why)
	}
	switch {
	case strings.HasPrefix(name, "-"):
		return bad("begins with a hyphen")
	case !branchName.MatchString(name), strings.Contains(name, ".."), strings.Contains(name, "@{"),
		strings.Contains(name, "//"), strings.HasPrefix(name, "/"), strings.HasSuffix(name, "/"),
		strings.HasSuffix(name, "."), name == "@", name == "HEAD", strings.ContainsFunc(name, unicode.IsControl):
		return bad("is not a name that git allows")
	}
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".lock") {
			return bad("is not a name that git allows")
		}
	}
	return nil
}

// Target is the absolute path of the folder where the repository goes. The
// working directory itself ("." or nothing) is only taken when it is empty or
// already a clone of this repository: elsewhere it would mix with what is
// there, so that a folder named like the repository is used inside it, as git
// clone does.
func (s Source) Target() (string, error) {
	folder := s.Folder
	if folder == "" {
		folder = "."
	}
	path, err := filepath.Abs(folder)
	if err != nil {
		return "", fmt.Errorf("the folder %q for the repository: %w", s.Folder, err)
	}
	if here, err := filepath.Abs("."); err != nil || path != here {
		return path, err
	}
	at, err := parseAddress(s.URL)
	if err != nil {
		return "", err
	}
	switch state, err := inspect(path); {
	case err != nil:
		return "", err
	case state == vacant, state == unfinished:
		return path, nil
	case state == repository && at.sameAs(configuredOrigin(path)):
		return path, nil
	}
	return filepath.Join(path, at.name()), nil
}

// Pull makes the folder what the remote has, plus what was changed in the
// folder. It reports what it is doing, and how far in percent, or -1 where that
// is not known; report is never called twice at once, and may be nil. When ctx
// ends git is stopped, and nothing half is left behind. Errors are sentences
// without credentials, for whoever visits the app.
func (s Source) Pull(ctx context.Context, report func(title string, percent int)) error {
	p, err := newPull(s, report)
	if err != nil {
		return err
	}
	if err := p.run(ctx); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("the update of the repository was stopped: %w", context.Cause(ctx))
		}
		return errors.New(p.git.redact(err.Error()))
	}
	return nil
}

func (s Source) environ() []string {
	if s.Env == nil {
		return os.Environ()
	}
	return s.Env
}
