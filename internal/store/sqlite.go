package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// busy is for how long SQLite waits for a writer of another process.
const busy = 10 * time.Second

func sqliteDialect() *dialect {
	return &dialect{
		words: strings.NewReplacer(
			"{text}", "TEXT",
			"{bytes}", "BLOB",
			"{now}", "CAST(unixepoch('subsec') * 1000000 AS INTEGER)",
			"{find}", "instr",
			"{array}", "json_group_array",
			" {lock}", "", // whoever writes is alone from the beginning
			" {skip}", "",
		),
		list:        "json_each(%s)",
		checkSchema: "SELECT count(*) FROM pragma_foreign_key_check",
		tables:      "SELECT count(*) FROM sqlite_schema WHERE type = 'table'",
		ours:        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = $1",
		meaning:     sqliteMeaning,
	}
}

// openSQLite opens a file, and makes it if it is not there.
func openSQLite(ctx context.Context, file string, log *slog.Logger) (*Store, error) {
	if err := prepareFile(file, log); err != nil {
		return nil, err
	}
	s := &Store{dialect: sqliteDialect(), file: file}
	if err := migrateSQLite(ctx, s, log); err != nil {
		return nil, fmt.Errorf("the database %s cannot be used: %w", file, sqliteAdvice(err))
	}
	var err error
	if s.write, err = openFile(file, writing, 1); err != nil {
		return nil, err
	}
	if s.read, err = openFile(file, reading, max(4, runtime.GOMAXPROCS(0))); err != nil {
		return nil, err
	}
	return s, nil
}

// prepareFile makes an empty database that nobody else can read, or sees to it
// that nobody else can read the one that is there. SQLite gives its other files
// the same mode.
//
// A database that is there is not opened here: closing it would give back the
// locks that SQLite has on it in this process (https://www.sqlite.org/howtocorrupt.html,
// 2.2), which is why a new one gets its name only when it is closed.
func prepareFile(file string, log *slog.Logger) error {
	found, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return makeFile(file)
	case err != nil:
		return fmt.Errorf("the database %s cannot be used: %w", file, reason(err))
	case !found.Mode().IsRegular():
		return fmt.Errorf("the database %s is no file: give the path of one, which is made if it is not there", file)
	case found.Mode().Perm()&0o077 == 0:
		return nil
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Chmod(file+suffix, 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
			log.Warn("others on this machine may read the database, and it cannot be taken from them", "file", file+suffix, "error", reason(err))
		}
	}
	return nil
}

func makeFile(file string) error {
	folder := filepath.Dir(file)
	made, err := os.CreateTemp(folder, "."+filepath.Base(file)+"-*") // with the mode 0600
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the database %s cannot be made: there is no folder %s; make it, and give it to the user that this program runs as", file, folder)
	}
	if err != nil {
		return fmt.Errorf("the database %s cannot be made in %s: %w; the folder must be writable for the user that this program runs as", file, folder, reason(err))
	}
	defer os.Remove(made.Name())
	if err := made.Close(); err != nil {
		return err
	}
	if err := os.Link(made.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("the database %s cannot be made: %w", file, reason(err))
	}
	return syncFolder(folder)
}

// reason is an error without the path, which is said already.
func reason(err error) error {
	if known, ok := errors.AsType[*fs.PathError](err); ok {
		return known.Err
	}
	if known, ok := errors.AsType[*os.LinkError](err); ok {
		return known.Err
	}
	return err
}

// migrateSQLite brings the tables up to date with a connection of its own: the
// write-ahead log is chosen once for a file, and foreign keys must not be
// followed while tables are replaced (https://www.sqlite.org/lang_altertable.html,
// 7).
func migrateSQLite(ctx context.Context, s *Store, log *slog.Logger) error {
	all, err := migrations()
	if err != nil {
		return err
	}
	db, err := openFile(s.file, migrating, 1)
	if err != nil {
		return err
	}
	defer db.Close()
	// SQLite does not wait for others who are choosing the write-ahead log at the
	// same moment, so that is tried again.
	for until := time.Now().Add(busy); ; {
		err = migrate(ctx, db, s.dialect, all, log)
		if err == nil || sqliteCode(err)&0xff != lib.SQLITE_BUSY || time.Now().After(until) {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// purpose is what connections are for.
type purpose string

const (
	migrating purpose = "_journal_mode=WAL&_foreign_keys=0&_txlock=immediate"
	// A transaction that begins to read and then writes would fail if another one
	// wrote in between, so those that may write say so at once.
	writing purpose = "_foreign_keys=1&_txlock=immediate"
	reading purpose = "_query_only=1"
	copying purpose = ""
)

// openFile gives access to a file that is there. What was committed survives the
// loss of power (synchronous=FULL): somebody whose access was taken away must not
// have it again, and what the hub was told cannot be taken back. It costs some
// milliseconds of each change, and there are few.
func openFile(file string, p purpose, connections int) (*sql.DB, error) {
	name := url.URL{Scheme: "file", Path: file, RawQuery: fmt.Sprintf(
		"mode=rw&_busy_timeout=%d&_synchronous=FULL&_defensive=1&_dqs=0&_pragma=trusted_schema(0)&%s", busy.Milliseconds(), p)}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// sqliteCode is SQLite's extended result code, or 0.
func sqliteCode(err error) int {
	if known, ok := errors.AsType[*sqlite.Error](err); ok {
		return known.Code()
	}
	return 0
}

// sqliteAdvice says what an operator can do.
func sqliteAdvice(err error) error {
	switch sqliteCode(err) & 0xff {
	case lib.SQLITE_NOTADB:
		return errors.New("it is a file, but no SQLite database; give the path of another one, which is made if it is not there")
	case lib.SQLITE_CORRUPT:
		return fmt.Errorf("it is damaged; restore a backup (%w)", err)
	case lib.SQLITE_BUSY:
		return fmt.Errorf("another program keeps it locked; find that and end it (%w)", err)
	case lib.SQLITE_CANTOPEN, lib.SQLITE_READONLY, lib.SQLITE_PERM, lib.SQLITE_AUTH:
		return fmt.Errorf("the file and its folder must be writable for the user that this program runs as (%w)", err)
	case lib.SQLITE_FULL:
		return fmt.Errorf("the disk is full; make room (%w)", err)
	}
	return err
}

func sqliteMeaning(err error) error {
	code := sqliteCode(err)
	switch code {
	case lib.SQLITE_CONSTRAINT_UNIQUE:
		return taken(err.Error())
	case lib.SQLITE_CONSTRAINT_FOREIGNKEY:
		return dashboard.ErrNotFound
	}
	switch code & 0xff {
	case lib.SQLITE_FULL:
		return unavailable("The disk on which the dashboards are kept is full. Tell whoever runs this JupyterHub.", err)
	case lib.SQLITE_BUSY:
		return unavailable("Too much is being done at once. Try again in a moment.", err)
	case lib.SQLITE_IOERR, lib.SQLITE_READONLY, lib.SQLITE_CANTOPEN, lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB:
		return unavailable("The database of the dashboards cannot be read or written. Tell whoever runs this JupyterHub.", err)
	}
	return nil
}
