package store_test

import (
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/store"
	"github.com/ideonate/jhsingle-native-proxy/internal/store/storetest"
)

func TestSQLite(t *testing.T) { storetest.Run(t, emptyFile) }

func TestSecuritySQLite(t *testing.T) { storetest.Security(t, emptyFile) }

func emptyFile(t *testing.T) string { return filepath.Join(t.TempDir(), "dashboards.sqlite") }

func BenchmarkList(b *testing.B) {
	opened, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "dashboards.sqlite"), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer opened.Close()
	storetest.Benchmark(b, opened)
}
