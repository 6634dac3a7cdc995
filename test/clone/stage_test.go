//go:build e2e

// Package clone tests snapshots with the real parts: file systems, users, processes
// that are killed, and git servers. It needs root, as a hub does that starts servers
// as its users.
//
//	go test -tags e2e ./test/clone
package clone

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/account"
	"github.com/ideonate/jhsingle-native-proxy/internal/clone/folder"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

const (
	// patience is the bound of every wait for something that should take moments.
	patience = time.Minute
	// inside is set in the copy of this program that has its own mounts.
	inside = "CLONE_TEST_INSIDE"
	// role is set in copies of this program that play a part in a test.
	role = "CLONE_TEST_ROLE"
)

func TestMain(m *testing.M) {
	if name := os.Getenv(role); name != "" {
		os.Exit(play(name))
	}
	if os.Geteuid() != 0 {
		fmt.Fprintln(os.Stderr, "the tests of snapshots need root: they mount file systems, and copy as several users")
		os.Exit(1)
	}
	if os.Getenv(inside) == "" {
		os.Exit(enter())
	}
	os.Exit(m.Run())
}

// enter runs this program with mounts of its own, which go with it.
func enter() int {
	command := exec.Command("unshare", append([]string{"--mount", "--propagation", "private", "--"}, os.Args...)...)
	command.Env = append(os.Environ(), inside+"=1")
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := command.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// play is what another process does in a test.
func play(name string) int {
	var err error
	switch name {
	case "swap":
		err = swap(os.Args[1], os.Args[2])
	case "folder":
		err = cloneFolder(os.Args[1])
	case "git":
		err = cloneRepository(os.Args[1], os.Args[2])
	default:
		err = errors.New("there is no part " + name)
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// part starts a process that plays a part.
func part(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0], args...)
	command.Env = append(os.Environ(), role+"="+name)
	command.Stderr = os.Stderr
	return command
}

// Users of every Debian: the owner of homes, and somebody else.
const (
	owner    = "daemon"
	stranger = "games"
)

// lookup finds the accounts of users as an operator has it.
func lookup(t *testing.T) account.Lookup {
	t.Helper()
	found, err := account.System("{username}")
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func ids(t *testing.T, name string) account.Account {
	t.Helper()
	found, err := lookup(t)(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// mount mounts a new file system of a kind, and returns where it is.
func mount(t *testing.T, kind string, options ...string) string {
	t.Helper()
	at := t.TempDir()
	for folder := at; folder != os.TempDir() && folder != "/"; folder = filepath.Dir(folder) {
		if err := os.Chmod(folder, 0o755); err != nil { // owners pass through
			t.Fatal(err)
		}
	}
	if kind == "tmpfs" {
		run(t, "mount", append(append([]string{"-t", "tmpfs"}, options...), "none", at)...)
	} else {
		image := filepath.Join(t.TempDir(), "image")
		run(t, "truncate", "-s", "512M", image)
		run(t, "mkfs."+kind, "-q", image)
		run(t, "mount", append(append([]string{"-o", "loop"}, options...), image, at)...)
	}
	// Lazily, as what other tests start has all files open until it is another program.
	t.Cleanup(func() { run(t, "umount", "--lazy", at) })
	if err := os.Chmod(at, 0o755); err != nil {
		t.Fatal(err)
	}
	return at
}

func run(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// as runs a program as a user.
func as(user account.Account, program string, args ...string) (string, error) {
	command := exec.Command("setpriv", append([]string{"--reuid", fmt.Sprint(user.UID), "--regid", fmt.Sprint(user.GID), "--clear-groups", "--", program}, args...)...)
	out, err := command.CombinedOutput()
	return string(out), err
}

// place is where homes and snapshots are.
type place struct {
	t                *testing.T
	home, root, base string
	config           folder.Config
	cloner           *folder.Cloner
	log              *journal
	request          dashboard.CloneRequest
}

const id = "abcdefghijkm"

// newPlace has an owner's home and a folder for snapshots at a path.
func newPlace(t *testing.T, base string) *place {
	t.Helper()
	p := &place{t: t, base: base, home: base + "/homes/" + owner, root: base + "/snapshots", log: &journal{}}
	if err := os.MkdirAll(p.home, 0o755); err != nil {
		t.Fatal(err)
	}
	p.config = config(base)
	p.config.As, p.config.Log = lookup(t), slog.New(slog.NewTextHandler(p.log, nil))
	p.request = request()
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(p.log.said(), "\n", p.log.String())
		}
	})
	return p
}

func config(base string) folder.Config {
	return folder.Config{Root: base + "/snapshots", Homes: base + "/homes/{username}"}
}

func request() dashboard.CloneRequest {
	return dashboard.CloneRequest{Dashboard: id, Revision: 1, Owner: owner, Source: dashboard.Source{Kind: dashboard.FromServer}}
}

// write makes a file of the home.
func (p *place) write(name string, content []byte) string {
	p.t.Helper()
	full := filepath.Join(p.home, name)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(full, content, 0o644); err != nil {
		p.t.Fatal(err)
	}
	return full
}

// give makes all of the home the owner's.
func (p *place) give() {
	p.t.Helper()
	to := ids(p.t, owner)
	if err := filepath.WalkDir(p.home, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(path, to.UID, to.GID))
	}); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) open() *folder.Cloner {
	p.t.Helper()
	if p.cloner == nil {
		var err error
		if p.cloner, err = folder.New(p.config); err != nil {
			p.t.Fatal(err)
		}
	}
	return p.cloner
}

