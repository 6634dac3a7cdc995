package git

import (
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/ideonate/jhsingle-native-proxy/internal/environment"
)

func TestSecurityRefusedAddresses(t *testing.T) {
	for url, mention := range map[string]string{
		"":                                 "empty",
		"-uhttps://example.org/x":          "hyphen",
		"--upload-pack=touch pwned":        "hyphen",
		"ext::sh -c touch% /tmp/pwned":     "run a program",
		"EXT::sh":                          "run a program",
		"fd::17":                           "run a program",
		"any-helper::https://example.org/": "run a program",
		"ftp://example.org/x":              `"ftp://"`,
		"ext://x":                          `"ext://"`,
		"https://example.org/x%00":         "control",
		"https://example.org/x%0a":         "control",
		"file:///srv/x%1b":                 "control",
		"https://example.org/x%ff":         "not UTF-8",
		"https://":                         "no host",
		"https:///x":                       "no host",
		"https://example.org":              "no path",
		"https://example.org/":             "no path",
		"https://-oProxyCommand=x/y":       "no host",
		"ssh://-oProxyCommand=x/y":         "no host",
		"ssh://-x@example.org/y":           "user",
		"-oProxyCommand=x:y":               "hyphen",
		"x@-oProxyCommand=x:y":             "hyphen",
		"https://example.org/x#main":       "#",
		"https://example.org/a\nb":         "control",
		"https://example.org/a\x00b":       "control",
		"https://example.org/\xff":         "UTF-8",
		"https://u:p%0aq@example.org/x":    "cannot be one",
		" https://example.org/x":           "space",
		"https://user:p/ss@example.org/x":  "percent-encoded",
		"https://[::1/x":                   "percent-encoded",
		"file://host/x":                    "file URL",
	} {
		err := Source{URL: url}.Check()
		if err == nil || !strings.Contains(err.Error(), mention) {
			t.Errorf("%q: %v, should mention %q", url, err, mention)
		}
		if err != nil && strings.Contains(err.Error(), "ss@") {
			t.Errorf("%q: shows a password: %v", url, err)
		}
	}
}

func TestAddresses(t *testing.T) {
	for url, want := range map[string]struct{ plain, name, site, user, password string }{
		"https://example.org/group/x.git":             {"https://example.org/group/x.git", "x", "https://example.org", "", ""},
		"https://ada:p%40ss@Example.org:8443/x/":      {"https://Example.org:8443/x/", "x", "https://example.org:8443", "ada", "p@ss"},
		"https://token@example.org/x":                 {"https://example.org/x", "x", "https://example.org", "token", ""},
		"ssh://git@example.org:2222/~ada/x.git":       {"ssh://git@example.org:2222/~ada/x.git", "x", "ssh://example.org:2222", "git", ""},
		"git+ssh://git:secret@example.org/x":          {"git+ssh://git@example.org/x", "x", "ssh://example.org", "git", "secret"},
		"git@example.org:group/x.git":                 {"git@example.org:group/x.git", "x", "ssh://example.org", "git", ""},
		"[::1]:x":                                     {"[::1]:x", "x", "ssh://[::1]", "", ""},
		"git://example.org/x":                         {"git://example.org/x", "x", "git://example.org", "", ""},
		"file:///srv/x y.git":                         {"file:///srv/x y.git", "x y", "file://", "", ""},
		"/srv/x y/.git":                               {"file:///srv/x%20y/.git", "x y", "file://", "", ""},
		"https://example.org/..":                      {"https://example.org/..", "repository", "https://example.org", "", ""},
		"https://example.org/-x":                      {"https://example.org/-x", "x", "https://example.org", "", ""},
		"https://example.org/a b?token=x":             {"https://example.org/a%20b?token=x", "a b", "https://example.org", "", ""},
		"http://[fe80::1]:8080/x":                     {"http://[fe80::1]:8080/x", "x", "http://[fe80::1]:8080", "", ""},
		"https://dev.azure.com/org/project/_git/repo": {"https://dev.azure.com/org/project/_git/repo", "repo", "https://dev.azure.com", "", ""},
	} {
		a, err := parseAddress(url)
		if err != nil {
			t.Errorf("%q: %v", url, err)
			continue
		}
		if a.plain != want.plain || a.name() != want.name || a.site() != want.site || a.user != want.user || a.password != want.password {
			t.Errorf("%q is %+v, named %q, at %q", url, a, a.name(), a.site())
		}
	}
}

