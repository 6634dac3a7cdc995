package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/store"
	"github.com/ideonate/jhsingle-native-proxy/internal/store/storetest"
)

func open(t *testing.T, url string) *store.Store {
	t.Helper()
	opened, err := store.Open(t.Context(), url, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { opened.Close() })
	return opened
}

// keep adds a dashboard with its first job.
func keep(ctx context.Context, s *store.Store, name string) (dashboard.Dashboard, dashboard.Job, error) {
	d := storetest.New(name)
	job := dashboard.Job{ID: dashboard.NewID(), Kind: dashboard.Build, Worker: "test", Created: d.Created}
	return d, job, s.Create(ctx, d, job)
}

// sound checks that a database is whole, and that what belongs together is there
// together.
func sound(t *testing.T, file string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for query, want := range map[string]string{
		`PRAGMA integrity_check`:                        "ok",
		`SELECT count(*) FROM pragma_foreign_key_check`: "0",
		// Each dashboard of these tests has a job and three that may open it.
		`SELECT count(*) FROM dashboards d WHERE 1 <> (SELECT count(*) FROM jobs WHERE dashboard = d.id)
			OR 3 > (SELECT count(*) FROM access WHERE dashboard = d.id)`: "0",
		`SELECT count(*) FROM jobs j WHERE last_line <> (SELECT count(*) FROM log_lines WHERE job = j.id)`: "0",
	} {
		var got string
		if err := db.QueryRowContext(t.Context(), query).Scan(&got); err != nil || got != want {
			t.Errorf("%s: %q (%v), want %q", query, got, err, want)
		}
	}
}

func TestBackupWhileInUse(t *testing.T) {
	folder := t.TempDir()
	s := open(t, filepath.Join(folder, "dashboards.sqlite"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	written := make(chan int)
	go func() {
		defer close(written)
		for n := 0; ctx.Err() == nil; n++ {
			_, job, err := keep(ctx, s, fmt.Sprint("dashboard ", n))
			if err == nil {
				err = s.AddLog(ctx, job.ID, []string{"one", "two", "three"})
			}
			if ctx.Err() == nil && err != nil {
				t.Error(err)
				return
			}
			select {
			case written <- n + 1:
			case <-ctx.Done():
			}
		}
	}()

	for range 5 {
		atLeast := <-written
		file := filepath.Join(folder, fmt.Sprintf("backup %d.sqlite", atLeast))
		writing := make(chan error)
		go func() { writing <- s.Backup(t.Context(), file) }()
		var err error
		for done := false; !done; { // it goes on being written
			select {
			case err = <-writing:
				done = true
			case <-written:
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		if mode := modeOf(t, file); mode != 0o600 {
			t.Errorf("the backup has the mode %o", mode)
		}
		sound(t, file)
		if _, total, err := open(t, file).List(t.Context(), dashboard.Query{}); err != nil || total < atLeast {
			t.Errorf("the backup has %d dashboards (%v), want at least %d", total, err, atLeast)
		}
	}
	cancel()
	for range written { // until it has ended
	}
	names, _ := os.ReadDir(folder)
	for _, name := range names {
		if strings.HasPrefix(name.Name(), ".") {
			t.Errorf("%s is left over", name.Name())
		}
	}
}

func TestBackupReplacesNothing(t *testing.T) {
	folder := t.TempDir()
	database := filepath.Join(folder, "dashboards.sqlite")
	s := open(t, database)
	there := filepath.Join(folder, "there")
	if err := os.WriteFile(there, []byte("content"), 0o644); err != nil {
		t.Fatal(err)
	}
	dangling := filepath.Join(folder, "dangling")
	if err := os.Symlink(filepath.Join(folder, "nowhere"), dangling); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{there, dangling, database, folder, filepath.Join(folder, "missing", "file")} {
		if err := s.Backup(t.Context(), file); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("a backup to %s: %v", file, err)
		}
	}
	if content, err := os.ReadFile(there); err != nil || string(content) != "content" {
		t.Errorf("the file that was there is now %q (%v)", content, err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := s.Backup(ended, filepath.Join(folder, "given up")); err == nil {
		t.Error("a backup that was given up has no error")
	}
	s.Close() // takes away the files of its log
	names, err := os.ReadDir(folder)
	if err != nil || len(names) != 3 {
		t.Errorf("there is now %v (%v)", names, err)
	}
}

func TestRestoredBackup(t *testing.T) {
	folder := t.TempDir()
	s := open(t, filepath.Join(folder, "dashboards.sqlite"))
	d, _, err := keep(t.Context(), s, "Sales")
	if err != nil {
		t.Fatal(err)
	}
	picture := dashboard.Picture{Type: "image/png", Content: bytes.Repeat([]byte{0, 1}, 50_000)}
	if err := s.SetThumbnail(t.Context(), d.ID, picture); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "backup")
	if err := s.Backup(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	restored := open(t, "sqlite://"+file)
	if got, err := restored.Thumbnail(t.Context(), d.ID); err != nil || !bytes.Equal(got.Content, picture.Content) {
		t.Errorf("the restored picture has %d bytes (%v)", len(got.Content), err)
	}
	if _, _, err := keep(t.Context(), restored, "another"); err != nil {
		t.Error(err)
	}
}

func modeOf(t *testing.T, file string) os.FileMode {
	t.Helper()
	found, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return found.Mode().Perm()
}
