//go:build e2e

package store

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/store"
	"github.com/ideonate/jhsingle-native-proxy/internal/store/storetest"
)

func TestPostgres(t *testing.T) { storetest.Run(t, empty) }

func TestSecurityPostgres(t *testing.T) { storetest.Security(t, empty) }

func BenchmarkPostgresList(b *testing.B) {
	storetest.Benchmark(b, open(b, shared.url(shared.create(b))))
}

func empty(t *testing.T) string { return shared.url(shared.create(t)) }

func open(t testing.TB, url string) *store.Store {
	t.Helper()
	opened, err := store.Open(context.Background(), url, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { opened.Close() })
	return opened
}

// keep adds a dashboard of some name.
func keep(t *testing.T, s *store.Store) (dashboard.Dashboard, error) {
	d := storetest.New(dashboard.NewID())
	return d, s.Create(t.Context(), d, dashboard.Job{ID: dashboard.NewID(), Kind: dashboard.Build})
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	shared.execute(t, "postgres", `CREATE DATABASE latin ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0`,
		`CREATE ROLE guest LOGIN PASSWORD 'guest'`)
	_, ours, _ := strings.Cut(empty(t), "@")
	guest := "postgres://guest:guest@" + ours
	for url, want := range map[string]string{
		shared.url("latin"):                    "UTF8",
		shared.url("none"):                     `database "none" does not exist`,
		guest:                                  "permission denied for schema public",
		shared.url("postgres") + "&port=1":     "failed to connect",
		shared.url("postgres") + "&odd_name=1": "odd_name",
		shared.url("postgres") + "&options=-c%20default_transaction_read_only%3Don": "read-only",
		"postgres://ada@/postgres?host=" + shared.folder:                            "password",
	} {
		opened, err := store.Open(t.Context(), url, slog.New(slog.DiscardHandler))
		if err == nil {
			opened.Close()
			t.Errorf("%s can be opened", url)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want something with %q", url, err, want)
		}
	}
}

// TestOwnSchema keeps dashboards besides the tables of another program.
func TestOwnSchema(t *testing.T) {
	name := shared.create(t)
	shared.execute(t, name, `CREATE TABLE dashboards (id INTEGER)`, `CREATE SCHEMA ours`)
	s := open(t, shared.url(name)+"&search_path=ours")
	if _, err := keep(t, s); err != nil {
		t.Fatal(err)
	}
	shared.execute(t, name, `INSERT INTO public.dashboards VALUES (1)`)
}

func TestSecurityPasswordIsNotShown(t *testing.T) {
	var logged bytes.Buffer
	log := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	url := empty(t)
	s, err := store.Open(t.Context(), url, log)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	said := []string{fmt.Sprint(s.Backup(t.Context(), "/nowhere"))}
	for _, url := range []string{
		shared.url("none"), shared.url("postgres") + "&port=1", shared.url("postgres") + "&odd_name=1",
		strings.Replace(url, "ada:", "eve:", 1), strings.Replace(url, "ada:", "ada:x", 1),
	} {
		_, err := store.Open(t.Context(), url, log)
		if err == nil {
			t.Fatalf("%s can be opened", url)
		}
		said = append(said, fmt.Sprintf("%v %+v %#v", err, err, err))
	}
	for _, text := range append(said, logged.String()) {
		for _, part := range []string{"s3cret", "p@ss", "p%40ss", "w?r", "w%3Fr"} {
			if strings.Contains(text, part) {
				t.Errorf("it is shown: %s", text)
			}
		}
	}
	if !strings.Contains(logged.String(), "001_dashboards") || !strings.Contains(said[0], "pg_dump") {
		t.Errorf("what should be said is not: %s, %s", logged.String(), said[0])
	}
}

// TestOutage takes the server away and brings it back: the store says so, and goes
// on by itself.
func TestOutage(t *testing.T) {
	own, err := newServer()
	if own != nil {
		defer func() {
			if err := own.remove(); err != nil {
				t.Error(err)
			}
		}()
	}
	if err == nil {
		err = own.start()
	}
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, own.url(own.create(t)))
	d, err := keep(t, s)
	if err != nil {
		t.Fatal(err)
	}
	inside := func(*dashboard.Dashboard) error {
		own.stop() // within a transaction
		return nil
	}
	if _, err := s.Update(t.Context(), d.ID, inside); dashboard.KindOf(err) != dashboard.Unavailable {
		t.Errorf("in mid-transaction: %v", err)
	}
	for what, err := range map[string]error{
		"ping":  s.Ping(t.Context()),
		"write": s.AddGrant(t.Context(), d.ID, "bob"),
		"read":  func() error { _, err := s.Dashboard(t.Context(), d.ID); return err }(),
	} {
		if dashboard.KindOf(err) != dashboard.Unavailable {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := store.Open(t.Context(), own.url("test_1"), slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "failed to connect") {
		t.Errorf("opening: %v", err)
	}
	if err := own.start(); err != nil {
		t.Fatal(err)
	}
	if err := s.AddGrant(t.Context(), d.ID, "bob"); err != nil {
		t.Errorf("after it came back: %v", err)
	}
	if got, err := s.Dashboard(t.Context(), d.ID); err != nil || got.Name != d.Name {
		t.Errorf("after it came back: %+v (%v)", got, err)
	}
}

// TestConnectionsEnd has an administrator end the store's connections again and
// again while it works: each call is done or not, and says which.
func TestConnectionsEnd(t *testing.T) {
	name := shared.create(t)
	s := open(t, shared.url(name))
	kept, failed := map[string]bool{}, 0
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range 50 {
			shared.execute(t, "postgres", `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '`+name+`'`)
		}
	}()
	for working := true; working; {
		select {
		case <-ended:
			working = false
		default:
		}
		d, err := keep(t, s)
		switch {
		case err == nil:
			kept[d.ID] = true
		case dashboard.KindOf(err) == dashboard.Unavailable:
			failed++
		default:
			t.Errorf("%v: %#v", err, err)
		}
	}
	for id := range kept {
		if _, err := s.Dashboard(t.Context(), id); err != nil {
			t.Errorf("what was kept: %v", err)
		}
	}
	if len(kept) == 0 || failed == 0 {
		t.Errorf("%d were kept and %d were not: want some of both", len(kept), failed)
	}
}