// One repository has many addresses.
func TestSameRepository(t *testing.T) {
	a, err := parseAddress("https://github.com/org/x.git")
	if err != nil {
		t.Fatal(err)
	}
	for other, same := range map[string]bool{
		"https://github.com/org/x":             true,
		"https://GitHub.com/org/x/":            true,
		"https://ada:secret@github.com/org/x":  true,
		"https://github.com:443/org/x":         true,
		"git@github.com:org/x.git":             true,
		"ssh://git@github.com/org/x":           true,
		"ssh://git@github.com:22/org/x":        true,
		"https://github.com/org/y":             false,
		"https://github.com/Org/x":             false,
		"https://gitlab.com/org/x":             false,
		"https://github.com:8443/org/x":        false,
		"/org/x":                               false,
		"":                                     false,
		"https://github.com/org/../other/x":    false,
		"https://github.com.evil.org/org/x":    false,
		"https://github.com@evil.org/org/x":    false,
		"https://evil.org/github.com/org/x":    false,
		"https://github.com/org/x/../../org/x": true,
	} {
		if a.sameAs(other) != same {
			t.Errorf("%q is the same: %v", other, !same)
		}
	}
}

func TestSecurityRefusedBranches(t *testing.T) {
	good := Source{URL: "https://example.org/x"}
	for _, branch := range []string{"-x", "--upload-pack=x", "a b", "a..b", "a:b", "a^", "a~1", "a?", "a*", "a[", `a\b`, "a\nb", "a\x00", "@", "HEAD",
		"@{u}", "/a", "a/", "a//b", ".a", "a/.b", "a.lock", "a.", "a.lock/b", "a\x7f", "a\u0085b"} {
		good.Branch = branch
		if err := good.Check(); err == nil {
			t.Errorf("%q was accepted", branch)
		}
	}
	for _, branch := range []string{"", "main", "feature/x", "v1.0", "refs/pull/7/head", "0123456789abcdef0123456789abcdef01234567", "ünï", "a@b", "#1", "+a"} {
		good.Branch = branch
		if err := good.Check(); err != nil {
			t.Errorf("%q: %v", branch, err)
		}
	}
}

func TestCheckOfTheRest(t *testing.T) {
	good := Source{URL: "https://example.org/x"}
	for mention, change := range map[string]func(s *Source){
		"depth":      func(s *Source) { s.Depth = -1 },
		"folder":     func(s *Source) { s.Folder = "a\nb" },
		"token file": func(s *Source) { s.TokenFile = "a\x00" },
		"no git":     func(s *Source) { s.Env = []string{"PATH=/surely/not"} },
	} {
		s := good
		change(&s)
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), mention) {
			t.Errorf("%v, should mention %q", err, mention)
		}
	}
}

// Whatever is accepted is no option, no program's name and has no secret.
func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"https://a:b@example.org/x.git", "git@example.org:x", "ext::sh -c x", "-x", "/srv/x", "a::b", "x:y", "[::1]:x",
		"ssh://git@h:22/~/x", "file:///x", "./a:b", "https://h/%2e%2e/x", "https://h/%00x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := parseAddress(text)
		if err != nil {
			if len(a.plain) > 0 {
				t.Errorf("%q: an error and an address: %q", text, a.plain)
			}
			return
		}
		if strings.HasPrefix(a.plain, "-") || strings.ContainsFunc(a.plain, unicode.IsControl) {
			t.Errorf("%q became %q", text, a.plain)
		}
		if head, _, found := strings.Cut(a.plain, "::"); found && !strings.ContainsAny(head, "/[:@") {
			t.Errorf("%q became %q, which names a program", text, a.plain)
		}
		again, err := parseAddress(a.plain)
		if err != nil || again.scheme != a.scheme || again.host != a.host || again.password != "" {
			t.Errorf("%q became %q, which is %+v, %v", text, a.plain, again, err)
		}
		if name := a.name(); name == "" || name == ".." || name == "." || strings.ContainsAny(name, "/\x00") || strings.HasPrefix(name, "-") {
			t.Errorf("%q is called %q", text, name)
		}
	})
}

