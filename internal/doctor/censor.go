package doctor

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// shortestSecret is the length from which a value is searched for in texts:
// a shorter one would tear holes into words, and is no secret.
const shortestSecret = 6

// censor takes secrets out of texts. The checks leave them out by themselves;
// this is for what they pass on of others' words, such as an error by git.
type censor struct{ secrets []string }

// newCensor learns the secrets of an environment: the values of variables by
// whose name one is to be expected.
func newCensor(environ []string) censor {
	var c censor
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if !secretName.MatchString(name) || len(value) < shortestSecret {
			continue
		}
		// In an address it stands escaped.
		for _, form := range []string{value, strings.TrimSpace(value), url.QueryEscape(value), url.PathEscape(value)} {
			if len(form) >= shortestSecret && !slices.Contains(c.secrets, form) {
				c.secrets = append(c.secrets, form)
			}
		}
	}
	// The longest first, so that none leaves a part of another.
	slices.SortFunc(c.secrets, func(a, b string) int { return len(b) - len(a) })
	return c
}

var (
	secretName = regexp.MustCompile(`(?i)(TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|(API|ACCESS|PRIVATE|IDENTITY|CRYPT)_?KEY)`)
	userinfo   = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)[^/@\s"']*@`)
	parameter  = regexp.MustCompile(`(?i)([?&](?:token|access_token|private_token|client_secret|code)=)[^&#\s"']+`)
)

const hidden = "[hidden]"

func (c censor) text(text string) string {
	for _, secret := range c.secrets {
		text = strings.ReplaceAll(text, secret, hidden)
	}
	text = userinfo.ReplaceAllString(text, "${1}"+hidden+"@")
	return parameter.ReplaceAllString(text, "${1}"+hidden)
}
