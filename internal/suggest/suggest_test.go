package suggest

import (
	"slices"
	"strings"
	"testing"
)

func TestDidYouMean(t *testing.T) {
	known := []string{"port", "ip", "ready-timeout"}
	for word, want := range map[string]string{
		"prot": "port", "PORT": "port", "ready-timout": "ready-timeout", "reday-tiemout": "ready-timeout",
		"x": "", "": "", "surely-not": "", strings.Repeat("port", 100): "",
	} {
		got := DidYouMean(word, known)
		if (want == "" && got != "") || (want != "" && got != " (did you mean "+want+"?)") {
			t.Errorf("%.10q: got %q", word, got)
		}
	}
}

func TestTheNearestComesFirst(t *testing.T) {
	got := Nearest("restart-limit", []string{"restart-delay", "restart-limits", "restart-limit", "port"})
	if !slices.Equal(got, []string{"restart-limit", "restart-limits"}) {
		t.Errorf("got %q", got)
	}
}

func TestDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"ab", "ba", 1}, {"abc", "abd", 1}, {"kitten", "sitting", 3}} {
		if got := distance(test.a, test.b); got != test.want {
			t.Errorf("%q, %q: got %d, want %d", test.a, test.b, got, test.want)
		}
	}
}

// FuzzDistance looks for a measure that is none.
func FuzzDistance(f *testing.F) {
	f.Add("voila", "viola")
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a) > 200 || len(b) > 200 {
			return
		}
		d := distance(a, b)
		if d != distance(b, a) || (d == 0) != (a == b) || d > max(len(a), len(b)) {
			t.Errorf("from %q to %q it is %d", a, b, d)
		}
	})
}
