package containds

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// hubTables are what of JupyterHub's tables is read (jupyterhub/orm.py, 1.5).
const hubTables = `
CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(255) UNIQUE, admin BOOLEAN);
CREATE TABLE groups (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(255) UNIQUE);
CREATE TABLE user_group_map (user_id INTEGER NOT NULL, group_id INTEGER NOT NULL, PRIMARY KEY (user_id, group_id));
CREATE TABLE spawners (id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER, name VARCHAR(255), last_activity DATETIME);
INSERT INTO users (id, name) VALUES (1, 'ada'), (2, 'bob'), (3, 'eve');
INSERT INTO groups VALUES (1, 'dash-sales'), (2, 'dash-other');
INSERT INTO user_group_map VALUES (1, 1), (2, 1), (3, 1);
INSERT INTO spawners (id, user_id, name) VALUES (1, 1, 'dash-sales'), (2, 1, 'work'), (3, 2, 'theirs');
`

// tables are those of ContainDS' versions: cdsdashboards/orm.py.
var tables = map[string]string{
	"0.0.11": `CREATE TABLE dashboards (id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER NOT NULL, source_spawner_id INTEGER,
		name VARCHAR(255), description VARCHAR(255), urlname VARCHAR(255) NOT NULL, created DATETIME, started DATETIME,
		start_path VARCHAR(255), allow_all BOOLEAN, final_spawner_id INTEGER, group_id INTEGER, options TEXT);`,
	"0.5.7": `CREATE TABLE dashboards (id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER NOT NULL, source_spawner_id INTEGER,
		name VARCHAR(255), description VARCHAR(255), urlname VARCHAR(255) NOT NULL, created DATETIME, started DATETIME,
		start_path VARCHAR(255), presentation_type VARCHAR(255), allow_all BOOLEAN, final_spawner_id INTEGER, group_id INTEGER, options TEXT);`,
	"0.6.3": `CREATE TABLE dashboards (id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER,
		name VARCHAR(255), description VARCHAR(255), urlname VARCHAR(255), created DATETIME, started DATETIME,
		start_path VARCHAR(255), presentation_type VARCHAR(255), allow_all BOOLEAN, final_spawner_id INTEGER, group_id INTEGER, options TEXT,
		template_parent_id INTEGER);`,
}

// hub makes the database of a hub with a version of ContainDS, and returns its
// path. It stays open for the test.
func hub(t *testing.T, version, rows string) (path string, db *sql.DB) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "jupyterhub ?#%.sqlite") // any name will do
	db, err := sql.Open("sqlite", "file:"+strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23", " ", "%20").Replace(path))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.Exec(hubTables + tables[version] + rows); err != nil {
		t.Fatal(err)
	}
	return path, db
}

