package storetest

import (
	"testing"
	"time"
)

func testLeader(t *testing.T, b bed) {
	other := b.open(t)
	lead := func(worker string, lasting time.Duration) bool {
		return value(other.Lead(t.Context(), worker, lasting))(t)
	}
	for range 2 { // the second time, it renews that
		if !value(b.Lead(t.Context(), "first", time.Hour))(t) {
			t.Fatal("the first does not lead")
		}
	}
	if lead("second", time.Hour) {
		t.Fatal("two lead at once")
	}
	must(t, other.Resign(t.Context(), "second"))
	if lead("second", time.Hour) {
		t.Fatal("who does not lead can resign for who does")
	}
	must(t, b.Resign(t.Context(), "first"))
	if !lead("second", time.Hour) || value(b.Lead(t.Context(), "first", time.Hour))(t) {
		t.Fatal("after the first resigned, the second does not lead")
	}

	// Its time passes, by nobody's doing.
	const lasting = 200 * time.Millisecond
	began := time.Now()
	if !lead("second", lasting) {
		t.Fatal("the second cannot lead for a shorter time")
	}
	for !value(b.Lead(t.Context(), "first", time.Hour))(t) {
		if time.Since(began) > 30*time.Second {
			t.Fatal("the second leads for ever")
		}
	}
	if took := time.Since(began); took < lasting-10*time.Millisecond {
		t.Errorf("the first led after %s already", took)
	}
	if lead("second", time.Hour) {
		t.Error("both lead")
	}
}
