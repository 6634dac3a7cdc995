package store

import (
	"path/filepath"
	"strings"
	"testing"
)

// FuzzAddress looks for URLs that break the parser, lead somewhere else, or show
// a password.
func FuzzAddress(f *testing.F) {
	for _, seed := range []string{
		"", "dashboards.sqlite", "/var/lib/x", "./a:b", ":memory:", "sqlite:///x%20y", "sqlite://x", "sqlite:///x?y#z",
		"postgres://ada:SECRET@host:5432/d?sslmode=require", "postgres:///d?host=/run&password=SECRET", "postgresql://[::1]:1/d",
		"postgres://ada:SE/CRET@host/d", "postgres://a:SECRET@h1:1,h2:2/d?target_session_attrs=any", "mysql://a:SECRET@h/d",
		"postgres://ada:SECRET%@host/d", "postgres://ada:1?SECRET@host", "file:x?mode=memory",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, given string) {
		where, err := parse(given)
		switch {
		case err != nil:
			postgres := strings.HasPrefix(strings.ToLower(given), "postgres:") || strings.HasPrefix(strings.ToLower(given), "postgresql:")
			if postgres && showsPassword(err.Error(), given) {
				t.Errorf("%q: the password is in %q", given, err)
			}
		case where.postgres != nil:
			// What errors of connecting show.
			for _, shown := range append(strings.Split(where.postgres.Host, ","), where.postgres.Database, where.postgres.User) {
				if showsPassword(shown, given) {
					t.Errorf("%q: a part of the password is taken for %q", given, shown)
				}
			}
		case !filepath.IsAbs(where.file) || strings.ContainsRune(where.file, 0):
			t.Errorf("%q: the file is %q", given, where.file)
		}
	})
}

// showsPassword says whether a text holds what follows the first colon of a
// user's name, up to the last @, which is as much as a password can be.
func showsPassword(text, given string) bool {
	_, rest, _ := strings.Cut(given, "://")
	end := strings.LastIndex(rest, "@")
	if end < 0 {
		return false
	}
	_, password, found := strings.Cut(rest[:end], ":")
	return found && strings.Contains(password, "SECRET") && strings.Contains(text, "SECRET")
}
