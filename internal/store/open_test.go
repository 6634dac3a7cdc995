package store_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/store"
)

func TestOpenSaysWhatIsWrong(t *testing.T) {
	folder := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	text := write("text", strings.Repeat("This is no database. ", 100))
	damaged := filepath.Join(folder, "damaged")
	whole := open(t, filepath.Join(folder, "whole"))
	if err := whole.Backup(t.Context(), damaged); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(damaged)
	if err != nil {
		t.Fatal(err)
	}
	write("damaged", string(content[:100])+strings.Repeat("x", len(content)-100))

	for url, want := range map[string]string{
		"":                              "no database is given",
		"sqlite:" + folder + "/x":       "three slashes",
		"sqlite://x.sqlite":             "three slashes",
		"sqlite:///x?mode=memory":       "options",
		"sqlite:///x%2":                 "%25",
		":memory:":                      "gone with the process",
		"/x\x00y":                       "control character",
		"mysql://u:secret@host/d":       `scheme "mysql"`,
		"file:///x":                     `scheme "file"`,
		"postgres:host":                 "cannot be read",
		"postgres://host:port/d":        "cannot be used",
		"postgres://u@h@i/d":            "%40",
		"postgres://host/d?sslmode=odd": "cannot be used",
		"postgres://host/d?sslrootcert=" + folder + "/none&sslmode=verify-full": "no such file",
		folder:                         "is no file",
		text:                           "no SQLite database",
		damaged:                        "damaged",
		text + "/below":                "not a directory",
		folder + "/missing/x":          "there is no folder " + folder + "/missing",
		"postgres:///d?host=" + folder: "cannot be used",
	} {
		opened, err := store.Open(t.Context(), url, slog.New(slog.DiscardHandler))
		if err == nil {
			opened.Close()
			t.Errorf("%q can be opened", url)
			continue
		}
		if said := err.Error(); !strings.Contains(said, want) || strings.Contains(said, "secret") {
			t.Errorf("%q: %q, want something with %q", url, said, want)
		}
	}
	if content, err := os.ReadFile(text); err != nil || !strings.HasPrefix(string(content), "This is no") {
		t.Errorf("what was no database is now %.20q (%v)", content, err)
	}
}

func TestOpenByPathAndURL(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	for i, each := range []struct{ url, file string }{
		{"plain.sqlite", "plain.sqlite"},
		{"./with:colon", "with:colon"},
		{"odd ?#%20&_pragma=x'\".db", "odd ?#%20&_pragma=x'\".db"},
		{"日本 \xff", "日本 \xff"},
		{"sqlite://" + folder + "/a%20b%3Fc.sqlite", "a b?c.sqlite"},
		{"SQLite:///" + folder + "/four.sqlite", "four.sqlite"}, // SQLAlchemy's way to write it
	} {
		s := open(t, each.url)
		if _, _, err := keep(t.Context(), s, "Sales"); err != nil {
			t.Fatal(err)
		}
		if err := s.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(each.file); err != nil {
			t.Errorf("%s: %v", each.url, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		names, err := os.ReadDir(folder)
		if err != nil || len(names) != i+1 {
			t.Errorf("after %s was closed, there are %v (%v)", each.url, names, err)
		}
	}
}

func TestClosed(t *testing.T) {
	s := open(t, emptyFile(t))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Ping(t.Context()); err == nil {
		t.Error("a store that was closed answers")
	}
	if _, _, err := keep(t.Context(), s, "Sales"); err == nil {
		t.Error("a store that was closed keeps something")
	}
}

func TestSecurityFilesAreTheOwnersOnly(t *testing.T) {
	file := emptyFile(t)
	check := func() {
		t.Helper()
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if mode := modeOf(t, file+suffix); mode != 0o600 {
				t.Errorf("%s has the mode %o", filepath.Base(file)+suffix, mode)
			}
		}
	}
	s := open(t, file)
	if _, _, err := keep(t.Context(), s, "Sales"); err != nil {
		t.Fatal(err)
	}
	check()

	// One that others could read, while it is open.
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Chmod(file+suffix, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	other := open(t, file)
	check()
	if _, total, err := other.List(t.Context(), dashboard.Query{}); err != nil || total != 1 {
		t.Errorf("there are %d dashboards (%v)", total, err)
	}
}

func TestSecurityPasswordIsInNoError(t *testing.T) {
	var logged bytes.Buffer
	log := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	for _, url := range []string{
		"postgres://ada:%s@127.0.0.1:1/d",
		"postgres://ada:%s@127.0.0.1:1/d?sslmode=odd",
		"postgres://ada:%s@127.0.0.1:port/d",
		"postgres://ada:%s@/d?host=/nowhere&connect_timeout=%s",
		"postgres://127.0.0.1:1/d?user=ada&password=%s",
		"postgres://127.0.0.1:1/d?user=ada&pass%%77ord=%s&sslmode=odd",
		"postgres://127.0.0.1:1/d?sslpassword=%s&sslmode=odd",
		"PostgreSQL://ada:%s@127.0.0.1:1/d",
		"postgres://ada:%s@127.0.0.1:1,127.0.0.1:2/d",
		"postgres:ada:%s@127.0.0.1:1/d",
		"postgres:/ada:%s@127.0.0.1:1/d",
		"mysql://ada:%s@127.0.0.1/d",
		"sqlite+x://ada:%s@127.0.0.1/d",
	} {
		for _, password := range []string{
			"hunter2", "hun/hunter2", "hunter2/ter", "hunter2@x", "x@hunter2", "12/hunter2", "12?hunter2", "12#hunter2",
			"x?y=hunter2", "hunter2%zz", "%hunter2", "x:hunter2", "hunter2 y", "a?host=hunter2", "1/hunter2?password=x",
		} {
			given := strings.ReplaceAll(strings.ReplaceAll(url, "%s", password), "%%", "%")
			opened, err := store.Open(t.Context(), given, log)
			if err == nil {
				opened.Close()
				t.Fatalf("%s can be opened", given)
			}
			for _, said := range []string{err.Error(), fmt.Sprintf("%+v %#v", err, err), logged.String()} {
				if strings.Contains(said, "hunter2") {
					t.Errorf("%s shows it: %s", given, said)
				}
			}
		}
	}
}
