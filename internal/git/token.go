package git

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"unicode"

	"github.com/ideonate/jhsingle-native-proxy/internal/environment"
)

// maxToken is far above the longest token that any host gives out.
const maxToken = 64 << 10

// defaultUser goes with a token when the URL names no user. GitHub wants this
// one for tokens of its apps, and all hosts take any for personal tokens.
const defaultUser = "x-access-token"

// Names of the variables that a token can come in.
const (
	tokenVariable      = "JHSINGLE_REPO_TOKEN" // #nosec G101 -- a name
	plainTokenVariable = "GIT_TOKEN"           // #nosec G101 -- a name
)

// credential is a user and a password for one site.
type credential struct{ user, password string }

// findCredential looks in the token file, the environment and the URL, in this
// order; GIT_TOKEN, which may be meant for other things, comes last.
func findCredential(s Source, at address, log *slog.Logger) (credential, error) {
	found := credential{user: at.user}
	switch {
	case at.scheme != "https" && at.scheme != "http":
		return credential{}, nil // ssh has keys, and the others nothing
	case s.TokenFile != "":
		token, err := readToken(s.TokenFile, log)
		if err != nil {
			return credential{}, err
		}
		found.password = token
	case environment.Get(s.environ(), tokenVariable) != "":
		found.password = environment.Get(s.environ(), tokenVariable)
	case at.password != "":
		found.password = at.password
	case environment.Get(s.environ(), plainTokenVariable) != "":
		found.password = environment.Get(s.environ(), plainTokenVariable)
	case known.MatchString(at.user):
		// https://TOKEN@host is how many write it: the hosts take a token as a
		// user with this password.
		found.password = "x-oauth-basic"
	}
	found.password = strings.TrimSpace(found.password)
	if strings.ContainsFunc(found.password, unicode.IsControl) {
		return credential{}, errors.New("the token for the repository has control characters or several lines, so it is none")
	}
	if found.password != "" && found.user == "" {
		found.user = defaultUser
	}
	return found, nil
}

// readToken reads a token's file. Kubernetes renews such files by links, so
// they are followed.
func readToken(name string, log *slog.Logger) (string, error) {
	advice := "it should hold nothing but the token"
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("the token file %s for the repository is not there", name)
	case err != nil:
		return "", fmt.Errorf("the token file for the repository cannot be read: %w", err)
	case !info.Mode().IsRegular(): // a pipe would let us wait
		return "", fmt.Errorf("the token file %s for the repository is not a file: %s", name, advice)
	}
	if info.Mode().Perm()&0o004 != 0 {
		log.Warn("others can read the token for the repository: take that right away (chmod o-r)", "file", name)
	}
	file, err := os.Open(name) // #nosec G304 -- named by whoever starts us
	if err != nil {
		return "", fmt.Errorf("the token file for the repository cannot be read: %w", err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxToken+1))
	if err != nil {
		return "", fmt.Errorf("the token file for the repository cannot be read: %w", err)
	}
	token := strings.TrimSpace(string(content))
	switch {
	case token == "":
		return "", fmt.Errorf("the token file %s for the repository is empty: %s", name, advice)
	case len(content) > maxToken:
		return "", fmt.Errorf("the token file %s for the repository is larger than %d bytes: %s", name, maxToken, advice)
	}
	return token, nil
}

// helper is a credential helper that answers with what is in its environment.
// Only the words below are ever on a command line.
const helper = `!f() { test "$1" = get || exit 0; printf 'username=%s\npassword=%s\n' "$JHSINGLE_GIT_USER" "$JHSINGLE_GIT_PASSWORD"; }; f`

// config is what git needs to ask for the credential: only for the site, so
// that neither a redirect nor a submodule elsewhere gets it. The empty helper
// takes away those configured, which would be told to store it. A user without
// a password is a hint for those.
func (c credential) config(site string) [][2]string {
	switch {
	case c.password != "":
		return [][2]string{
			{"credential." + site + ".helper", ""},
			{"credential." + site + ".helper", helper},
		}
	case c.user != "":
		return [][2]string{{"credential." + site + ".username", c.user}}
	}
	return nil
}

// env is what the helper answers.
func (c credential) env() []string {
	if c.password == "" {
		return nil
	}
	return []string{"JHSINGLE_GIT_USER=" + c.user, "JHSINGLE_GIT_PASSWORD=" + c.password}
}

// secrets are the parts of it that nobody may read. A password of a few letters
// is part of too many words, and is only taken out of URLs.
func (c credential) secrets() []string {
	var secrets []string
	if len(c.password) >= 4 {
		secrets = append(secrets, c.password)
	}
	if len(c.user) >= 20 { // rather a token than a name
		secrets = append(secrets, c.user)
	}
	return secrets
}
