package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Backup writes all that is kept into a new SQLite file, as it is at one moment,
// while the store is used by this process and others. The file is there when it is
// whole, for nobody but its owner to read, and never replaces another. To restore
// it, stop the service and put it in the place of the database, without files that
// end in -wal and -shm. Its errors are for the operator.
func (s *Store) Backup(ctx context.Context, file string) error {
	if s.file == "" {
		return errors.New("dashboards are kept in PostgreSQL, which has its own way to be backed up: use pg_dump")
	}
	file, err := filepath.Abs(file)
	if err != nil {
		return fmt.Errorf("the backup's path cannot be made absolute: %w", err)
	}
	if _, err := os.Lstat(file); err == nil {
		return fmt.Errorf("the backup %s is there already: give another name, as a backup never replaces a file", file)
	}
	made, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+"-*") // with the mode 0600
	if err != nil {
		return fmt.Errorf("the backup %s cannot be written: %w", file, reason(err))
	}
	defer os.Remove(made.Name())
	// SQLite writes into an empty file, but leaves it to us to see it on the disk.
	defer made.Close()
	db, err := openFile(s.file, copying, 1)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, `VACUUM INTO $1`, made.Name()); err != nil {
		return fmt.Errorf("the backup %s cannot be written: %w", file, sqliteAdvice(err))
	}
	if err := made.Sync(); err != nil {
		return fmt.Errorf("the backup %s cannot be written: %w", file, reason(err))
	}
	switch err := os.Link(made.Name(), file); {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("the backup %s was made by somebody else meanwhile: give another name", file)
	case err != nil:
		return fmt.Errorf("the backup %s cannot get its name: %w", file, reason(err))
	}
	return syncFolder(filepath.Dir(file))
}

// syncFolder sees to it that names in a folder survive the loss of power.
func syncFolder(folder string) error {
	opened, err := os.Open(folder) // #nosec G304 -- the operator's
	if err != nil {
		return err
	}
	defer opened.Close()
	return opened.Sync()
}