func read(t *testing.T, path string) []Found {
	t.Helper()
	found, err := Read(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// one is the only dashboard that was found.
func one(t *testing.T, path string) Found {
	t.Helper()
	found := read(t, path)
	if len(found) != 1 {
		t.Fatalf("found %d: %+v", len(found), found)
	}
	return found[0]
}

func (f Found) says(text string) bool {
	return slices.ContainsFunc(f.Notes, func(note string) bool { return strings.Contains(note, text) })
}

func TestReadTheLastVersion(t *testing.T) {
	path, _ := hub(t, "0.6.3", `INSERT INTO dashboards VALUES (1, 1, 'Sales', 'What we sold', 'sales', '2021-03-04 05:06:07.000008', '2022-01-02 03:04:05.000000',
		'reports/sales.ipynb', 'voila', 0, 1, 1, '{"source_type": "jupytertree", "git_repo": "", "git_repo_branch": "", "conda_env": "ml"}', NULL)`)
	plain := filepath.Join(t.TempDir(), "jupyterhub.sqlite") // in a URL, a question mark ends it
	if err := os.Link(path, plain); err != nil {
		t.Fatal(err)
	}
	got := one(t, "sqlite:///"+plain+"?timeout=5")
	want := dashboard.Dashboard{
		Owner: "ada", Name: "Sales", Description: "What we sold", State: dashboard.Stopped,
		Source:  dashboard.Source{Kind: dashboard.FromServer, Folder: "reports"},
		App:     dashboard.App{Framework: "voila", Path: "sales.ipynb", Environment: "ml"},
		Access:  dashboard.Access{Users: []string{"bob", "eve"}, Groups: []string{}},
		Created: time.Date(2021, 3, 4, 5, 6, 7, 8000, time.UTC), LastUsed: time.Date(2022, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	if fmt.Sprintf("%+v", got.Dashboard) != fmt.Sprintf("%+v", want) {
		t.Errorf("got\n%+v\nwant\n%+v", got.Dashboard, want)
	}
	if got.LegacyURL != "hub/dashboards/sales" {
		t.Errorf("it was at %q", got.LegacyURL)
	}
	if !got.says(`"dash-sales" is still at the hub`) || !got.says(`Only the folder "reports" is cloned`) || len(got.Notes) != 2 {
		t.Errorf("the notes are %q", got.Notes)
	}
}

func TestReadOldVersions(t *testing.T) {
	path, _ := hub(t, "0.0.11", `INSERT INTO dashboards VALUES (1, 1, 2, 'Old', '', 'old', '2020-05-04 05:06:07', NULL, 'a.ipynb', 1, NULL, NULL, NULL)`)
	got := one(t, path).Dashboard
	if got.App.Framework != "voila" || got.App.Path != "a.ipynb" || got.Source.Server != "work" || !got.Access.Everyone || !got.LastUsed.IsZero() {
		t.Errorf("0.0.11: %+v", got)
	}
	path, _ = hub(t, "0.5.7", `
INSERT INTO dashboards VALUES (1, 1, 2, 'Dash', '', 'dash', NULL, NULL, 'app/a.py', 'plotlydash', 1, NULL, NULL, '{}');
INSERT INTO dashboards VALUES (2, 1, 3, 'Theirs', '', 'theirs', NULL, NULL, 'a.R', 'rshiny', 1, NULL, NULL, '{}');
INSERT INTO dashboards VALUES (3, 1, 9, 'Gone', '', 'gone', NULL, NULL, 'a.x', 'custom-panel', 1, NULL, NULL, '{}')`)
	found := read(t, path)
	if d := found[0].Dashboard; d.App.Framework != "dash" || d.App.Path != "a.py" || d.Source.Folder != "app" || d.Source.Server != "work" {
		t.Errorf("0.5.7: %+v", d)
	}
	if f := found[1]; f.Dashboard.Source.Server != "" || !f.says("somebody else's") || f.Dashboard.App.Framework != "rshiny" {
		t.Errorf("0.5.7: %+v", f)
	}
	if f := found[2]; f.Dashboard.Source.Server != "" || !f.says("not there any more") || f.Dashboard.App.Framework != "custom-panel" || !f.says("needs a preset") {
		t.Errorf("0.5.7: %+v", f)
	}
}

func TestReadRepositories(t *testing.T) {
	options := func(repo, branch string) string {
		return fmt.Sprintf(`{"source_type": "gitrepo", "git_repo": %q, "git_repo_branch": %q, "conda_env": ""}`, repo, branch)
	}
	for _, test := range []struct{ repo, branch, want, ref, note string }{
		{"https://github.com/voila-dashboards/voila.git", "main", "https://github.com/voila-dashboards/voila.git", "main", ""},
		{"https://github.com/voila-dashboards/voila", "", "https://github.com/voila-dashboards/voila", "", "names no branch"},
		{"git@github.com:team/a.git", "v1", "git@github.com:team/a.git", "v1", ""},
		{"ssh://git@example.org/a", "v1", "ssh://git@example.org/a", "v1", ""},
		{"https://ada:hunter2@example.org/a", "v1", "https://example.org/a", "v1", "user or password"},
		{"https://hunter2@example.org/a", "v1", "https://example.org/a", "v1", "user or password"},
		{"ssh://ada:hunter2@example.org/a", "v1", "ssh://ada@example.org/a", "v1", "user or password"},
		{"https://hunter2@[example.org/a", "v1", "", "", "user or password"},
		{"https://example.org/a", "a\nb", "https://example.org/a", "", "branch"},
	} {
		path, _ := hub(t, "0.6.3", "")
		db, _ := sql.Open("sqlite", "file:"+strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23", " ", "%20").Replace(path))
		if _, err := db.Exec(`INSERT INTO dashboards VALUES (1, 1, 'x', '', 'x', NULL, NULL, 'nb/a.ipynb', '', 1, NULL, NULL, ?, NULL)`, options(test.repo, test.branch)); err != nil {
			t.Fatal(err)
		}
		_ = db.Close()
		got := one(t, path)
		source := got.Dashboard.Source
		if source.Kind != dashboard.FromGit || source.Repo != test.want || source.Ref != test.ref || got.Dashboard.App.Path != "nb/a.ipynb" || source.Folder != "" {
			t.Errorf("%s: %+v", test.repo, got.Dashboard)
		}
		if test.note != "" && !got.says(test.note) || test.note == "" && len(got.Notes) > 0 || got.says("hunter2") {
			t.Errorf("%s: the notes are %q", test.repo, got.Notes)
		}
	}
}

func TestReadViewersCopies(t *testing.T) {
	path, _ := hub(t, "0.6.3", `INSERT INTO dashboards (id, user_id, name, urlname, start_path, allow_all, template_parent_id) VALUES
		(5, 2, 'Sales', 'sales-bob', 'a.ipynb', 0, 9), (6, 3, 'Sales', 'sales-eve', 'a.ipynb', 0, 9),
		(9, 1, 'Sales', 'sales', 'a.ipynb', 1, NULL),
		(10, 1, 'Itself', 'itself', 'a.ipynb', 0, 10), (11, 1, 'One', 'one', 'a.ipynb', 0, 12), (12, 1, 'Other', 'other', 'a.ipynb', 0, 11),
		(13, 1, 'Lost', 'lost', 'a.ipynb', 0, 99)`)
	var got []string
	for _, found := range read(t, path) {
		got = append(got, found.Dashboard.Name)
		if found.Dashboard.PerViewer != (found.Dashboard.Name == "Sales") || found.Dashboard.Owner != "ada" {
			t.Errorf("%+v", found)
		}
		if found.Dashboard.Name != "Sales" && !found.says("a viewer's copy of another dashboard") {
			t.Errorf("%+v", found)
		}
	}
	if want := []string{"Sales", "Itself", "One", "Other", "Lost"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Whatever is in a row, it is a note and not the end.
func TestReadOddRows(t *testing.T) {
	path, db := hub(t, "0.6.3", `INSERT INTO dashboards (id, user_id, name, urlname, start_path, allow_all, options, presentation_type, group_id, created) VALUES
		(1, 77, 'Dangling', 'a', 'a.ipynb', 1, '{}', 'voila', NULL, 'yesterday'),
		(2, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
		(3, 1, 'Bad JSON', 'c', '../../etc/passwd', 'maybe', '{"git_repo": ', 'voila', NULL, 5),
		(4, 1, 'Odd JSON', 'd/../x?', 'a.ipynb', 0, '{"git_repo": 5, "conda_env": ["x"], "mem": 1}', 'voila', 99, NULL),
		(5, 1, 'A list', 'e', 'a.ipynb', 0, '[1]', 'voi' || char(1) || 'la', NULL, NULL),
		(6, 1, 'same ', 'f', 'a.ipynb', 1, 'null', 'voila', NULL, NULL),
		(7, 1, 'SAME', 'g', 'a.ipynb', 1, '{"conda_env": "--help"}', 'voila', NULL, NULL),
		(8, 1, 'tur' || char(0x202e) || 'ned' || char(10), 'h', 'a.ipynb', 1, '{}', 'voila', NULL, NULL),
		(9, 1, x'ff01fe41', x'ff', x'ff', x'00', x'ff', x'ff', NULL, x'ff'),
		(10, 'ada', 5, 6, 7, 8, 9, 10, 'eleven', 12)`)
	if _, err := db.Exec(`INSERT INTO dashboards (id, user_id, name, description, urlname, start_path, allow_all, options, presentation_type) VALUES
		(11, 1, ?, ?, ?, ?, 1, ?, ?)`, strings.Repeat("é", 300), strings.Repeat("x", 1e6), strings.Repeat("u", 1e5), strings.Repeat("p/", 1e5), strings.Repeat("[", 1e6), strings.Repeat("f", 1e4)); err != nil {
		t.Fatal(err)
	}
	found := read(t, path)
	if len(found) != 11 {
		t.Fatalf("found %d", len(found))
	}
	for i, want := range []struct{ name, note string }{
		{"Dangling", `not at the hub any more (user "77")`},
		{"Dashboard 2", "does not say who may open it"},
		{"Bad JSON", "leads out of the folder"},
		{"Odd JSON", "option git_repo is not text"},
		{"A list", "cannot be the name of one"},
		{"same", "All of the owner's files"},
		{"SAME (2)", "so it is called \"SAME (2)\""},
		{"turned", "cannot be shown"},
		{"A", "cannot be shown"},
		{"5", "not at the hub any more (user \"ada\")"},
		{strings.Repeat("é", 100), "its options cannot be read"},
	} {
		got := found[i]
		if got.Dashboard.Name != want.name || !slices.ContainsFunc(got.Notes, func(note string) bool {
			return strings.Contains(strings.ToLower(note), strings.ToLower(want.note))
		}) {
			t.Errorf("%d is %q with %q, want %q with %q", i+1, got.Dashboard.Name, got.Notes, want.name, want.note)
		}
	}
	if d := found[0].Dashboard; d.Owner != "" || !d.Created.IsZero() {
		t.Errorf("%+v", d)
	}
	if got := found[3]; got.LegacyURL != "hub/dashboards/d%2F..%2Fx%3F" || !got.says(`option "mem"`) || !got.says("Those that it was shared with are lost") {
		t.Errorf("%+v", got)
	}
	if d := found[6].Dashboard; d.App.Environment != "" {
		t.Errorf("%+v", d)
	}
}

func TestSecurityUnclearAccessStaysClosed(t *testing.T) {
	for _, value := range []string{"NULL", "''", "'yes'", "2", "x'01'", "'0'", "0", "'false'"} {
		path, _ := hub(t, "0.6.3", fmt.Sprintf(`INSERT INTO dashboards (id, user_id, name, urlname, allow_all) VALUES (1, 1, 'x', 'x', %s)`, value))
		if one(t, path).Dashboard.Access.Everyone {
			t.Errorf("%s opens it to everyone", value)
		}
	}
}

func TestReadManyMembers(t *testing.T) {
	path, _ := hub(t, "0.6.3", `
WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 100 + 600) INSERT INTO users (id, name) SELECT i, 'u' || i FROM n;
INSERT INTO user_group_map SELECT id, 2 FROM users WHERE id >= 100;
INSERT INTO dashboards (id, user_id, name, urlname, start_path, allow_all, group_id) VALUES (1, 1, 'x', 'x', 'a.ipynb', 0, 2)`)
	got := one(t, path)
	if access := got.Dashboard.Access; len(access.Users) != 0 || !slices.Equal(access.Groups, []string{"dash-other"}) || !got.says("keep that") {
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

const anyRow = `INSERT INTO dashboards (id, user_id, name, urlname, allow_all) VALUES (1, 1, 'x', 'x', 0)`

func TestReadChangesNothing(t *testing.T) {
	for name, prepare := range map[string]func(t *testing.T, db *sql.DB){
		"closed": func(t *testing.T, db *sql.DB) { _ = db.Close() },
		"open":   func(*testing.T, *sql.DB) {},
		"write-ahead": func(t *testing.T, db *sql.DB) {
			exec(t, db, `PRAGMA journal_mode = wal`)
			exec(t, db, `UPDATE users SET name = 'ida' WHERE id = 1`)
		},
		"write-closed": func(t *testing.T, db *sql.DB) { exec(t, db, `PRAGMA journal_mode = wal`); _ = db.Close() },
		"in the middle of a write": func(t *testing.T, db *sql.DB) {
			db.SetMaxOpenConns(1)
			exec(t, db, `BEGIN IMMEDIATE`)
			exec(t, db, `DELETE FROM dashboards`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			path, db := hub(t, "0.6.3", anyRow)
			prepare(t, db)
			before := state(t, filepath.Dir(path))
			if name == "write-ahead" && !strings.Contains(before, ".sqlite-wal ") {
				t.Fatal("there is no log")
			}
			got := one(t, path)
			if name == "write-ahead" && got.Dashboard.Owner != "ida" {
				t.Errorf("what is in the log was not read: %+v", got)
			}
			after := state(t, filepath.Dir(path))
			if name == "write-ahead" { // the index in shared memory notes who reads
				before, after = withoutIndex(before), withoutIndex(after)
			}
			if after != before {
				t.Errorf("the folder changed")
			}
		})
	}
}

func exec(t *testing.T, db *sql.DB, query string) {
	t.Helper()
	if _, err := db.Exec(query); err != nil {
		t.Fatal(err)
	}
}

func withoutIndex(state string) string {
	var kept []string
	for line := range strings.Lines(state) {
		if !strings.Contains(line, ".sqlite-shm ") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

// A read-only file in a folder that nobody may write to will do.
func TestSecurityNothingCanBeWritten(t *testing.T) {
	path, db := hub(t, "0.6.3", anyRow)
	_ = db.Close()
	opened, err := open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	for _, query := range []string{`DELETE FROM dashboards`, `CREATE TABLE x (y)`, `PRAGMA query_only = 0; DELETE FROM dashboards`, `VACUUM`} {
		if _, err := opened.Exec(query); err == nil {
			t.Errorf("%s was done", query)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	folder := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	other, db := hub(t, "0.6.3", "")
	exec(t, db, `DROP TABLE dashboards`)
	ours, db := hub(t, "0.6.3", "")
	exec(t, db, `DROP TABLE dashboards; CREATE TABLE dashboards (id TEXT, owner TEXT, name TEXT)`)
	empty, db := hub(t, "0.6.3", "")
	exec(t, db, `DROP TABLE users`)
	for address, want := range map[string]string{
		"":                              "not the address of a hub's database",
		"oracle://x":                    "not the address of a hub's database",
		"sqlite:///:memory:":            "has no file",
		"sqlite://":                     "has no file",
		"mysql+pymysql://u:hunter2@h/x": "MySQL cannot be read",
		"postgresql://u:hunter2@h:x/y":  "PostgreSQL database cannot be read",
		"postgresql+psycopg2://u:hunter2@127.0.0.1:1/y":                  "cannot reach the PostgreSQL database y at 127.0.0.1",
		filepath.Join(folder, "none"):                                    "no such file",
		"sqlite:///" + folder:                                            "it is not a file",
		write("empty", ""):                                               "it is not an SQLite database",
		write("text", strings.Repeat("x", 4096)):                         "it is not an SQLite database",
		write("broken", "SQLite format 3\x00"+strings.Repeat("x", 4096)): "",
		other: "no table dashboards",
		ours:  "no column user_id, so it is not that of ContainDS",
		empty: "cannot read the table dashboards",
	} {
		_, err := Read(t.Context(), address)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v\nwant %s", address, err, want)
		}
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := Read(ended, empty); err == nil {
		t.Error("it was read after its context ended")
	}
}

// A view that never ends, in a database that somebody sent, ends with the context.
func TestReadEndsWithItsContext(t *testing.T) {
	path, db := hub(t, "0.6.3", "")
	exec(t, db, `ALTER TABLE dashboards RENAME TO d; CREATE VIEW dashboards AS SELECT d.* FROM d UNION ALL
		SELECT * FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT d.* FROM n, d)`)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := Read(ctx, path); err == nil || time.Since(began) > 10*time.Second {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
}

func FuzzConvert(f *testing.F) {
	f.Add("ada", "Sales", "what", "sales", "2020-01-02 03:04:05", "a/b.ipynb", "voila", "1", `{"git_repo": "https://x/y", "conda_env": "z"}`, "work", "bob")
	f.Add("", "\u202e", "\xff", "/", "x", "../..", "plotlydash", "t", `{"a": null}`, "\x00", "\n")
	f.Fuzz(func(t *testing.T, owner, name, description, urlname, created, path, presentation, everyone, options, source, member string) {
		text := func(value string) sql.NullString { return sql.NullString{String: value, Valid: value != "NULL"} }
		made := row{
			id: text("7"), user: text("1"), owner: text(owner), name: text(name), description: text(description), urlname: text(urlname),
			created: text(created), started: text(created), path: text(path), presentation: text(presentation), everyone: text(everyone),
			group: text(name), groupID: text("1"), options: text(options), source: text("1"), sourceName: text(source), sourceUser: text("1"),
			final: text(source), members: []string{member, owner},
		}
		for _, found := range convertAll([]row{made}) {
			d := found.Dashboard
			if d.Name == "" || len([]rune(d.Name)) > dashboard.MaxName {
				t.Errorf("the name is %q", d.Name)
			}
			if strings.Contains(d.Source.Repo, "://") && strings.Contains(strings.SplitN(d.Source.Repo, "/", 4)[2], ":") && strings.Contains(d.Source.Repo, "@") && strings.HasPrefix(d.Source.Repo, "http") {
				t.Errorf("the repository may have a password: %q", d.Source.Repo)
			}
			if d.Access.Everyone && everyone != "1" && everyone != "true" && everyone != "t" {
				t.Errorf("%q opens it to everyone", everyone)
			}
			for _, note := range found.Notes {
				if strings.ContainsAny(note, "\x00\n") || len(note) > 2000 {
					t.Errorf("the note is %q", note)
				}
			}
			if err := d.Check(); err != nil && !found.says("cannot be taken over") {
				t.Errorf("%v is not in the notes %q", err, found.Notes)
			}
		}
	})
}
