package terminal

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var (
	modern = Screen{UTF8: true, Columns: func() int { return 0 }}
	old    = Screen{Columns: func() int { return 0 }}
)

// TestSecurityTextSteersNothing by what a terminal would take for a command.
func TestSecurityTextSteersNothing(t *testing.T) {
	for given, want := range map[string][2]string{
		"plain":                             {"plain", "plain"},
		"\x1b[31mred\x1b[0m":                {"red", "red"},
		"\u009b31mred":                      {"red", "red"},
		"\x1b]0;title\x07x":                 {"x", "x"},
		"\x1b]8;;http://e/\x1b\\x":          {"x", "x"},
		"\x1bPq#0\x1b\\x":                   {"x", "x"},
		"\x1b(0x\x1b7":                      {"x", "x"},
		"a\x1b天b":                           {"a\uFFFD天b", "a??b"},
		"\x1b":                              {"\uFFFD", "?"},
		"a\nb\r\nc\td":                      {"a b  c d", "a b  c d"},
		"a\x00b\x7f":                        {"a\uFFFDb\uFFFD", "a?b?"},
		"\u202eabc\u2066":                   {"\uFFFDabc\uFFFD", "?abc?"},
		"a\u2028b\u2029c":                   {"a b c", "a b c"},
		"bad \xff\xc3 utf":                  {"bad \uFFFD utf", "bad ? utf"},
		"Ärger, naïve":                      {"Ärger, naïve", "Arger, naive"},
		"“x” – y… 天":                        {"“x” – y… 天", `"x" - y... ?`},
		"family \U0001F468\u200d\U0001F469": {"family \U0001F468\u200d\U0001F469", "family ???"},
		"\uE000\ufeff":                      {"\uFFFD\uFFFD", "??"},
	} {
		if got := modern.Text(given); got != want[0] {
			t.Errorf("%q: got %q, want %q", given, got, want[0])
		}
		if got := old.Text(given); got != want[1] {
			t.Errorf("%q in ASCII: got %q, want %q", given, got, want[1])
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("\x1b[31mred\u009b0m \x1b]0;x\x07 天\u202e \xff")
	f.Fuzz(func(t *testing.T, given string) {
		text := modern.Text(given)
		for _, r := range text {
			if r < ' ' || r >= 0x7f && r < 0xa0 || unseen(r) {
				t.Errorf("%q becomes %q", given, text)
			}
		}
		if !utf8.ValidString(text) || modern.Text(text) != text {
			t.Errorf("%q becomes %q, and then %q", given, text, modern.Text(text))
		}
		for _, r := range old.Text(given) {
			if r < ' ' || r >= 0x7f {
				t.Errorf("%q becomes %q", given, old.Text(given))
			}
		}
		for _, columns := range []int{0, 1, 2, 3, 7, 20} {
			if cut := modern.Cut(text, columns); Width(cut) > columns {
				t.Errorf("%q cut to %d is %q", text, columns, cut)
			}
			if cut := old.Cut(old.Text(given), columns); Width(cut) > columns {
				t.Errorf("%q cut to %d is %q", given, columns, cut)
			}
		}
	})
}

// FuzzJSON looks for JSON that means something else, or that is not for eyes.
func FuzzJSON(f *testing.F) {
	f.Add("a\u009b天\U0001F600\u202e\x7f\x1b \\ \" \xff")
	f.Fuzz(func(t *testing.T, text string) {
		written, err := json.MarshalIndent(map[string]string{text: text}, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		var want map[string]string
		if err := json.Unmarshal(written, &want); err != nil {
			t.Fatal(err)
		}
		for _, screen := range []Screen{modern, old} {
			shown := screen.JSON(string(written))
			var got map[string]string
			if err := json.Unmarshal([]byte(shown), &got); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%q: got %q, %v", written, shown, err)
			}
			for _, r := range shown {
				if r != '\n' && (r < ' ' || unseen(r)) || !screen.UTF8 && r >= utf8.RuneSelf {
					t.Errorf("%q: got %q", written, shown)
				}
			}
		}
	})
}

func TestWidthAndCut(t *testing.T) {
	for text, want := range map[string]int{"": 0, "abc": 3, "天気": 4, "é": 1, "e\u0301": 1, "ｗ": 2} {
		if got := Width(text); got != want {
			t.Errorf("%q: got %d", text, got)
		}
	}
	for _, test := range []struct {
		text string
		size int
		want string
	}{{"abcdef", 6, "abcdef"}, {"abcdef", 5, "abcd…"}, {"abc def", 5, "abc…"}, {"天気予報", 6, "天気…"}, {"abc", 1, "…"}, {"abc", 0, ""}, {"abc", -1, ""}} {
		if got := modern.Cut(test.text, test.size); got != test.want {
			t.Errorf("%q to %d: got %q", test.text, test.size, got)
		}
	}
	if got := old.Cut("abcdef", 5); got != "ab..." {
		t.Errorf("got %q", got)
	}
	if got := old.Cut("abcdef", 2); got != ".." {
		t.Errorf("got %q", got)
	}
}

func TestFold(t *testing.T) {
	for _, test := range []struct {
		text string
		size int
		want string
	}{{"a b c", 0, "a b c"}, {"aa bb cc", 5, "aa bb|cc"}, {"aaaaaaa b", 3, "aaaaaaa|b"}, {"天気 予報", 5, "天気|予報"}, {"", 5, ""}} {
		if got := strings.Join(Fold(test.text, test.size), "|"); got != test.want {
			t.Errorf("%q: got %q", test.text, got)
		}
	}
}

func TestAgo(t *testing.T) {
	now := time.Date(2025, 3, 14, 15, 9, 26, 0, time.UTC)
	for passed, want := range map[time.Duration]string{
		0: "just now", 59 * time.Second: "just now", -4 * time.Minute: "just now", -time.Hour: "2025-03-14 16:09",
		time.Minute: "1 min ago", 59 * time.Minute: "59 min ago", time.Hour: "1 h ago", 23 * time.Hour: "23 h ago",
		24 * time.Hour: "1 day ago", 48 * time.Hour: "2 days ago", 30 * 24 * time.Hour: "30 days ago", 31 * 24 * time.Hour: "2025-02-11",
	} {
		if got := Ago(now.Add(-passed), now); got != want {
			t.Errorf("%s: got %q, want %q", passed, got, want)
		}
	}
	if got := Ago(time.Time{}, now); got != "never" {
		t.Errorf("got %q", got)
	}
}

func TestBytes(t *testing.T) {
	for size, want := range map[int64]string{-1: "0 B", 0: "0 B", 999: "999 B", 1000: "1 kB", 1234567: "1.23 MB", 999_900: "1 MB", 5e9: "5 GB", 1 << 62: "4.61 EB"} {
		if got := Bytes(size); got != want {
			t.Errorf("%d: got %q, want %q", size, got, want)
		}
	}
}