func FuzzListing(f *testing.F) {
	f.Add("ref: refs/heads/main\tHEAD\n" + strings.Repeat("0", 40) + "\tHEAD\n")
	f.Add(strings.Repeat("a", 64) + "\trefs/tags/v1^{}\n\t\n\t")
	f.Fuzz(func(t *testing.T, text string) {
		found := parseListing(text)
		for name, id := range found.refs {
			if name == "" || !commitID.MatchString(id) {
				t.Errorf("%q is %q", name, id)
			}
		}
		found.names()
	})
}

func FuzzProgress(f *testing.F) {
	for _, seed := range []string{"Receiving objects:  50% (3/6), 1.2 MiB | 3 MiB/s", "remote: Counting objects: 100% (5/5), done.\x1b[K",
		"remote: Enumerating objects: 5, done.", "fatal: 5", "\x1b]0;x\x07A: 1%", "A: 99999999999999999999%"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		text := clean(line)
		if strings.ContainsFunc(text, unicode.IsControl) {
			t.Errorf("%q has control characters", text)
		}
		title, percent, ok := parseProgress(text)
		if ok && (title == "" || len([]rune(title)) > maxTitle || percent < -1 || percent > 100) || !ok && (title != "" || percent != 0) {
			t.Errorf("%q is %q, %d, %v", line, title, percent, ok)
		}
	})
}

func TestProgress(t *testing.T) {
	for line, want := range map[string]struct {
		title   string
		percent int
	}{
		"remote: Enumerating objects: 5, done.":                 {"Enumerating objects", -1},
		"remote: Enumerating objects: 12345":                    {"Enumerating objects", -1},
		"remote: Counting objects:  20% (1/5)\x1b[K":            {"Counting objects", 20},
		"remote: Compressing objects: 100% (3/3), done.\x1b[K":  {"Compressing objects", 100},
		"Receiving objects:  45% (9/20), 1.20 MiB | 3.00 MiB/s": {"Receiving objects", 45},
		"Resolving deltas: 100% (1/1), done.":                   {"Resolving deltas", 100},
		"Updating files:   7% (70/1000)":                        {"Updating files", 7},
		"Downloading LFS objects:  50% (1/2), 3 MB | 1 MB/s":    {"Downloading LFS objects", 50},
		"Filtering content:  33% (1/3), 10.00 MiB | 5 MiB/s":    {"Filtering content", 33},
		"fatal: 5":              {},
		"error: 50%":            {},
		"Cloning into 'x'...":   {},
		"From https://a:80/b":   {},
		"Total 3: delta":        {},
		"Submodule path 'a': 1": {},
		"Port: 80 is open":      {},
		"Sale: 50%off":          {},
		"":                      {},
	} {
		title, percent, ok := parseProgress(clean([]byte(line)))
		if title != want.title || percent != want.percent || ok != (want.title != "") {
			t.Errorf("%q is %q, %d, %v", line, title, percent, ok)
		}
	}
}

// Git's own lines, as it writes them: progress comes on top of itself.
func TestListener(t *testing.T) {
	var told []string
	c := &client{log: discard(), meter: &meter{tell: func(title string, percent int) { told = append(told, title) }}, redactor: newRedactor("s3cret")}
	l := &listener{client: c}
	for _, piece := range []string{"Receiving obj", "ects: 1% (1/100)\rReceiving objects: 100% (100/100), done.\n", "fatal: no s3c", "ret at https://a:b@c/d\n",
		strings.Repeat("x", 3*maxLine) + "\n", "the end"} {
		if n, err := l.Write([]byte(piece)); n != len(piece) || err != nil {
			t.Fatal(n, err)
		}
	}
	l.flush()
	if strings.Join(told, ",") != "Receiving objects,Receiving objects" {
		t.Errorf("told %q", told)
	}
	if len(l.tail) != 3 || l.tail[0] != "fatal: no *** at https://***@c/d" || len(l.tail[1]) != maxLine || l.tail[2] != "the end" {
		t.Errorf("kept %q", l.tail)
	}
	for range 10 * maxTail {
		_, _ = l.Write([]byte("line\n"))
	}
	if len(l.tail) != maxTail {
		t.Errorf("kept %d lines", len(l.tail))
	}
}

