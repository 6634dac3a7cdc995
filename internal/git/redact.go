package git

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// mask stands where a credential was.
const mask = "***"

var (
	// userinfo is what is between :// and the @ of the host.
	userinfo = regexp.MustCompile(`(://|(?i:%3A%2F%2F|:%2F%2F))[^/\s'"<>]*(@|(?i:%40))`)
	// loose is a password with a slash that nobody encoded: a colon that no port
	// follows shows it.
	loose = regexp.MustCompile(`(://)[^\s/:@\[]*:[^\s/@]*[^\s/@0-9][^\s]*@`)
	// sshUser is the user of an ssh address, who is no secret.
	sshUser = regexp.MustCompile(`^((?i)(?:git\+)?ssh(?:\+git)?://)[A-Za-z0-9._-]+@`)
	// header is what curl shows of a request.
	header = regexp.MustCompile(`(?i)((?:proxy-)?authorization\s*[:=]\s*)[^\r\n'"]+`)
	// query is a secret as a parameter.
	query = regexp.MustCompile(`(?i)([?&][a-z0-9_.-]*(?:token|secret|password|passwd|signature|api_?key|access_?key)[a-z0-9_.-]*=)[^&\s'"#]+`)
	// known are tokens that show by their looks what they are.
	known = regexp.MustCompile(`\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|gl[a-z]{2,6}-[A-Za-z0-9_-]{20,}|ATB[A-Za-z0-9_-]{20,}|xox[a-z]-[A-Za-z0-9-]{10,})`)
	// address-like parts are looked at one by one, for their scheme.
	addressLike = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*(?:://|(?i:%3A%2F%2F|:%2F%2F))\S*`)
)

// Redact takes the credentials out of a text with URLs: user and password, also
// percent-encoded ones, headers, parameters and tokens of known looks.
func Redact(text string) string {
	text = addressLike.ReplaceAllStringFunc(text, func(found string) string {
		if user := sshUser.FindString(found); user != "" {
			return user + redactAddress(found[len(user):])
		}
		return redactAddress(found)
	})
	text = header.ReplaceAllString(text, "${1}"+mask)
	text = query.ReplaceAllString(text, "${1}"+mask)
	return known.ReplaceAllString(text, mask)
}

func redactAddress(text string) string {
	text = loose.ReplaceAllString(text, "${1}"+mask+"@")
	return userinfo.ReplaceAllString(text, "${1}"+mask+"${2}")
}

// redactor takes out certain secrets, however they are written, and whatever
// Redact knows.
type redactor struct{ replace *strings.Replacer }

func newRedactor(secrets ...string) redactor {
	var forms []string
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		forms = append(forms, secret, url.QueryEscape(secret), url.PathEscape(secret),
			url.UserPassword("", secret).String()[1:], strings.ToLower(url.QueryEscape(secret)))
	}
	// The longest first: one form may be the beginning of another.
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	pairs := make([]string, 0, 2*len(forms))
	for _, form := range slices.Compact(forms) {
		pairs = append(pairs, form, mask)
	}
	return redactor{strings.NewReplacer(pairs...)}
}

func (r redactor) redact(text string) string { return Redact(r.replace.Replace(text)) }
