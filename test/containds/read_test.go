//go:build e2e

package containds_test

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver

	"github.com/ideonate/jhsingle-native-proxy/internal/containds"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// versions are those that had tables of their own.
var versions = []string{"0.6.3", "0.5.7", "0.0.11"}

// check compares what was read with what hub.py makes by a version. Upgraded are
// tables of an older version.
func check(t *testing.T, address, version string, upgraded bool) {
	t.Helper()
	found, err := containds.Read(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 5 { // without the viewers' copies
		t.Fatalf("found %d: %+v", len(found), found)
	}
	hasFramework, hasSource := version != "0.0.11", version != "0.6.3" && !upgraded
	framework := func(name string) string {
		if hasFramework {
			return name
		}
		return "voila"
	}
	server := dashboard.Source{Kind: dashboard.FromServer}
	sales := dashboard.Dashboard{
		Owner: "ada", Name: "Sales – “2021” \U0001f4c8", Description: "What we sold", State: dashboard.Stopped,
		Source: dashboard.Source{Kind: dashboard.FromServer, Folder: "reports"},
		App:    dashboard.App{Framework: "voila", Path: "sales.ipynb", Environment: "ml"},
		Access: dashboard.Access{Users: []string{"bob", "eve"}, Groups: []string{}}, PerViewer: version == "0.6.3",
		Created:  time.Date(2021, 3, 4, 5, 6, 7, 8000, time.UTC),
		LastUsed: time.Date(2022, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	everyone := dashboard.Access{Everyone: true, Users: []string{}, Groups: []string{}}
	of := dashboard.Dashboard{
		Owner: "ada", Name: "Of git", State: dashboard.Stopped, Access: everyone,
		Source: dashboard.Source{Kind: dashboard.FromGit, Repo: "https://example.org/team/app.git", Ref: "main"},
		App:    dashboard.App{Framework: framework("dash"), Path: "app/app.py"},
	}
	own := dashboard.Dashboard{
		Owner: "bob", Name: "Own", State: dashboard.Stopped, Access: everyone, Source: server,
		App: dashboard.App{Framework: framework("custom-panel"), Path: "a.py"},
	}
	cloned := dashboard.Dashboard{
		Owner: "ada", Name: "Cloned", State: dashboard.Stopped, Access: everyone, Source: server,
		App: dashboard.App{Framework: framework("rshiny"), Path: "a.R"},
	}
	if hasSource {
		cloned.Source.Server = "work"
	}
	bare := dashboard.Dashboard{
		Owner: "eve", Name: "bare", State: dashboard.Stopped, Access: everyone, Source: server,
		App: dashboard.App{Framework: "voila"},
	}
	for i, want := range []dashboard.Dashboard{sales, of, own, cloned, bare} {
		got := found[i].Dashboard
		if want.Created.IsZero() { // it is now
			if age := time.Since(got.Created); age < -time.Minute || age > time.Hour {
				t.Errorf("%s was created %v ago", got.Name, age)
			}
			got.Created = time.Time{}
		}
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			t.Errorf("got\n%+v\nwant\n%+v", got, want)
		}
		for _, note := range found[i].Notes {
			if strings.Contains(note, "hunter2") || strings.Contains(note, "cannot be taken over") {
				t.Errorf("%s: %s", got.Name, note)
			}
		}
	}
	if got := found[0]; got.LegacyURL != "hub/dashboards/sales" || !slices.ContainsFunc(got.Notes, func(note string) bool { return strings.Contains(note, `"dash-sales" is still at the hub`) }) {
		t.Errorf("%+v", got)
	}
}

// state is all of a folder: the names, the bytes and the times of its files.
func state(t *testing.T, folder string) string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&all, "%s %s %x\n", entry.Name(), info.ModTime(), content)
	}
	return all.String()
}

func TestReadSQLite(t *testing.T) {
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			folder := t.TempDir()
			address := "sqlite:///" + filepath.Join(folder, "jupyterhub.sqlite")
			run(t, version, address, "make")
			before := state(t, folder)
			check(t, address, version, false)
			if state(t, folder) != before {
				t.Error("reading changed the folder")
			}
		})
	}
}

// The tables as an upgrade left them.
func TestReadUpgraded(t *testing.T) {
	for _, version := range versions[1:] {
		t.Run(version, func(t *testing.T) {
			address := "sqlite:///" + filepath.Join(t.TempDir(), "jupyterhub.sqlite")
			run(t, version, address, "make")
			run(t, "0.6.3", address, "upgrade")
			check(t, address, version, true)
		})
	}
}

