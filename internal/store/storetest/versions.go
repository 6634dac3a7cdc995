package storetest

import (
	"database/sql"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // for looking behind the store
	_ "modernc.org/sqlite"             // the same

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/store"
)

// behind changes a database behind the store's back.
func behind(t *testing.T, url string, statements ...string) {
	t.Helper()
	driver := "sqlite"
	if strings.HasPrefix(url, "postgres") {
		driver = "pgx"
	}
	db, err := sql.Open(driver, url)
	must(t, err)
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// older takes a database back by one version, to before the last migration.
var older = []string{
	`DROP TABLE grants`, `DROP TABLE viewers`, `DROP TABLE thumbnails`,
	`DELETE FROM dashboard_builder WHERE version = 4`,
}

func testOlderVersion(t *testing.T, b bed) {
	d := b.create(t, "Sales")
	job := value(b.AddJob(t.Context(), newJob(d.ID, dashboard.Start, "bob")))(t)
	behind(t, b.url, older...)

	// By several processes at once.
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			now, err := store.Open(t.Context(), b.url, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Error(err)
				return
			}
			defer now.Close()
			same(t, "the dashboard", value(now.Dashboard(t.Context(), d.ID))(t), d)
			same(t, "the job", value(now.Job(t.Context(), job.ID))(t), job)
			if err := now.AddGrant(t.Context(), d.ID, "bob"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	must(t, b.SetThumbnail(t.Context(), d.ID, dashboard.Picture{Content: []byte{1}}))
}

func testNewerVersion(t *testing.T, b bed) {
	d := b.create(t, "Sales")
	behind(t, b.url, `INSERT INTO dashboard_builder (version, done) SELECT max(version) + 1, 'later' FROM dashboard_builder`)
	_, err := store.Open(t.Context(), b.url, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "newer version") {
		t.Errorf("a database of a newer version: %v", err)
	}
	// What was open goes on.
	same(t, "the dashboard", value(b.Dashboard(t.Context(), d.ID))(t), d)
}

// testBrokenMigration has a migration fail in its middle.
func testBrokenMigration(t *testing.T, b bed) {
	behind(t, b.url, append(older, `CREATE TABLE thumbnails (x BIGINT)`)...)
	for range 2 {
		_, err := store.Open(t.Context(), b.url, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), "004_viewers") {
			t.Fatalf("a migration that fails: %v", err)
		}
	}
	behind(t, b.url, `DROP TABLE thumbnails`)
	b.open(t)
}

// testEmptyTogether has several processes begin with an empty database.
func testEmptyTogether(t *testing.T, url string) {
	var all sync.WaitGroup
	begin := make(chan struct{})
	for range 8 {
		all.Go(func() {
			<-begin
			opened, err := store.Open(t.Context(), url, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Error(err)
				return
			}
			defer opened.Close()
			d := New("Sales")
			err = opened.Create(t.Context(), d, newJob(d.ID, dashboard.Build, ""))
			if err != nil && !errors.Is(err, dashboard.ErrNameTaken) {
				t.Error(err)
			}
		})
	}
	close(begin)
	all.Wait()
	b := bed{url: url}
	b.Store = b.open(t)
	if _, total, err := b.List(t.Context(), dashboard.Query{}); err != nil || total != 1 {
		t.Errorf("%d dashboards of one name (%v)", total, err)
	}
}

// testOthersTables gives it a database that another program uses.
func testOthersTables(t *testing.T, url string) {
	// What ContainDS Dashboards has in the hub's database.
	behind(t, url, `CREATE TABLE dashboards (id INTEGER PRIMARY KEY, name TEXT)`, `INSERT INTO dashboards VALUES (1, 'kept')`)
	_, err := store.Open(t.Context(), url, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "another program") {
		t.Errorf("a database of another program: %v", err)
	}
	behind(t, url, `INSERT INTO dashboards VALUES (2, 'as before')`, `DROP TABLE dashboards`)
	b := bed{url: url}
	b.open(t)
}