// Where a step stands is told, also when it came there fast, and once.
func TestMeter(t *testing.T) {
	var told []int
	m := &meter{tell: func(_ string, percent int) { told = append(told, percent) }}
	for _, percent := range []int{1, 2, 2, 25, 25} {
		m.report("a", percent)
	}
	m.report("b", 25)
	if want := []int{1, 2, 25, 25}; !slices.Equal(told, want) {
		t.Errorf("told %v, not %v", told, want)
	}
	(&meter{}).report("a", 1)
}

func TestSSHCommand(t *testing.T) {
	const options = " -o BatchMode=yes -o ConnectTimeout=30 -o ServerAliveInterval=15 -o ServerAliveCountMax=4"
	for _, test := range []struct {
		environ          []string
		configured, want string
	}{
		{nil, "", "ssh" + options},
		{[]string{"GIT_SSH_COMMAND=ssh -i key"}, "", "ssh -i key" + options},
		{[]string{"GIT_SSH_COMMAND=/usr/bin/ssh -i key"}, "ssh -x", "/usr/bin/ssh -i key" + options},
		{nil, "ssh -i other", "ssh -i other" + options},
		{[]string{"GIT_SSH=/usr/bin/plink"}, "", ""},
		{[]string{"GIT_SSH_COMMAND=my-wrapper"}, "", ""},
	} {
		if got := sshCommand(test.environ, test.configured); got != test.want {
			t.Errorf("%v, %q: %q", test.environ, test.configured, got)
		}
	}
}

func TestSecurityEnvironmentOfGit(t *testing.T) {
	env := cleanEnvironment([]string{
		"HOME=/h", "GIT_DIR=/x", "GIT_TRACE_CURL=1", "GIT_TRACE_REDACT=0", "GIT_CONFIG_PARAMETERS='a=b'", "GIT_TOKEN=secret", "JHSINGLE_REPO_TOKEN=secret",
		"GIT_SSL_CAINFO=/ca", "GIT_ASKPASS=/ask", "GIT_ALLOW_PROTOCOL=https:ext:ssh", "LC_ALL=de", "LANGUAGE=de", "GIT_CONFIG_KEY_0=a", "GIT_EXTERNAL_DIFF=x",
		"GIT_SSHX=1", "GIT_ALTERNATE_OBJECT_DIRECTORIES=/x",
	}, "/a/b")
	all := strings.Join(env, "\n")
	for _, want := range []string{"HOME=/h", "GIT_SSL_CAINFO=/ca", "GIT_ASKPASS=/ask", "GIT_ALLOW_PROTOCOL=https:ssh", "LC_ALL=C", "GIT_CONFIG_KEY_0=a",
		"GIT_TERMINAL_PROMPT=0", "GIT_CEILING_DIRECTORIES=/a"} {
		if !strings.Contains("\n"+all+"\n", "\n"+want+"\n") {
			t.Errorf("%s is missing: %s", want, all)
		}
	}
	for _, bad := range []string{"secret", "GIT_DIR", "TRACE", "PARAMETERS", "=de", "EXTERNAL", "GIT_SSHX", "ALTERNATE"} {
		if strings.Contains(all, bad) {
			t.Errorf("%s is there: %s", bad, all)
		}
	}
	if env := cleanEnvironment(nil, "/a/b"); environment.Get(env, "GIT_ALLOW_PROTOCOL") != "https:http:ssh:git:file" {
		t.Errorf("allowed is %s", environment.Get(env, "GIT_ALLOW_PROTOCOL"))
	}
}

func TestWithConfig(t *testing.T) {
	env := withConfig([]string{"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=a.b", "GIT_CONFIG_VALUE_0=c"}, [][2]string{{"d.e", "f"}})
	if environment.Get(env, "GIT_CONFIG_COUNT") != "2" || environment.Get(env, "GIT_CONFIG_KEY_1") != "d.e" || environment.Get(env, "GIT_CONFIG_VALUE_1") != "f" {
		t.Errorf("got %q", env)
	}
	if env := withConfig([]string{"GIT_CONFIG_COUNT=nonsense"}, [][2]string{{"d.e", "f"}}); environment.Get(env, "GIT_CONFIG_COUNT") != "1" {
		t.Errorf("got %q", env)
	}
}

func TestMain(m *testing.M) {
	// What the developer's git is configured to do is not to be tested here.
	for _, name := range []string{"GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"} {
		os.Unsetenv(name)
	}
	os.Exit(m.Run())
}
