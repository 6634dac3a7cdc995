package store

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5"
)

// address is where dashboards are kept: one of the two is set.
type address struct {
	file     string // of SQLite, absolute
	postgres *pgx.ConnConfig
}

// scheme is the beginning of a URL. A file's name that looks like one can be
// written with ./ in front.
var scheme = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*):`)

// parse reads what the operator gave. Its errors say nothing of what was in a
// PostgreSQL URL, as a mistyped one has the password where another part should be.
func parse(given string) (address, error) {
	if given == "" {
		return address{}, errors.New("no database is given: expected sqlite:///path/of/a/file, the path alone, or postgres://user:password@host/database")
	}
	found := scheme.FindStringSubmatch(given)
	if found == nil {
		return file(given)
	}
	switch kind := strings.ToLower(found[1]); kind {
	case "sqlite":
		path, ok := strings.CutPrefix(given[len(kind)+1:], "//")
		if !ok || !strings.HasPrefix(path, "/") {
			return address{}, fmt.Errorf("the database %q has no absolute path: after sqlite: there are three slashes, as in sqlite:///var/lib/dashboards.sqlite", given)
		}
		if strings.ContainsAny(path, "?#") {
			return address{}, fmt.Errorf("the database %q has options, of which there are none for SQLite: give the file alone, and write a ? in its name as %%3F", given)
		}
		path, err := url.PathUnescape(path)
		if err != nil {
			return address{}, fmt.Errorf("the database %q cannot be read: %w; write a %% in its name as %%25", given, err)
		}
		return file(path)
	case "postgres", "postgresql":
		return server(given)
	default:
		return address{}, fmt.Errorf("dashboards cannot be kept at a URL of the scheme %q: expected sqlite:///path/of/a/file or postgres://user:password@host/database", kind)
	}
}

func file(path string) (address, error) {
	if path == ":memory:" {
		return address{}, errors.New("the database :memory: would be gone with the process: give the path of a file")
	}
	if strings.ContainsFunc(path, unicode.IsControl) {
		return address{}, fmt.Errorf("the database's path %q has a control character in it", path)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return address{}, fmt.Errorf("the database's path %q cannot be made absolute: %w", path, err)
	}
	return address{file: absolute}, nil
}

// errPostgres is all that is said of a PostgreSQL URL whose parts cannot be told
// apart for sure.
var errPostgres = errors.New("the PostgreSQL URL cannot be read: expected postgres://user:password@host:port/database; in all of its parts, write @ as %40, and in the user and the password also / as %2F, ? as %3F, # as %23 and : as %3A")

func server(given string) (address, error) {
	kind, rest, _ := strings.Cut(given, ":")
	authority, ok := strings.CutPrefix(rest, "//")
	if !ok {
		return address{}, errPostgres
	}
	tail := ""
	if end := strings.IndexAny(authority, "/?#"); end >= 0 {
		authority, tail = authority[:end], authority[end:]
	}
	// An @ or a / in a password that nobody encoded would make the rest of the
	// password a host or a database, which errors show.
	if strings.Count(authority, "@") > 1 || strings.Contains(tail, "@") {
		return address{}, errPostgres
	}
	config, err := pgx.ParseConfig(strings.ToLower(kind) + ":" + rest)
	if err != nil {
		return address{}, fmt.Errorf("the PostgreSQL URL cannot be used: %s", without(err, secrets(authority, tail)))
	}
	return address{postgres: config}, nil
}

// secrets are what is in a URL and nobody else's business, as it is written.
func secrets(authority, tail string) []string {
	user, _, _ := strings.Cut(authority, "@")
	_, password, _ := strings.Cut(user, ":")
	found := []string{password}
	_, query, _ := strings.Cut(tail, "?")
	for part := range strings.SplitSeq(query, "&") {
		key, value, _ := strings.Cut(part, "=")
		if decoded, err := url.QueryUnescape(key); err != nil || strings.Contains(decoded, "password") {
			found = append(found, value)
		}
	}
	return found
}

// without is what an error says, unless that holds a secret.
func without(err error, secrets []string) string {
	text := err.Error()
	for _, secret := range secrets {
		decoded, _ := url.PathUnescape(secret)
		if secret != "" && strings.Contains(text, secret) || decoded != "" && strings.Contains(text, decoded) {
			return "what is wrong with it is not shown, as that would show the password"
		}
	}
	return text
}
