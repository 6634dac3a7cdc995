//go:build e2e

package clone

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/account"
)

// Root copies what the owner may read, and no more, and the copy is the owner's.
func TestSecurityRootCopiesAsTheOwner(t *testing.T) {
	t.Parallel()
	p := newPlace(t, mount(t, "tmpfs"))
	me, other := ids(t, owner), ids(t, stranger)
	const project = 65432 // a group that the owner is in
	find := p.config.As
	p.config.As = func(ctx context.Context, name string) (account.Account, error) {
		found, err := find(ctx, name)
		found.Groups = append(found.Groups, project)
		return found, err
	}
	p.write("mine", []byte("mine"))
	p.write("sub/mine", []byte("mine"))
	p.give()
	private := p.base + "/private"
	if err := os.WriteFile(private, []byte("private"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, made := range map[string]struct {
		uid, gid int
		mode     fs.FileMode
	}{
		"root":         {0, 0, 0o600},
		"theirs":       {other.UID, other.GID, 0o640},
		"world":        {other.UID, other.GID, 0o644},
		"project":      {other.UID, project, 0o640},
		"setuid":       {me.UID, me.GID, 0o755 | fs.ModeSetuid | fs.ModeSetgid},
		"closed":       {me.UID, me.GID, 0},
		"root-folder/": {0, 0, 0o700},
		"shared/":      {0, project, 0o750 | fs.ModeSetgid},
	} {
		at := filepath.Join(p.home, name)
		inner := at
		if strings.HasSuffix(name, "/") {
			inner = at + "/x"
		}
		p.write(strings.TrimPrefix(inner, p.home), []byte("of "+name))
		if err := errors.Join(os.Chown(at, made.uid, made.gid), os.Chmod(at, made.mode)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(private, p.home+"/hard"); err != nil { // where protected_hardlinks is off
		t.Fatal(err)
	}
	made := p.clone()
	var found []string
	if err := filepath.WalkDir(made.Folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		stat := info.Sys().(*syscall.Stat_t)
		if int(stat.Uid) != me.UID || int(stat.Gid) != me.GID || info.Mode()&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky) != 0 {
			t.Errorf("%s is of %d:%d, %v", path, stat.Uid, stat.Gid, info.Mode())
		}
		name, err := filepath.Rel(made.Folder, path)
		found = append(found, name)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(found); got != "[. mine project setuid shared shared/x sub sub/mine world]" {
		t.Errorf("it has %s", got)
	}
	if !strings.Contains(p.log.said(), "Left out 5 that their owner may not read: closed, hard, root, root-folder, theirs.") {
		t.Error(p.log.said())
	}
	// The owner's server reads and writes it; nobody else does.
	if out, err := as(me, "sh", "-ec", `cat "$1"/mine "$1"/world; echo new >"$1"/new`, "sh", made.Folder); err != nil || !strings.HasPrefix(out, "mineof world") {
		t.Errorf("the owner gets %q, %v", out, err)
	}
	for _, command := range []string{`cat "$1"/mine`, `ls "$1"`, `ls "$(dirname "$1")"`, `ls "$(dirname "$(dirname "$1")")"`} {
		if out, err := as(other, "sh", "-ec", command, "sh", made.Folder); err == nil {
			t.Errorf("a stranger gets %q by %s", out, command)
		}
	}
	if err := p.cloner.Remove(t.Context(), made); err != nil {
		t.Error(err)
	}
	p.empty()
}

// While it is made nobody can enter it, not even its owner.
func TestSecurityDraftIsClosed(t *testing.T) {
	t.Parallel()
	p := newPlace(t, mount(t, "tmpfs"))
	for i := range 100 {
		p.write(fmt.Sprint(i), []byte("x"))
	}
	p.give()
	me := ids(t, owner)
	tried := 0
	p.log.during = func(_ string, percent int) {
		if percent < 20 || tried > 0 {
			return
		}
		tried++
		for _, name := range []string{"", "/tree", "/tree/1"} {
			if out, err := as(me, "ls", p.root+"/"+id+"/.making-1"+name); err == nil {
				t.Errorf("the owner gets %q", out)
			}
		}
	}
	p.clone()
	if tried == 0 {
		t.Error("nobody tried")
	}
}

// swap is a hostile owner, who exchanges folders and files for links for ever.
func swap(home, private string) error {
	fmt.Println("begun")
	for {
		for _, name := range []string{"a", "b", "a/sub", "c/d", "b/x"} {
			at, target := filepath.Join(home, name), private
			if strings.HasSuffix(name, "x") {
				target += "/x"
			}
			_ = os.Rename(at, home+"/c/aside")
			_ = os.Symlink(target, at)
			_ = os.Remove(at)
			_ = os.Rename(home+"/c/aside", at)
		}
	}
}

// Root copies while the owner does that, and gets nothing that is not the owner's to
// read.
func TestSecurityLinkRaceAgainstRoot(t *testing.T) {
	t.Parallel()
	p := newPlace(t, mount(t, "tmpfs"))
	private := p.base + "/private"
	for _, name := range []string{"/x", "/sub/x", "/e/x"} {
		if err := os.MkdirAll(filepath.Dir(private+name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(private+name, []byte("private"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, folder := range []string{"a", "a/sub", "b", "c/d/e"} {
		p.write(folder+"/x", []byte("mine"))
	}
	p.give()
	me := ids(t, owner)
	hostile := part(t, "swap", p.home, private)
	hostile.Path = p.base + "/program" // where the owner can run it
	run(t, "install", "-m", "755", os.Args[0], hostile.Path)
	hostile.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(me.UID), Gid: uint32(me.GID)}}
	begin(t, hostile)
	whole, disturbed := 0, 0
	for revision := 1; revision <= 1000; revision++ {
		p.request.Revision = revision
		made := p.clone()
		if err := filepath.WalkDir(made.Folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			if entry.Type()&fs.ModeSymlink != 0 {
				target, err := os.Readlink(path)
				t.Errorf("a link leads to %s, %v", target, err)
				return nil
			}
			content, err := os.ReadFile(path)
			switch string(content) {
			case "mine":
				whole++
			case "private":
				t.Error("it copied what a link led to")
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := p.cloner.Remove(t.Context(), made); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			return
		}
	}
	disturbed = strings.Count(p.log.said(), "Left out")
	if whole == 0 || disturbed == 0 {
		t.Errorf("%d files were copied and %d copies disturbed, so this proves nothing", whole, disturbed)
	}
}

// What servers make in their snapshots goes with them, however deep it is and
// whatever permissions it has.
func TestRemoveWhatAServerMade(t *testing.T) {
	t.Parallel()
	p := newPlace(t, mount(t, "tmpfs"))
	p.write("x", []byte("x"))
	p.give()
	made := p.clone()
	out, err := as(ids(t, owner), "sh", "-ec", `
		cd -P "$1"
		path=$(printf 'deep/%.0s' $(seq 200))
		for i in $(seq 10); do mkdir -p "$path"; cd -P "$path"; touch file; done
		cd -P "$1"
		mkdir -p closed/inner; touch closed/inner/x; chmod 0 closed/inner; chmod 0 closed
		ln -s / root; ln -s "$2" home; mkfifo pipe
	`, "sh", made.Folder, p.home)
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := p.cloner.Remove(t.Context(), made); err != nil {
		t.Error(err)
	}
	p.empty()
	if _, err := os.Stat(p.home + "/x"); err != nil {
		t.Error(err)
	}
}

// An operator who put the snapshots where owners cannot pass is told.
func TestUnreachableRoot(t *testing.T) {
	t.Parallel()
	p := newPlace(t, mount(t, "tmpfs"))
	p.write("x", []byte("x"))
	p.give()
	closed := p.base + "/closed"
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	p.config.Root = closed + "/snapshots"
	_, err := p.open().Clone(t.Context(), p.request, p.log)
	if err == nil || !strings.Contains(err.Error(), "chmod o+x") {
		t.Errorf("it ended with %v", err)
	}
	empty(t, p.config.Root)
}

// Whoever is told of the progress is told by the program itself, whose files are its
// own.
func TestReporterIsNotTheOwner(t *testing.T) {
	t.Parallel()
	p := newPlace(t, mount(t, "tmpfs"))
	for i := range 100 {
		p.write(fmt.Sprint(i), []byte("x"))
	}
	p.give()
	told := 0
	p.log.during = func(string, int) {
		told++
		path := fmt.Sprintf("%s/told%d", p.base, told)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Error(err)
		} else if info, err := os.Stat(path); err != nil || info.Sys().(*syscall.Stat_t).Uid != 0 {
			t.Errorf("it is of %v, %v", info.Sys(), err)
		}
	}
	p.clone()
	if told < 20 {
		t.Errorf("it was told %d times", told)
	}
}

// After it worked as somebody, the program is what it was, in each of its threads.
// This runs while nothing else does.
func TestSecurityIdentityIsGivenBack(t *testing.T) {
	me := ids(t, owner)
	base := mount(t, "tmpfs")
	if err := os.WriteFile(base+"/private", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	before := identities(t)
	done := make(chan error)
	for range 50 {
		go func() {
			var inner error
			err := me.Do(func() error {
				_, inner = os.ReadFile(base + "/private")
				return nil
			})
			if !errors.Is(inner, fs.ErrPermission) {
				err = errors.Join(err, fmt.Errorf("the owner reads what is private: %w", inner))
			}
			_, after := os.ReadFile(base + "/private")
			done <- errors.Join(err, after)
		}()
	}
	for range 50 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if after := identities(t); len(before) != 1 || !maps.Equal(before, after) {
		t.Errorf("threads were %v and are %v", before, after)
	}
}

// identities are those that the threads of this process have.
func identities(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	tasks, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil || len(tasks) < 2 {
		t.Fatalf("%v, %v", tasks, err)
	}
	for _, task := range tasks {
		content, err := os.ReadFile(task)
		if err != nil {
			continue // it has ended
		}
		one := ""
		for line := range strings.Lines(string(content)) {
			for _, name := range []string{"Uid:", "Gid:", "Groups:", "CapEff:", "CapPrm:"} {
				if strings.HasPrefix(line, name) {
					one += line
				}
			}
		}
		found[one] = true
	}
	return found
}
