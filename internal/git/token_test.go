package git

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestCredentials(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	write(t, file, " of the file \n")
	for _, test := range []struct {
		url, file string
		env       []string
		want      credential
	}{
		{"https://example.org/x", "", nil, credential{}},
		{"https://example.org/x", file, []string{"JHSINGLE_REPO_TOKEN=env"}, credential{defaultUser, "of the file"}},
		{"https://ada:url@example.org/x", file, nil, credential{"ada", "of the file"}},
		{"https://ada:url@example.org/x", "", []string{"JHSINGLE_REPO_TOKEN=env", "GIT_TOKEN=git"}, credential{"ada", "env"}},
		{"https://ada:url@example.org/x", "", []string{"GIT_TOKEN=git"}, credential{"ada", "url"}},
		{"https://example.org/x", "", []string{"GIT_TOKEN=git"}, credential{defaultUser, "git"}},
		{"https://ada@example.org/x", "", nil, credential{"ada", ""}},
		{"https://ghp_0123456789abcdefghijABCDEFGHIJ0123@example.org/x", "", nil, credential{"ghp_0123456789abcdefghijABCDEFGHIJ0123", "x-oauth-basic"}},
		{"ssh://git@example.org/x", "/surely/not", []string{"GIT_TOKEN=git"}, credential{}},
		{"/srv/x", "", []string{"GIT_TOKEN=git"}, credential{}},
	} {
		at, err := parseAddress(test.url)
		if err != nil {
			t.Fatal(err)
		}
		got, err := findCredential(Source{URL: test.url, TokenFile: test.file, Env: append(test.env, "A=b")}, at, discard())
		if err != nil || got != test.want {
			t.Errorf("%s, %v: %+v, %v", test.url, test.env, got, err)
		}
	}
}

func TestTokenFiles(t *testing.T) {
	folder := t.TempDir()
	pipe := filepath.Join(folder, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "empty"), " \n")
	write(t, filepath.Join(folder, "large"), strings.Repeat("x", maxToken+1))
	write(t, filepath.Join(folder, "lines"), "first\nsecond\n")
	for name, mention := range map[string]string{
		"missing": "not there", "empty": "is empty", "large": "larger than", "pipe": "not a file", ".": "not a file", "lines": "several lines",
	} {
		s := Source{URL: "https://example.org/x", TokenFile: filepath.Join(folder, name)}
		at, _ := parseAddress(s.URL)
		if _, err := findCredential(s, at, discard()); err == nil || !strings.Contains(err.Error(), mention) {
			t.Errorf("%s: %v, should mention %q", name, err, mention)
		}
	}
}

func TestSecurityTokenThatOthersCanRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	for mode, warned := range map[os.FileMode]bool{0o644: true, 0o604: true, 0o640: false, 0o600: false} {
		write(t, file, "token")
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		log := &record{}
		if _, err := readToken(file, slog.New(slog.NewTextHandler(log, nil))); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(log.String(), "others can read") != warned {
			t.Errorf("%o: %s", mode, log)
		}
	}
}
