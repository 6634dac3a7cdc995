//go:build unix

package git

import (
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/git"
)

// checkAddress says what is wrong with the address of a repository. It returns the
// host, and whether what is sent there is sealed.
func checkAddress(repo string, local bool) (host string, secure bool, err error) {
	const example = "Give one such as https://github.com/voila-dashboards/voila.git."
	if git.Redact(repo) != repo || hasSecret(repo) {
		return "", false, dashboard.InvalidField("source.repo", "There is a user, a password or a token in the address of the repository, which others could see. Give it without; your administrator can give this hub access to private repositories.")
	}
	scheme, host, err := git.Site(repo)
	if err != nil {
		failed := dashboard.InvalidField("source.repo", "This is not the address of a repository. "+example)
		failed.Cause = err
		return "", false, failed
	}
	if scheme == "file" && !local {
		return "", false, dashboard.InvalidField("source.repo", "This is a folder on the hub's own machine, not the address of a repository. "+example)
	}
	return strings.TrimSuffix(host, ":443"), scheme == "https", nil
}

// hasSecret says whether there is a password in an address, or a user where that may
// be a token, also one that a reader of mere text would not take for it, such as a'b.
func hasSecret(repo string) bool {
	at, err := url.Parse(repo)
	if err != nil || at.User == nil {
		return false
	}
	_, hasPassword := at.User.Password()
	return hasPassword || !strings.Contains(at.Scheme, "ssh")
}

// needed are the variables that git gets of the program's own: how remotes are
// reached, and nothing of the hub's.
var needed = []string{
	"PATH", "HOME", "LANG", "TMPDIR", "XDG_CONFIG_HOME", "SSH_AUTH_SOCK",
	"http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE",
}

// tokens are variables with a token that would go to whatever host an owner names.
var tokens = []string{"GIT_TOKEN", "JHSINGLE_REPO_TOKEN"}

// environ is the environment of git.
func environ(given []string, local bool) []string {
	own := given == nil
	if own {
		given = os.Environ()
	}
	allowed := []string{"https", "http", "ssh", "git"}
	if local {
		allowed = append(allowed, "file")
	}
	env := []string{} // nil would be all of the program's own
	for _, entry := range given {
		name, value, _ := strings.Cut(entry, "=")
		switch {
		case slices.Contains(tokens, name):
		case name == "GIT_ALLOW_PROTOCOL":
			narrower := strings.Split(value, ":")
			allowed = slices.DeleteFunc(allowed, func(scheme string) bool { return !slices.Contains(narrower, scheme) })
		case !own, slices.Contains(needed, name), strings.HasPrefix(name, "GIT_"):
			env = append(env, entry)
		}
	}
	return append(env, "GIT_ALLOW_PROTOCOL="+strings.Join(allowed, ":"))
}