// A hub has the database open, and is in the middle of a change.
func TestReadBesideAHub(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		folder := t.TempDir()
		address := "sqlite:///" + filepath.Join(folder, "jupyterhub.sqlite")
		run(t, "0.6.3", address, "make")
		defer hold(t, address)()
		before := state(t, folder)
		check(t, address, "0.6.3", false)
		if state(t, folder) != before {
			t.Error("reading changed the folder")
		}
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		address := postgres(t)
		run(t, "0.6.3", address, "make")
		defer hold(t, address)()
		check(t, address, "0.6.3", false)
	})
}

// hold has a hub begin a change, and returns what ends it.
func hold(t *testing.T, address string) func() {
	t.Helper()
	hub := python(t, "0.6.3", address, "hold")
	input, err := hub.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := hub.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var complaints bytes.Buffer
	hub.Stderr = &complaints
	if err := hub.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(output).ReadString('\n'); err != nil || line != "holding\n" {
		_ = hub.Wait()
		t.Fatalf("the hub says %q, %v\n%s", line, err, complaints.String())
	}
	return func() {
		_ = input.Close()
		if err := hub.Wait(); err != nil {
			t.Errorf("the hub: %v\n%s", err, complaints.String())
		}
	}
}

func TestReadPostgreSQL(t *testing.T) {
	address := postgres(t)
	run(t, "0.6.3", address, "make")
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	before := changes(t, db)
	check(t, strings.Replace(address, "postgresql://", "postgresql+psycopg2://", 1), "0.6.3", false)
	if after := changes(t, db); after != before {
		t.Errorf("rows that were changed: %s before, %s after", before, after)
	}

	// Whatever is in a row, it is a note and not the end.
	for _, statement := range []string{
		`UPDATE dashboards SET allow_all = NULL, name = NULL, options = '{"git_repo": ' WHERE urlname = 'of-git'`,
		`ALTER TABLE dashboards DROP CONSTRAINT dashboards_user_id_fkey`,
		`UPDATE dashboards SET user_id = 77, name = E'tur\u202Ened', start_path = '../x' WHERE urlname = 'own'`,
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	found, err := containds.Read(t.Context(), address)
	if err != nil || len(found) != 5 {
		t.Fatalf("%+v, %v", found, err)
	}
	for _, one := range found {
		if d := one.Dashboard; d.Name == "of-git" && d.Access.Everyone || d.Name == "turned" && (d.Owner != "" || d.App.Path != "") {
			t.Errorf("%+v", one)
		}
	}
}

// The role of who reads needs no more than to read.
func TestSecurityPostgreSQLReadOnly(t *testing.T) {
	address := postgres(t)
	run(t, "0.6.3", address, "make")
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{
		`CREATE ROLE reader LOGIN PASSWORD 'reader'`,
		`GRANT SELECT ON dashboards, users, groups, user_group_map, spawners TO reader`,
		// Is called by whoever reads, and fails if that may not write.
		`CREATE FUNCTION bite() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN UPDATE users SET admin = true; RETURN 1; END $$`,
		`ALTER TABLE dashboards RENAME TO real`,
		`CREATE VIEW dashboards AS SELECT * FROM real WHERE bite() = 1`,
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	reader := strings.Replace(address, "hub:hunter2%20%26%40@", "reader:reader@", 1)
	if _, err := containds.Read(t.Context(), address); err == nil || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("as the owner: %v", err)
	}
	var admins int
	if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM users WHERE admin`).Scan(&admins); err != nil || admins != 0 {
		t.Errorf("what was read has changed the database: %d, %v", admins, err)
	}
	if _, err := db.ExecContext(t.Context(), `DROP VIEW dashboards; ALTER TABLE real RENAME TO dashboards`); err != nil {
		t.Fatal(err)
	}
	check(t, reader, "0.6.3", false)
	if _, err := containds.Read(t.Context(), strings.Replace(reader, "reader:reader", "reader:wrong", 1)); err == nil || strings.Contains(err.Error(), "wrong@") {
		t.Errorf("with a wrong password: %v", err)
	}
}

// changes counts what was ever inserted, changed and deleted.
func changes(t *testing.T, db *sql.DB) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var counted string
	err := db.QueryRowContext(ctx, `SELECT string_agg(relname || ' ' || xmin || ' ' || relfilenode || ' ' || relpages, ', ' ORDER BY relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`).Scan(&counted)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"dashboards", "users", "groups", "user_group_map", "spawners"} {
		var rows string
		if err := db.QueryRowContext(ctx, `SELECT coalesce(md5(string_agg(ctid::text || xmin::text || x::text, ',' ORDER BY ctid)), '') FROM "`+table+`" x`).Scan(&rows); err != nil {
			t.Fatal(err)
		}
		counted += " " + table + " " + rows
	}
	return counted
}
