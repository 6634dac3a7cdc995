// Package terminal shows things to people on a terminal, and to those who read
// what went into a file or a pipe instead. What it is given may come from anybody:
// nothing of it steers the terminal.
package terminal

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Lookup finds a variable of the environment.
type Lookup func(name string) (string, bool)

// Screen is where something is shown.
type Screen struct {
	Out io.Writer
	// Columns is how wide it is now; 0 is as wide as it takes, where it is no
	// terminal.
	Columns func() int
	// UTF8 says that it shows more than ASCII, Color that it has colours, and Moves
	// that a line can be written over.
	UTF8, Color, Moves bool
}

// New finds out what a screen can do, by what it is and by the variables that
// people set for it.
func New(out io.Writer, lookup Lookup) Screen {
	get := func(name string) string {
		value, _ := lookup(name)
		return value
	}
	screen := Screen{Out: out, Columns: func() int { return 0 }, UTF8: true}
	file, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) { // #nosec G115 -- a descriptor is small
		return screen // whoever reads it there takes UTF-8
	}
	kind := get("TERM")
	screen.UTF8 = speaksUTF8(get)
	screen.Moves = kind != "" && kind != "dumb"
	screen.Color = screen.Moves && get("NO_COLOR") == "" // no-color.org
	screen.Columns = func() int {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 { // #nosec G115 -- as above
			return width
		}
		return 80
	}
	return screen
}

// IsTerminal says whether it is one.
func (s Screen) IsTerminal() bool { return s.Columns() > 0 }

// speaksUTF8 reads the locale as setlocale(3) does. To a terminal that speaks
// something else, a byte of a letter may be a command (0x9b is ESC [).
func speaksUTF8(get func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale := get(name); locale != "" {
			locale = strings.ToLower(locale)
			return strings.Contains(locale, "utf-8") || strings.Contains(locale, "utf8")
		}
	}
	return false
}

// Color is a colour of text.
type Color string

// The colours, as ECMA-48 writes them.
const (
	Plain  Color = ""
	Bold   Color = "1"
	Faint  Color = "2"
	Red    Color = "31"
	Green  Color = "32"
	Yellow Color = "33"
)

// Paint colours a text that is clean already.
func (s Screen) Paint(color Color, text string) string {
	if !s.Color || color == Plain || text == "" {
		return text
	}
	return "\x1b[" + string(color) + "m" + text + "\x1b[0m"
}
