package git

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/environment"
)

// protocols are those of git that run no program of the address's choice.
var protocols = []string{"https", "http", "ssh", "git", "file"}

// kept are the variables of git that say how a remote is reached. All others
// (GIT_DIR, GIT_INDEX_FILE, GIT_TRACE, ...) would let it work elsewhere, or show
// what it sends.
var kept = []string{
	"GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_ASKPASS", "GIT_SSL_", "GIT_HTTP_", "GIT_PROXY_",
	"GIT_EXEC_PATH", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM",
	"GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_", "GIT_LFS_",
}

// signature is who commits what was changed in the folder.
const (
	signatureName  = "jhsingle-native-proxy"
	signatureEmail = "jhsingle-native-proxy@localhost"
)

// cleanEnvironment is the environment of git: nothing asks, nothing is
// translated, and nothing points elsewhere.
func cleanEnvironment(environ []string, folder string) []string {
	allowed := protocols
	clean := make([]string, 0, len(environ)+16)
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		switch {
		case name == "GIT_ALLOW_PROTOCOL":
			// Who allows less than we do has a reason.
			narrower := strings.Split(value, ":")
			allowed = slices.DeleteFunc(slices.Clone(protocols), func(p string) bool { return !slices.Contains(narrower, p) })
			continue
		case name == tokenVariable, name == plainTokenVariable, name == "LANGUAGE", name == "LC_ALL", name == "PWD",
			strings.HasPrefix(name, "GIT_") && !slices.ContainsFunc(kept, func(k string) bool {
				return name == k || strings.HasSuffix(k, "_") && strings.HasPrefix(name, k)
			}):
			continue
		}
		clean = append(clean, entry)
	}
	return append(clean,
		"LC_ALL=C",
		"GIT_TERMINAL_PROMPT=0",
		"GIT_EDITOR=true",
		"GIT_SEQUENCE_EDITOR=true",
		"GIT_PAGER=cat",
		"GIT_ALLOW_PROTOCOL="+strings.Join(allowed, ":"),
		"GIT_CEILING_DIRECTORIES="+filepath.Dir(folder), // the folder, or nothing
		"GIT_LFS_SKIP_SMUDGE=1",                         // large files come all at once, at the end
		"GIT_AUTHOR_NAME="+signatureName, "GIT_AUTHOR_EMAIL="+signatureEmail,
		"GIT_COMMITTER_NAME="+signatureName, "GIT_COMMITTER_EMAIL="+signatureEmail,
	)
}

// settings hold for each command, whatever is configured.
var settings = []string{
	"core.hooksPath=" + os.DevNull, // what was cloned does not run here
	"core.fsmonitor=false",         // nor does this
	"core.quotePath=false",
	"color.ui=false",
	"advice.detachedHead=false",
	"commit.gpgSign=false", // would ask for a passphrase
	"merge.ff=true",
	"merge.verifySignatures=false",
	"merge.autoStash=false",
	"merge.directoryRenames=false", // would put new files where nobody looked
	"rerere.enabled=false",
	"gc.autoDetach=false",
	"maintenance.autoDetach=false",
	"submodule.recurse=false",
	"fetch.recurseSubmodules=false",
	"fetch.prune=false",
	"fetch.unpackLimit=1", // one pack, whose progress is shown, and not many small files
	"http.lowSpeedLimit=1",
	"http.lowSpeedTime=60",
}

// withConfig adds settings that are not for everybody's eyes: the arguments of
// a program can be read by every user of the machine.
func withConfig(env []string, entries [][2]string) []string {
	if len(entries) == 0 {
		return env
	}
	count, err := strconv.Atoi(environment.Get(env, "GIT_CONFIG_COUNT"))
	if err != nil || count < 0 {
		count = 0
	}
	env = slices.Clone(env)
	for i, entry := range entries {
		number := strconv.Itoa(count + i)
		env = append(env, "GIT_CONFIG_KEY_"+number+"="+entry[0], "GIT_CONFIG_VALUE_"+number+"="+entry[1])
	}
	return append(env, "GIT_CONFIG_COUNT="+strconv.Itoa(count+len(entries)))
}

// sshCommand is ssh that neither asks nor waits for ever, or what is configured
// with that added. It is empty where it is not known how to say so.
func sshCommand(environ []string, configured string) string {
	command := environment.Get(environ, "GIT_SSH_COMMAND")
	if command == "" {
		command = configured
	}
	if command == "" {
		if environment.Get(environ, "GIT_SSH") != "" {
			return ""
		}
		command = "ssh"
	}
	words := strings.Fields(command)
	if len(words) == 0 || filepath.Base(words[0]) != "ssh" {
		return ""
	}
	return command + " -o BatchMode=yes -o ConnectTimeout=30 -o ServerAliveInterval=15 -o ServerAliveCountMax=4"
}
