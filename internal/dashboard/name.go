package dashboard

import (
	"crypto/rand"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Bounds of what people write, in characters.
const (
	MaxName        = 100
	MaxDescription = 2000
	MaxPath        = 1000
	MaxArguments   = 50
	MaxArgument    = 1000
	MaxShared      = 500 // users and groups each
)

// maxServerName is JupyterHub 6's bound of new named servers (slugs.py). Older
// hubs take more.
const maxServerName = 30

// idLength is enough for nobody to meet one by chance, or by guessing: 60 bits.
const idLength = 12

// letters are those of identifiers: fit for file names, image tags and the ends
// of server names, and no two are easily taken for another.
const letters = "abcdefghijkmnpqrstuvwxyz23456789"

// NewID makes an identifier: lower-case letters and digits, the first a letter.
func NewID() string {
	raw := make([]byte, idLength)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	for i, b := range raw {
		raw[i] = letters[b%byte(len(letters))]
	}
	if raw[0] <= '9' {
		raw[0] = letters[raw[0]-'2'] // a letter, and which one is still by chance
	}
	return string(raw)
}

// idForm is what NewID makes.
var idForm = regexp.MustCompile(`^[a-z][a-z0-9]{11}$`)

// IsID says whether a text has the form of an identifier.
func IsID(text string) bool { return idForm.MatchString(text) }

// DefaultServerTemplate is how servers are named where the operator says
// nothing else.
const DefaultServerTemplate = "dashboard-{name}-{id}"

// CheckServerTemplate says what is wrong with an operator's template. Its
// {id} is what keeps two names apart.
func CheckServerTemplate(template string) error {
	if !strings.Contains(template, "{id}") {
		return fmt.Errorf("the server name template %q has no {id}, so two dashboards could get the same server", template)
	}
	rest := strings.NewReplacer("{id}", "x", "{name}", "x", "{owner}", "x").Replace(template)
	if strings.ContainsAny(rest, "{}") {
		return fmt.Errorf("the server name template %q has a placeholder that is none of {id}, {name} and {owner}", template)
	}
	if ServerPrefix(template) == "" {
		return fmt.Errorf("the server name template %q begins with a placeholder, but has to begin with letters by which the servers of dashboards are known", template)
	}
	if !serverForm.MatchString(rest) || strings.Contains(rest, "--") || len(rest) > maxServerName-10 {
		return fmt.Errorf("the server name template %q does not make names of small letters, digits and single hyphens that begin with a letter and have at most %d characters", template, maxServerName)
	}
	return nil
}

// ServerPrefix is what the names by a template begin with, such as "dashboard-":
// by it the servers of dashboards are told from others.
func ServerPrefix(template string) string {
	prefix, _, _ := strings.Cut(template, "{")
	return prefix
}

var serverForm = regexp.MustCompile(`^[a-z](?:[a-z0-9-]*[a-z0-9])?$`)

// ServerName makes a named server's name by a template that is checked, of 1 to 30
// small letters, digits and single hyphens, which is what JupyterHub 6 takes
// (slugs.py, handlers/base.py: _check_named_server_request). The {id} is a
// part of the dashboard's; what people wrote is cut where there is no room.
func ServerName(template, id, name, owner string) string {
	const idPart = 6
	fill := func(room int) string {
		cut := func(text string) string {
			text = slug(text)
			return strings.Trim(text[:min(len(text), max(room, 0))], "-")
		}
		made := strings.NewReplacer("{id}", id[:min(idPart, len(id))], "{name}", cut(name), "{owner}", cut(owner)).Replace(template)
		return strings.Trim(hyphens.ReplaceAllString(made, "-"), "-")
	}
	for room := maxServerName; room > 0; room-- {
		if made := fill(room); len(made) <= maxServerName {
			return made
		}
	}
	return fill(0)
}

var hyphens = regexp.MustCompile(`-+`)

// slug makes what people write fit for an address: letters lose their accents,
// and all that is not a small ASCII letter or digit becomes a hyphen.
func slug(text string) string {
	var made strings.Builder
	for _, c := range norm.NFKD.String(cases.Fold().String(text)) {
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			made.WriteRune(c)
		case unicode.Is(unicode.Mn, c): // an accent
		default:
			made.WriteByte('-')
		}
	}
	return strings.Trim(hyphens.ReplaceAllString(made.String(), "-"), "-")
}

// Slug is a name made fit for a file's name or an address; it may be empty.
func Slug(name string) string { return slug(name) }

// FoldName is a text for comparing and searching: two that look the same, or
// differ in the case of letters only, are the same. Small letters alone would not
// do: ß is written SS in capitals, and Σ is σ or ς (Unicode: case folding).
func FoldName(name string) string {
	folded := norm.NFKC.String(cases.Fold().String(norm.NFKC.String(name)))
	return strings.Join(strings.Fields(folded), " ")
}

// CleanText takes off what nobody sees, and says what is wrong with the rest.
func CleanText(field, label, text string, limit int, lines bool) (string, error) {
	if !utf8.ValidString(text) {
		return "", InvalidField(field, "The %s is not valid UTF-8 text.", label)
	}
	text = strings.TrimSpace(norm.NFC.String(strings.ReplaceAll(text, "\r\n", "\n")))
	for _, c := range text {
		if c == '\n' && lines || c == '\t' && lines {
			continue
		}
		// Those that turn the direction of text round could make one name look
		// like another (Unicode TR 36).
		if unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) || c == '\u2028' || c == '\u2029' || c == utf8.RuneError {
			return "", InvalidField(field, "The %s has the character %U in it, which cannot be shown. Write it without.", label, c)
		}
	}
	if n := utf8.RuneCountInString(text); n > limit {
		return "", InvalidField(field, "The %s has %d characters. Write at most %d.", label, n, limit)
	}
	return text, nil
}
