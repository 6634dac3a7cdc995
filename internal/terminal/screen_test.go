package terminal

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func TestAFileIsNoTerminal(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lookup := func(string) (string, bool) { return "xterm", true }
	for _, screen := range []Screen{New(file, lookup), New(&bytes.Buffer{}, lookup)} {
		if screen.IsTerminal() || screen.Color || screen.Moves || !screen.UTF8 || screen.Paint(Red, "x") != "x" {
			t.Errorf("got %+v", screen)
		}
	}
}

func TestLocales(t *testing.T) {
	for given, want := range map[string]bool{
		"": false, "LANG=C.UTF-8": true, "LANG=en_US.utf8": true, "LANG=C": false, "LANG=de_DE.ISO-8859-1": false,
		"LC_ALL=C LANG=C.UTF-8": false, "LC_CTYPE=C.UTF-8 LANG=C": true, "LC_ALL= LANG=C.UTF-8": true,
	} {
		env := map[string]string{}
		for _, pair := range strings.Fields(given) {
			name, value, _ := strings.Cut(pair, "=")
			env[name] = value
		}
		if got := speaksUTF8(func(name string) string { return env[name] }); got != want {
			t.Errorf("%q: got %v", given, got)
		}
	}
}

// TestTablesFit in whatever there is, as far as something can be left out.
func TestTablesFit(t *testing.T) {
	columns := []Column{{Title: "NAME", Least: 6}, {Title: "N", Right: true, Rank: 2}, {Title: "WHERE", Least: 5, Rank: 1}}
	rows := [][]Cell{{{Text: "a name of some length"}, {Text: "12"}, {Text: "somewhere else", Color: Red}}, {{Text: "b"}, {Text: "7"}, {Text: ""}}}
	for width := range 60 {
		var out bytes.Buffer
		screen := Screen{Out: &out, UTF8: true, Columns: func() int { return width }}
		if err := screen.Table(columns, rows); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			line = strings.TrimSuffix(line, "\n")
			if width >= 6 && Width(line) > width || line != strings.TrimRight(line, " ") {
				t.Errorf("%d: %q", width, line)
			}
		}
		if strings.Count(out.String(), "\n") != 3 {
			t.Errorf("%d: got %q", width, out.String())
		}
	}
	var out bytes.Buffer
	if err := (Screen{Out: &out, UTF8: true, Columns: func() int { return 24 }}).Table(columns, rows); err != nil {
		t.Fatal(err)
	}
	want := "NAME        N  WHERE\na name o…  12  somewher…\nb           7\n"
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestBarLineByLine(t *testing.T) {
	var out bytes.Buffer
	bar := NewBar(Screen{Out: &out, UTF8: true, Columns: func() int { return 0 }})
	for percent := -1; percent <= 120; percent++ {
		bar.Show("Cloning", percent, time.Second)
	}
	bar.Show("Laun\x1b[Aching", -1, time.Second)
	bar.Log("a line\r")
	bar.Clear()
	want := "Cloning\nCloning (25 %)\nCloning (50 %)\nCloning (75 %)\nCloning (100 %)\nLaunching\na line \n"
	if got := out.String(); got != want {
		t.Errorf("got %q", got)
	}
}

func TestBarOnATerminal(t *testing.T) {
	for columns := range 100 {
		for _, utf8 := range []bool{true, false} {
			var out bytes.Buffer
			bar := NewBar(Screen{Out: &out, UTF8: utf8, Moves: true, Columns: func() int { return columns }})
			bar.Show("Cloning the 天気 of somebody's server, which takes a while", 33, 83*time.Second)
			bar.Clear()
			drawn, ok := strings.CutPrefix(out.String(), "\r\x1b[K")
			drawn, cleared := strings.CutSuffix(drawn, "\r\x1b[K")
			if !ok || !cleared || columns > 8 && Width(drawn) > columns-1 || !strings.HasSuffix(drawn, " 1:23") {
				t.Errorf("%d: got %q", columns, out.String())
			}
		}
	}
	var out bytes.Buffer
	bar := NewBar(Screen{Out: &out, Moves: true, Columns: func() int { return 60 }})
	bar.Show("Cloning", 50, 0)
	bar.Log("a line")
	if want := "\r\x1b[K" + fmt.Sprintf("%s%s  50 %% Cloning 0:00", strings.Repeat("#", 10), strings.Repeat("-", 10)) + "\r\x1b[Ka line\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
