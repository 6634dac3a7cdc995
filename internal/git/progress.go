package git

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxTitle bounds a title, which the remote chooses.
const maxTitle = 60

// escape is a terminal's escape sequence, such as the one with which a remote's
// lines end.
var escape = regexp.MustCompile("\x1b(?:\\[[0-9;?]*[A-Za-z]?|[^\\[]?)")

// clean makes a line of git's fit for a page and a log.
func clean(line []byte) string {
	text := strings.ToValidUTF8(escape.ReplaceAllString(string(line), ""), "\uFFFD")
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, text)
	return strings.TrimSpace(text)
}

// parseProgress understands what git (progress.c) and git-lfs say while they
// work: "Receiving objects:  45% (9/20), 1.2 MiB | 3 MiB/s", "Enumerating
// objects: 5, done.", both also behind "remote: ". The percentage is -1 where
// there is none.
func parseProgress(line string) (title string, percent int, ok bool) {
	line = strings.TrimSpace(strings.TrimPrefix(line, "remote:"))
	title, rest, found := strings.Cut(line, ": ")
	title = strings.TrimSpace(title)
	if !found || title == "" || utf8.RuneCountInString(title) > maxTitle {
		return "", 0, false
	}
	// A phase is words that begin with a capital: "fatal: 5" is none.
	if first, _ := utf8.DecodeRuneInString(title); !unicode.IsUpper(first) || strings.ContainsAny(title, "'\"/:") {
		return "", 0, false
	}
	rest = strings.TrimSpace(rest)
	number, rest := digits(rest)
	if number == "" {
		return "", 0, false
	}
	after, isPercent := strings.CutPrefix(rest, "%")
	if isPercent {
		value := 0
		for _, digit := range number {
			value = min(value*10+int(digit-'0'), 100)
		}
		if after != "" && !strings.HasPrefix(after, " (") && !strings.HasPrefix(after, ",") {
			return "", 0, false
		}
		return title, value, true
	}
	if rest == "" || strings.HasPrefix(rest, ",") {
		return title, -1, true
	}
	return "", 0, false
}

func digits(text string) (number, rest string) {
	end := 0
	for end < len(text) && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	return text[:end], text[end:]
}

// meter tells how far a step is, whenever it has moved. What comes fast is told as
// well, as nobody knows whether more will come: a bar must not stand still before
// where the step does. It is used by one goroutine at a time: git runs one command
// after the other.
type meter struct {
	tell    func(title string, percent int)
	title   string
	percent int
}

func (m *meter) report(title string, percent int) {
	if m.tell == nil || title == m.title && percent == m.percent {
		return
	}
	m.title, m.percent = title, percent
	m.tell(title, percent)
}
