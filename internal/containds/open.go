package containds

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver
)

// driver is the part of SQLAlchemy's URLs that says by which library.
var driver = regexp.MustCompile(`^(sqlite|postgres|postgresql|mysql|mariadb)(?:\+[a-z0-9_]+)?://`)

// open opens a database for reading only. Its errors do not show a password.
func open(ctx context.Context, address string) (*sql.DB, error) {
	parts := driver.FindStringSubmatch(address)
	if parts == nil {
		if strings.Contains(address, "://") || address == "" {
			return nil, errors.New("this is not the address of a hub's database: give its db_url, such as sqlite:////srv/jupyterhub.sqlite or postgresql://hub@db/hub, or the path of an SQLite file")
		}
		return openFile(address)
	}
	rest := address[len(parts[0]):]
	switch parts[1] {
	case "sqlite":
		// As SQLAlchemy has it, the third slash is not the path's.
		path, ok := strings.CutPrefix(rest, "/")
		path, _, _ = strings.Cut(path, "?")
		if !ok || path == "" || path == ":memory:" {
			return nil, errors.New("the address of the SQLite database has no file: give it as sqlite:///relative.sqlite or sqlite:////absolute.sqlite")
		}
		return openFile(path)
	case "mysql", "mariadb":
		return nil, errors.New("a hub's database in MySQL cannot be read: copy it to SQLite or PostgreSQL before")
	}
	config, err := pgx.ParseConfig("postgresql://" + rest)
	if err != nil {
		return nil, errors.New("the address of the PostgreSQL database cannot be read: give it as postgresql://user:password@host:5432/database, with special characters percent-encoded")
	}
	config.RuntimeParams["default_transaction_read_only"] = "on"
	config.RuntimeParams["default_transaction_isolation"] = "repeatable read"
	config.RuntimeParams["application_name"] = "dashboard-builder import"
	db := stdlib.OpenDB(*config)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot reach the PostgreSQL database %s at %s: %w", config.Database, config.Host, err), db.Close())
	}
	return db, nil
}

// openFile opens an SQLite file such that neither it nor its folder changes.
func openFile(path string) (*sql.DB, error) {
	whole, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the database %s: %w", path, err)
	}
	query := url.Values{
		"mode":    {"ro"},
		"_pragma": {"query_only(1)", "busy_timeout(5000)", "trusted_schema(0)"},
	}
	switch walled, err := usesLog(whole); {
	case err != nil:
		return nil, fmt.Errorf("cannot read the database %s: %w", path, err)
	case walled && !hasContent(whole+"-wal"):
		// Nobody has it open. To read it SQLite would make two files beside it
		// (sqlite.org/wal.html, "Read-Only Databases"), unless it is told so.
		query.Set("immutable", "1")
	case walled && !hasContent(whole+"-shm"):
		return nil, fmt.Errorf("the database %s was not closed by the hub, which must have died: start the hub and stop it again, or copy the database with its -wal file and open the copy with sqlite3 once", path)
	}
	name := url.URL{Scheme: "file", OmitHost: true, Path: whole, RawQuery: query.Encode()}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, fmt.Errorf("cannot read the database %s: %w", path, err)
	}
	return db, nil
}

// usesLog says whether an SQLite file has a write-ahead log: bytes 18 and 19 of
// its header (sqlite.org/fileformat2.html, 1.3). It refuses what is no such file.
func usesLog(path string) (bool, error) {
	info, err := os.Stat(path)
	if err != nil {
		return false, reason(err)
	}
	if !info.Mode().IsRegular() { // to open a pipe is to wait for its other end
		return false, errors.New("it is not a file")
	}
	file, err := os.Open(path) // #nosec G304 -- the path is the operator's
	if err != nil {
		return false, reason(err)
	}
	defer file.Close()
	header := make([]byte, 20)
	if _, err := io.ReadFull(file, header); err != nil || string(header[:16]) != "SQLite format 3\x00" {
		return false, errors.New("it is not an SQLite database")
	}
	return header[18] == 2 || header[19] == 2, nil
}

func hasContent(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() > 0
}

// reason is a file system's error without the path, which the sentence has.
func reason(err error) error {
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return failed.Err
	}
	return err
}
