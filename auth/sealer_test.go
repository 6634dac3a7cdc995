package auth

import (
	"strings"
	"testing"
	"time"
)

func TestSecuritySealedValues(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	s, err := newSealer("a token", func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	sealed := s.seal("login", "the user's token")
	if strings.Contains(sealed, "token") {
		t.Error("the value can be read")
	}
	if got, err := s.open("login", sealed, time.Hour); err != nil || got != "the user's token" {
		t.Fatalf("got %q, %v", got, err)
	}
	if again := s.seal("login", "the user's token"); again == sealed {
		t.Error("the same value is sealed the same way twice")
	}
	if _, err := s.open("state", sealed, time.Hour); err == nil {
		t.Error("a value of one cookie was taken from another")
	}
	for i := range len(sealed) {
		changed := []byte(sealed)
		changed[i] = 'A' + (changed[i]-'A'+1)%26
		if _, err := s.open("login", string(changed), time.Hour); err == nil && string(changed) != sealed {
			t.Fatalf("a change at %d was not seen", i)
		}
	}
	for _, bad := range []string{"", "x", "====", sealed[:10], sealed + "A"} {
		if _, err := s.open("login", bad, time.Hour); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	now = now.Add(2 * time.Hour)
	if _, err := s.open("login", sealed, time.Hour); err == nil {
		t.Error("an old value was taken")
	}
	other, err := newSealer("another token", func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.open("login", sealed, 24*time.Hour); err == nil {
		t.Error("a value of another server was taken")
	}
}

func FuzzSealed(f *testing.F) {
	s, err := newSealer("a token", time.Now)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, value string) {
		if _, err := s.open("login", value, time.Hour); err == nil {
			t.Errorf("%q was taken for ours", value)
		}
	})
}
