package storetest

import (
	"bytes"
	"errors"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

func testGrants(t *testing.T, b bed) {
	d, other := b.create(t, "one"), b.create(t, "other")
	for _, user := range []string{"bob", "eve", "bob", "Bob", "日本"} {
		must(t, b.AddGrant(t.Context(), d.ID, user))
	}
	must(t, b.AddGrant(t.Context(), other.ID, "zoe"))
	same(t, "the grants", value(b.Grants(t.Context(), d.ID))(t), []string{"Bob", "bob", "eve", "日本"})
	for range 2 {
		must(t, b.RemoveGrant(t.Context(), d.ID, "bob"))
	}
	same(t, "the grants that are left", value(b.Grants(t.Context(), d.ID))(t), []string{"Bob", "eve", "日本"})
	if err := b.AddGrant(t.Context(), "nobody", "bob"); !errors.Is(err, dashboard.ErrNotFound) {
		t.Errorf("a grant of nothing: %v", err)
	}
	if found := value(b.Grants(t.Context(), "nobody"))(t); len(found) > 0 {
		t.Errorf("the grants of nothing are %v", found)
	}
}

func testViewers(t *testing.T, b bed) {
	d, other := b.create(t, "one"), b.create(t, "other")
	want := map[string]dashboard.ViewerServer{
		"bob": {Server: "x-bob", Revision: 1, State: dashboard.Starting, LastUsed: moment},
		"eve": {Server: "x-eve"},
	}
	must(t, b.SetViewer(t.Context(), d.ID, "bob", dashboard.ViewerServer{Server: "before", State: dashboard.Running}))
	for viewer, server := range want {
		must(t, b.SetViewer(t.Context(), d.ID, viewer, server))
	}
	must(t, b.SetViewer(t.Context(), other.ID, "zoe", want["bob"]))
	same(t, "the servers", value(b.Viewers(t.Context(), d.ID))(t), want)
	delete(want, "bob")
	for range 2 {
		must(t, b.RemoveViewer(t.Context(), d.ID, "bob"))
	}
	same(t, "the servers that are left", value(b.Viewers(t.Context(), d.ID))(t), want)
	if err := b.SetViewer(t.Context(), "nobody", "bob", want["eve"]); !errors.Is(err, dashboard.ErrNotFound) {
		t.Errorf("a server of nothing: %v", err)
	}
}

func testThumbnail(t *testing.T, b bed) {
	d := b.create(t, "one")
	if _, err := b.Thumbnail(t.Context(), d.ID); !errors.Is(err, dashboard.ErrNotFound) {
		t.Errorf("a picture that is not there: %v", err)
	}
	mark := func() string { return value(b.Dashboard(t.Context(), d.ID))(t).Thumbnail }
	seen := map[string]bool{"": true}
	for _, picture := range []dashboard.Picture{
		{Type: "image/png", Content: []byte{0, 1, 0xff}},
		{Type: "image/webp", Content: []byte{0, 1, 0xff}},
		{Type: "image/webp", Content: bytes.Repeat([]byte{0, 0xfe}, dashboard.MaxThumbnail/2)},
	} {
		for range 2 {
			must(t, b.SetThumbnail(t.Context(), d.ID, picture))
		}
		same(t, "the picture", value(b.Thumbnail(t.Context(), d.ID))(t), picture)
		if seen[mark()] {
			t.Errorf("the mark %q was that of another picture", mark())
		}
		seen[mark()] = true
	}
	must(t, b.SetThumbnail(t.Context(), d.ID, dashboard.Picture{}))
	if _, err := b.Thumbnail(t.Context(), d.ID); !errors.Is(err, dashboard.ErrNotFound) || mark() != "" {
		t.Errorf("a picture that was taken away: %v, %q", err, mark())
	}
	if err := b.SetThumbnail(t.Context(), "nobody", dashboard.Picture{}); !errors.Is(err, dashboard.ErrNotFound) {
		t.Errorf("a picture of nothing: %v", err)
	}
}
