//go:build unix

package shelf

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/account"
	"github.com/ideonate/jhsingle-native-proxy/internal/clone/tree"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// Names in the folder of a draft, which nobody but us can enter.
const (
	content = "tree" // what becomes the snapshot
	bootNow = "boot" // since when what is there can be trusted
)

// Draft is a snapshot that is being made. It ends with Keep or Drop.
type Draft struct {
	// Tree is where its content goes.
	Tree *tree.Folder
	// Resumed says that there is something in it, which a process that was killed
	// has made since the machine was started.
	Resumed bool

	shelf    *Shelf
	home     *home
	folder   *tree.Folder
	id       string
	revision int
}

// Begin begins a snapshot, when nobody else works at one of the same dashboard. A
// whole one of the same revision is taken away. What belongs to the owner, or to
// us if there is none, and was not made whole is kept with resume.
func (s *Shelf) Begin(ctx context.Context, id string, revision int, owner *account.Account, resume bool) (*Draft, error) {
	if err := check(id, revision); err != nil {
		return nil, err
	}
	home, err := s.enter(ctx, id, true)
	if err != nil {
		return nil, fmt.Errorf("the folder for the snapshot cannot be made: %w", err)
	}
	d := &Draft{shelf: s, home: home, id: id, revision: revision}
	if err := d.begin(ctx, owner, resume); err != nil {
		d.Drop()
		return nil, fmt.Errorf("the snapshot cannot be begun: %w", err)
	}
	return d, nil
}

func (d *Draft) begin(ctx context.Context, owner *account.Account, resume bool) error {
	if owner != nil {
		if err := owner.Do(func() error { _, err := os.Stat(d.home.path + "/."); return err }); err != nil {
			return fmt.Errorf("the owner cannot get to the snapshots: every folder above them has to let everybody pass (chmod o+x): %w", err)
		}
	}
	if err := d.home.clear(ctx, d.revision); err != nil {
		return err
	}
	uid, gid := os.Geteuid(), os.Getegid()
	if owner != nil {
		uid, gid = owner.UID, owner.GID
	}
	if d.Resumed = resume && d.trusted(uid); !d.Resumed {
		if err := d.anew(ctx, uid, gid); err != nil {
			return err
		}
	}
	var err error
	if d.folder, err = d.home.Folder.Folder(d.name()); err != nil {
		return err
	}
	d.Tree, err = d.folder.Folder(content)
	return err
}

// trusted says whether there is a draft of this owner's, made since the machine
// was started: what was written before may not have reached the disk.
func (d *Draft) trusted(uid int) bool {
	boot := bootID()
	if boot == "" {
		return false
	}
	folder, err := d.home.Folder.Folder(d.name())
	if err != nil {
		return false
	}
	defer folder.Close()
	known, err := os.ReadFile(filepath.Join(d.home.path, d.name(), bootNow))
	if err != nil || string(known) != boot {
		return false
	}
	made, err := folder.Stat(content)
	return err == nil && made.Mode.IsDir() && made.UID == uid
}

// bootID is another one after each start of the machine; empty where that is not
// told (random(4)).
func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
}

func (d *Draft) anew(ctx context.Context, uid, gid int) error {
	if err := d.home.Remove(ctx, d.name()); err != nil {
		return err
	}
	if err := d.home.Make(d.name()); err != nil {
		return err
	}
	folder, err := d.home.Folder.Folder(d.name())
	if err != nil {
		return err
	}
	defer folder.Close()
	if err := folder.Make(content); err != nil {
		return err
	}
	if err := folder.Own(content, uid, gid); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(d.home.path, d.name(), bootNow), []byte(bootID()), 0o600)
}

func (d *Draft) name() string { return making + strconv.Itoa(d.revision) }

// Path is where Tree is.
func (d *Draft) Path() string { return filepath.Join(d.home.path, d.name(), content) }

// Own makes the snapshot's folder the owner's.
func (d *Draft) Own(uid, gid int) error { return d.folder.Own(content, uid, gid) }

// Keep writes the snapshot to the disk and puts it in its place. If it cannot be
// kept it is dropped.
func (d *Draft) Keep(ctx context.Context) (dashboard.Snapshot, error) {
	if err := d.keep(ctx); err != nil {
		d.Drop()
		return dashboard.Snapshot{}, fmt.Errorf("the snapshot cannot be kept: %w", err)
	}
	d.Drop() // what is left of the draft
	made := d.shelf.Snapshot(d.id, d.revision)
	made.Complete = true
	return made, nil
}

func (d *Draft) keep(ctx context.Context) error {
	tree, err := d.folder.Folder(content)
	if err != nil {
		return err
	}
	written := make(chan error, 1)
	go func() {
		// The kernel does not let itself be interrupted at this.
		defer tree.Close()
		written <- tree.SyncAll()
	}()
	select {
	case err := <-written:
		if err != nil {
			return err
		}
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := d.folder.SetMode(content, 0o700); err != nil {
		return err
	}
	if err := d.folder.Rename(content, d.home.Folder, strconv.Itoa(d.revision)); err != nil {
		return err
	}
	return d.home.Sync()
}

// Drop takes away what there is of it, also when the work was stopped. What
// cannot be taken away is found by Snapshots.
func (d *Draft) Drop() {
	for _, folder := range []*tree.Folder{d.Tree, d.folder} {
		if folder != nil {
			folder.Close()
		}
	}
	_ = d.home.Remove(context.Background(), d.name())
	d.home.leave()
}
