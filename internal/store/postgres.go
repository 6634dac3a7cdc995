package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

const (
	// connections is how many each process has at most. PostgreSQL allows 100 in
	// all where nothing else is set.
	connections = 10
	// connecting bounds how long it takes to get one, unless the URL says
	// otherwise (connect_timeout).
	connecting = 10 * time.Second
)

func postgresDialect() *dialect {
	return &dialect{
		words: strings.NewReplacer(
			"{text}", `TEXT COLLATE "C"`, // not by the rules of a language, which could change
			"{bytes}", "BYTEA",
			"{now}", "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)",
			"{find}", "strpos",
			"{array}", "json_agg",
			"{lock}", "FOR NO KEY UPDATE",
			"{skip}", "FOR NO KEY UPDATE SKIP LOCKED",
		),
		list: "(SELECT value, number - 1 AS key FROM jsonb_array_elements_text(CAST(%s AS jsonb)) WITH ORDINALITY AS element (value, number)) AS list",
		// Whatever the server's default is: we lock what we read before we write.
		transaction: &sql.TxOptions{Isolation: sql.LevelReadCommitted},
		// The key is arbitrary: “dashboar” in ASCII.
		lockSchema: "SELECT pg_advisory_xact_lock(7233189368698986866)",
		tables:     "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()",
		ours:       "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1",
		meaning:    postgresMeaning,
	}
}

func openPostgres(ctx context.Context, config *pgx.ConnConfig, log *slog.Logger) (*Store, error) {
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connecting
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "dashboard-builder"
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	db.SetConnMaxIdleTime(5 * time.Minute)
	db.SetConnMaxLifetime(time.Hour) // so that those to a server that was replaced end
	s := &Store{dialect: postgresDialect(), write: db, read: db}
	if err := s.preparePostgres(ctx, log); err != nil {
		db.Close()
		name := net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))) + "/" + config.Database
		return nil, fmt.Errorf("the PostgreSQL database %s cannot be used: %s", name, without(err, []string{config.Password}))
	}
	return s, nil
}

func (s *Store) preparePostgres(ctx context.Context, log *slog.Logger) error {
	var encoding string
	if err := s.reader().row(ctx, "SELECT current_setting('server_encoding')").Scan(&encoding); err != nil {
		return err
	}
	if encoding != "UTF8" {
		return fmt.Errorf("its encoding is %s, which has no room for all that people write; make one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0", encoding)
	}
	all, err := migrations()
	if err != nil {
		return err
	}
	return migrate(ctx, s.write, s.dialect, all, log)
}

func postgresMeaning(err error) error {
	const away = "The database of the dashboards does not answer. Try again in a moment; if it stays so, tell whoever runs this JupyterHub."
	if known, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch known.Code { // PostgreSQL documentation, appendix A
		case "23505": // unique_violation
			return taken(known.ConstraintName)
		case "23503": // foreign_key_violation
			return dashboard.ErrNotFound
		case "53100": // disk_full
			return unavailable("The disk on which the dashboards are kept is full. Tell whoever runs this JupyterHub.", err)
		}
		switch known.Code[:min(2, len(known.Code))] {
		case "08", "53", "57", "58": // connection, resources, operator's intervention, system
			return unavailable(away, err)
		case "40", "55": // rolled back by the server, or not in the state for it
			return unavailable("Too much is being done at once. Try again in a moment.", err)
		}
		return nil
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return unavailable(away, err)
	}
	// A deadline that is not the caller's is that of a connection being made.
	for _, lost := range []error{context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, driver.ErrBadConn, pgconn.ErrConnClosed} {
		if errors.Is(err, lost) {
			return unavailable(away, err)
		}
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return unavailable(away, err)
	}
	return nil
}