// clone clones, which has to work.
func (p *place) clone() dashboard.Snapshot {
	p.t.Helper()
	made, err := p.open().Clone(p.t.Context(), p.request, p.log)
	if err != nil {
		p.t.Fatal(err)
	}
	return made
}

// empty says that there are no snapshots, and no rest of one.
func (p *place) empty() {
	p.t.Helper()
	empty(p.t, p.root)
}

func empty(t *testing.T, root string) {
	t.Helper()
	if entries, err := os.ReadDir(root); err != nil || len(entries) > 0 {
		t.Errorf("there is %v, %v", entries, err)
	}
}

// journal is a reporter and a log.
type journal struct {
	mu    sync.Mutex
	lines []string
	buf   bytes.Buffer
	// during is called with each progress.
	during func(title string, percent int)
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.String()
}

func (j *journal) Progress(title string, percent int) {
	if j.during != nil {
		j.during(title, percent)
	}
}

func (j *journal) Log(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
}

func (j *journal) said() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Join(j.lines, "\n")
}

// unfinished are the snapshots that are not whole, and whole those that are.
func sorted(t *testing.T, cloner dashboard.Cloner) (unfinished, whole []int) {
	t.Helper()
	found, err := cloner.Snapshots(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range found {
		if one.Complete {
			whole = append(whole, one.Revision)
		} else {
			unfinished = append(unfinished, one.Revision)
		}
	}
	slices.Sort(whole)
	return unfinished, whole
}

// stopped runs something that is stopped at some time, after which it must get no
// further. It may then clean up and end, for which no busy machine needs as long as
// is allowed here, nor git as long as it waits for a silent host.
func stopped(t *testing.T, j *journal, when func(title string, percent int) bool, work func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	enough := errors.New("enough")
	var at time.Time
	j.during = func(title string, percent int) {
		switch {
		case ctx.Err() != nil:
			t.Errorf("it went on after it was stopped, with %q at %d %%", title, percent)
		case when(title, percent):
			at = time.Now()
			cancel(enough)
		}
	}
	if err := work(ctx); !errors.Is(err, enough) {
		t.Errorf("it ended with %v", err)
	}
	if took := time.Since(at); took > 30*time.Second {
		t.Errorf("it ended %s after it was stopped", took)
	}
}
