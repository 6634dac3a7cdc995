//go:build e2e

package clone

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/account"
	"github.com/ideonate/jhsingle-native-proxy/internal/clone/folder"
)

// begin starts a process and waits for its first word. It is killed at the end.
func begin(t *testing.T, command *exec.Cmd) *bufio.Scanner {
	t.Helper()
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatalf("the process said nothing: %v", lines.Err())
	}
	return lines
}

// teller writes its progress to the standard output, and goes on when that was read.
type teller struct{}

func (teller) Progress(title string, percent int) {
	fmt.Printf("%d %s\n", percent, title)
	_, _ = io.ReadFull(os.Stdin, make([]byte, 1))
}

func (teller) Log(string) {}

// cloneFolder is what a service does.
func cloneFolder(base string) error {
	settings := config(base)
	var err error
	if settings.As, err = account.System("{username}"); err != nil {
		return err
	}
	cloner, err := folder.New(settings)
	if err != nil {
		return err
	}
	_, err = cloner.Clone(context.Background(), request(), teller{})
	return err
}

// killAt starts a process and kills it when it tells of a progress; between two it
// waits for us, so that it is known where it was.
func killAt(t *testing.T, command *exec.Cmd, when func(title string, percent int) bool) {
	t.Helper()
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	for lines := begin(t, command); ; {
		number, title, _ := strings.Cut(lines.Text(), " ")
		percent, err := strconv.Atoi(number)
		if err != nil {
			t.Fatal(lines.Text())
		}
		if when(title, percent) {
			if err := command.Process.Signal(syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			_ = command.Wait()
			return
		}
		if _, err := stdin.Write([]byte{0}); err != nil {
			t.Fatal(err)
		}
		if !lines.Scan() {
			t.Fatal("it ended before it could be killed")
		}
	}
}

// A service that is killed leaves nothing that is taken for a snapshot; the next one
// goes on with it, or takes it away.
func TestKill(t *testing.T) {
	t.Parallel()
	p := newPlace(t, mount(t, "tmpfs"))
	large := make([]byte, 30<<20)
	_, _ = rand.Read(large)
	p.write("large", large)
	for i := range 2000 {
		p.write(fmt.Sprintf("many/%d/%d", i%20, i), large[i:2*i])
	}
	if err := os.Symlink("large", p.home+"/link"); err != nil {
		t.Fatal(err)
	}
	p.give()
	p.open()
	at := func(percent int) func(string, int) bool {
		return func(_ string, now int) bool { return now >= percent }
	}
	for name, when := range map[string]func(string, int) bool{
		"looking": at(-1), "beginning": at(0), "5 %": at(5), "35 %": at(35), "60 %": at(60), "95 %": at(95), "100 %": at(100),
		"writing": func(title string, _ int) bool { return strings.HasPrefix(title, "Writing") },
	} {
		for _, resume := range []bool{true, false} {
			p.log.lines = nil
			killAt(t, part(t, "folder", p.base), when)
			if unfinished, whole := sorted(t, p.cloner); len(whole) > 0 || len(unfinished) != 1 && name != "looking" {
				t.Errorf("%s: %v are unfinished, and %v whole", name, unfinished, whole)
			}
			if _, err := os.Stat(p.root + "/" + id + "/1"); err == nil {
				t.Errorf("%s: a half snapshot is in its place", name)
			}
			if resume {
				made := p.clone()
				run(t, "diff", "-r", "--no-dereference", p.home, made.Folder)
				kept := strings.Contains(p.log.said(), "were there from a copy that broke off")
				if want := name == "60 %" || name == "95 %" || name == "100 %" || name == "writing"; want && !kept {
					t.Errorf("%s: it began anew: %s", name, p.log.said())
				}
				if err := p.cloner.Remove(t.Context(), made); err != nil {
					t.Error(err)
				}
			} else {
				found, err := p.cloner.Snapshots(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				for _, one := range found {
					if err := p.cloner.Remove(t.Context(), one); err != nil {
						t.Error(err)
					}
				}
			}
			p.empty()
		}
	}
}
