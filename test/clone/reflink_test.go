//go:build e2e

package clone

import (
	"bytes"
	"crypto/rand"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// used is how many bytes of a file system are taken.
func used(t *testing.T, at string) int64 {
	t.Helper()
	unix.Sync()
	var stat unix.Statfs_t
	if err := unix.Statfs(at, &stat); err != nil {
		t.Fatal(err)
	}
	return int64(stat.Blocks-stat.Bfree) * stat.Bsize
}

// Where the file system can share blocks a copy takes no space; elsewhere it does,
// and holes stay holes. The copy is one of its own in either case.
func TestFileSystems(t *testing.T) {
	t.Parallel()
	for kind, shares := range map[string]bool{"btrfs": true, "xfs": true, "ext4": false, "tmpfs": false} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, mount(t, kind))
			const large = 64 << 20
			content := make([]byte, large)
			_, _ = rand.Read(content)
			source := p.write("large", content)
			p.write("odd", content[:1<<20+5])
			holes := p.write("holes", nil)
			file, err := os.OpenFile(holes, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, at := range []int64{0, 100 << 20} {
				if _, err := file.WriteAt([]byte("data"), at); err != nil {
					t.Fatal(err)
				}
			}
			if err := file.Truncate(200 << 20); err != nil {
				t.Fatal(err)
			}
			file.Close()
			p.give()

			before := used(t, p.base)
			made := p.clone()
			grew := used(t, p.base) - before
			if limit := int64(8 << 20); shares && grew > limit {
				t.Errorf("the copy took %d bytes", grew)
			}
			if !shares && (grew < large || grew > large+16<<20) {
				t.Errorf("the copy took %d bytes, of %d and holes", grew, large)
			}
			if shares && !strings.Contains(run(t, "filefrag", "-v", made.Folder+"/large"), "shared") {
				t.Error("the blocks are not shared")
			}
			run(t, "cmp", holes, made.Folder+"/holes")

			if err := os.WriteFile(source, []byte("changed"), 0o644); err != nil {
				t.Fatal(err)
			}
			for name, want := range map[string][]byte{"large": content, "odd": content[:1<<20+5]} {
				if got, err := os.ReadFile(made.Folder + "/" + name); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s is another, %v", name, err)
				}
			}
			if err := p.cloner.Remove(t.Context(), made); err != nil {
				t.Error(err)
			}
			p.empty()
		})
	}
}

// Where blocks are shared a file that is written meanwhile, such as a database, is
// copied as it was in one moment.
func TestFileOfOneMoment(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"btrfs", "xfs"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, mount(t, kind))
			const large = 8 << 20
			at := p.write("base", make([]byte, large))
			p.give()
			file, err := os.OpenFile(at, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			done := make(chan struct{})
			var writing sync.WaitGroup
			writing.Go(func() {
				for b := byte(0); ; b++ {
					select {
					case <-done:
						return
					default:
					}
					if _, err := file.WriteAt(bytes.Repeat([]byte{b}, large), 0); err != nil {
						t.Error(err)
						return
					}
				}
			})
			last := byte(0)
			for revision := range 15 {
				awaitChange(t, at, last)
				p.request.Revision = revision + 1
				made := p.clone()
				content, err := os.ReadFile(made.Folder + "/base")
				if err != nil || len(content) != large {
					t.Fatalf("%d bytes, %v", len(content), err)
				}
				last = content[0]
				if bytes.Count(content, content[:1]) != large {
					t.Error("it is half old and half new")
				}
				if err := p.cloner.Remove(t.Context(), made); err != nil {
					t.Error(err)
				}
			}
			close(done)
			writing.Wait()
		})
	}
}

// awaitChange waits until a file begins with another byte.
func awaitChange(t *testing.T, at string, from byte) {
	t.Helper()
	file, err := os.Open(at)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	first := []byte{from}
	for deadline := time.Now().Add(patience); first[0] == from; time.Sleep(time.Millisecond) {
		if _, err := file.ReadAt(first, 0); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatal("the file does not change, so this proves nothing")
		}
	}
}

// Homes and snapshots on two file systems.
func TestTwoFileSystems(t *testing.T) {
	t.Parallel()
	p := newPlace(t, mount(t, "btrfs"))
	p.config.Root = mount(t, "xfs") + "/snapshots"
	content := make([]byte, 5<<20)
	_, _ = rand.Read(content)
	p.write("sub/x", content)
	p.give()
	if got, err := os.ReadFile(p.clone().Folder + "/sub/x"); err != nil || !bytes.Equal(got, content) {
		t.Errorf("it is another, %v", err)
	}
}
