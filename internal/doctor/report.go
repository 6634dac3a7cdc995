package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/ideonate/jhsingle-native-proxy/auth"
)

// textWidth is where lines of the text report are folded, in characters.
const textWidth = 100

// WriteText writes a report for people: a line or more for each finding, and
// a summary. Colours are for terminals: see Color.
func WriteText(w io.Writer, findings []Finding, color bool) error {
	width := 0
	for _, f := range findings {
		width = max(width, utf8.RuneCountInString(f.Check))
	}
	var out strings.Builder
	count := map[Status]int{}
	for _, f := range findings {
		count[f.Status]++
		// Four columns: the status, the check, and then the words. Nothing
		// that came from outside may steer the terminal.
		status := fmt.Sprintf("%-7s", f.Status)
		if color {
			status = colors[f.Status] + status + "\x1b[0m"
		}
		indent := 7 + 2 + width + 2
		fmt.Fprintf(&out, "%s  %-*s  %s\n", status, width, printable(f.Check), fold(printable(f.Message), textWidth-indent, indent))
		if f.Advice != "" {
			fmt.Fprintf(&out, "%*s%s\n", indent, "", fold("→ "+printable(f.Advice), textWidth-indent, indent+2))
		}
	}
	fmt.Fprintf(&out, "\n%s\n", summary(count))
	_, err := io.WriteString(w, out.String())
	return err
}

var colors = map[Status]string{OK: "\x1b[32m", Warning: "\x1b[33m", Failed: "\x1b[1;31m", Skipped: "\x1b[2m"}

func summary(count map[Status]int) string {
	switch failures, warnings := count[Failed], count[Warning]; {
	case failures == 0 && warnings == 0:
		return "Everything that was looked at is well."
	case failures == 0:
		return fmt.Sprintf("Nothing failed; %s.", plural(warnings, "warning"))
	default:
		return fmt.Sprintf("%s, %s.", plural(failures, "failure"), plural(warnings, "warning"))
	}
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// fold breaks a text into lines of at most width characters, where it has
// spaces; all but the first are indented.
func fold(text string, width, indent int) string {
	var out strings.Builder
	at := 0
	for i, word := range strings.Fields(text) {
		length := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case at+1+length > width:
			out.WriteString("\n" + strings.Repeat(" ", indent))
			at = 0
		default:
			out.WriteByte(' ')
			at++
		}
		out.WriteString(word)
		at += length
	}
	return out.String()
}

// printable shows what could steer a terminal, or be taken for another line,
// as a question mark.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || r == '\r' {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
}

// WriteJSON writes a report for programs.
func WriteJSON(w io.Writer, findings []Finding) error {
	if findings == nil {
		findings = []Finding{} // a list, if an empty one
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		OK       bool      `json:"ok"`
		Findings []Finding `json:"findings"`
	}{!AnyFailed(findings), findings})
}

// Color says whether a file wants colours: it is a terminal that knows them,
// and nobody asked for none (no-color.org).
func Color(file *os.File, lookup auth.Lookup) bool {
	if value, _ := lookup("NO_COLOR"); value != "" {
		return false
	}
	if kind, _ := lookup("TERM"); kind == "" || kind == "dumb" {
		return false
	}
	return term.IsTerminal(int(file.Fd()))
}
