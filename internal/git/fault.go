package git

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// fault is something that goes wrong with git, and what to do about it.
type fault struct {
	sign   *regexp.Regexp
	advice string // with $1 for what the sign's first group found
}

// faults are looked for in this order: what is more certain comes first. The
// words are those of git, curl, OpenSSH and git-lfs in English (LC_ALL=C).
var faults = []fault{
	{regexp.MustCompile(`No space left on device|Out of diskspace|[Dd]isk quota exceeded|ENOSPC`),
		"there is no space left where the folder is: make room, or use another folder"},
	{regexp.MustCompile(`Read-only file system`),
		"the folder is on a file system that cannot be written: use another folder"},
	{regexp.MustCompile(`detected dubious ownership in repository at '([^']*)'`),
		"$1 belongs to another user, so git does not touch it: change its owner, or allow it with git config --global --add safe.directory"},
	{regexp.MustCompile(`transport '([^']*)' not allowed`),
		"the transport $1 is not allowed here"},
	{regexp.MustCompile(`Could not resolve host(?:name)?:? ([^\s:;]+)`),
		"the host $1 was not found: check the address, and the network's name service and proxy"},
	{regexp.MustCompile(`(?:Could not resolve proxy:? |Failed to connect to proxy )([^\s:;]*)`),
		"the proxy $1 cannot be reached: check https_proxy"},
	{regexp.MustCompile(`unable to look up ([^\s:;]+)`),
		"the host $1 was not found: check the address, and the network's name service"},
	{regexp.MustCompile(`(?i)(?:server certificate verification failed|SSL certificate problem: [^\r\n]*|unable to get local issuer certificate|certificate (?:verify failed|has expired|subject name)[^\r\n]*|no alternative certificate subject name)`),
		"the host's certificate is not trusted ($0): if it is of an authority of your own, name its file in GIT_SSL_CAINFO or http.sslCAInfo"},
	{regexp.MustCompile(`Host key verification failed`),
		"the host's SSH key is not known here: add it to ~/.ssh/known_hosts (ssh-keyscan HOST), after comparing it with what the host says it is"},
	{regexp.MustCompile(`Permission denied \(([a-z,-]*publickey[a-z,-]*)\)`),
		"the host did not accept an SSH key ($1): is the key there, without a passphrase or in an agent, and may it read the repository?"},
	{regexp.MustCompile(`could not read (?:Username|Password) for|terminal prompts disabled|unable to read askpass response`),
		"it needs a login, or it is not there: give a token (--repo-token-file, JHSINGLE_REPO_TOKEN), a credential helper or GIT_ASKPASS, and check the address"},
	{regexp.MustCompile(`Authentication failed|Invalid username or (?:password|token)|HTTP Basic: Access denied|returned error: 401|[Bb]ad credentials`),
		"the host did not accept the user and token that it was given: is the token right, still valid, and allowed to read this repository?"},
	{regexp.MustCompile(`returned error: 403|[Aa]ccess denied|Write access to repository not granted`),
		"access was denied: may this user or token read the repository?"},
	{regexp.MustCompile(`(?i)repository '[^']*' not found|repository not found|returned error: 404|project you were looking for could not be found|does not appear to be a git repository|repository '[^']*' does not exist|not valid: is this a git repository|Could not read from remote repository`),
		"there is no such repository, or no right to read it: check the address, and whether it needs a token"},
	{regexp.MustCompile(`Operation too slow|said nothing|Connection timed out|connect to host \S+ port \d+: .*timed out|Timeout was reached|Operation timed out`),
		"the host does not answer: check the address and the network, or try again later"},
	{regexp.MustCompile(`Connection refused|Network is unreachable|No route to host|Couldn't connect to server|Failed to connect`),
		"the host cannot be reached: check the address, the port, and the network's proxy"},
	{regexp.MustCompile(`returned error: (5\d\d|429)`),
		"the host has trouble of its own (error $1): try again later"},
	{regexp.MustCompile(`early EOF|RPC failed|unexpected disconnect|the remote end hung up|Connection reset|unexpected EOF|transfer closed`),
		"the connection broke off: try again"},
	{regexp.MustCompile(`invalid path '([^']*)'|Invalid path '([^']*)'`),
		"it has a file whose name git does not allow here ($1$2)"},
	{regexp.MustCompile(`unable to create file ([^\r\n]*): File name too long|File name too long`),
		"it has a file whose name is too long for this file system"},
	{regexp.MustCompile(`Unable to create '([^']*\.lock)': File exists`),
		"another git program works in the folder ($1): wait until it has finished, or remove that file if there is none"},
	{regexp.MustCompile(`(?:cannot|could not|unable to|failed to)[^\r\n]*: Permission denied|insufficient permission for adding`),
		"the folder cannot be written: check its owner and rights"},
	{regexp.MustCompile(`(?:bad object|loose object \S+ is corrupt|object file \S+ is empty|index file (?:corrupt|smaller)|bad signature|bad index file)`),
		"the folder's .git is damaged: copy your changes elsewhere, move the folder away, and try again"},
	{regexp.MustCompile(`not a git repository`),
		"the folder's .git is none that git understands: move the folder away, and try again"},
	{regexp.MustCompile(`protocol error|bad line length character|invalid server response|not a valid (?:ref|packet)|expected flush`),
		"what answers there does not speak git: check the address"},
}

// explain says why a git failed. The whole of what it said is in the log.
func explain(f *failure) string {
	if f.silent > 0 {
		return fmt.Sprintf("the host said nothing for %s: check the address and the network, or try again later", f.silent.Round(time.Second))
	}
	all := strings.Join(f.said, "\n")
	for _, known := range faults {
		if found := known.sign.FindStringSubmatchIndex(all); found != nil {
			return string(known.sign.ExpandString(nil, known.advice, all, found))
		}
	}
	if line := complaint(f.said); line != "" {
		return line
	}
	if f.code < 0 {
		return "it was ended by a signal"
	}
	return fmt.Sprintf("it ended with code %d", f.code)
}

// complaint is the line in which git says what it died of.
func complaint(said []string) string {
	for _, sign := range []string{"fatal: ", "error: ", "remote: ERROR", "ERROR: "} {
		for i := len(said) - 1; i >= 0; i-- {
			if strings.HasPrefix(said[i], sign) {
				return strings.TrimPrefix(said[i], sign)
			}
		}
	}
	if len(said) > 0 {
		return said[len(said)-1]
	}
	return ""
}

// saidBy tells whether git said something when it failed.
func saidBy(err error, parts ...string) bool {
	failed, ok := err.(*failure)
	if !ok {
		return false
	}
	all := strings.Join(failed.said, "\n")
	for _, part := range parts {
		if strings.Contains(all, part) {
			return true
		}
	}
	return false
}
