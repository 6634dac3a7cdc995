package ignore

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	// A slash at the end of a name says that it is a folder.
	for _, test := range []struct {
		patterns string
		yes, no  string
	}{
		{"data", "data data/ a/data a/b/data/", "datas a/datab"},
		{"data/", "data/ a/data/", "data a/data"},
		{"/data", "data data/", "a/data"},
		{"a/data", "a/data", "b/a/data data"},
		{"*.csv", "x.csv .csv a/x.csv", "x.csvx csv"},
		{"a/*", "a/b a/b/", "a a/b/c"},
		{"a/**", "a/b a/b/c", "a b/a/b"},
		{"**/a", "a b/a c/b/a", "ab"},
		{"a/**/b", "a/b a/x/b a/x/y/b", "ab a/xb"},
		{"**/a/**/b/c", "a/b/c x/a/y/a/b/c", "a/b a/c"},
		{"?", "a", "ab é"},
		{"[a-c]x", "ax bx", "dx"},
		{"[!a-c]x", "dx", "ax"},
		{"[^a-c]x", "dx", "ax"},
		{"[]]", "]", "["},
		{"[a-]", "a -", "b"},
		{"[[:digit:]x]", "1 x", "a"},
		{"[[:nothing:]]", "", "n ["},
		{"[a", "", "a [a"},
		{`\`, "", `\`},
		{`a\`, "", "a"},
		{`\*`, "*", "a"},
		{`\#a`, "#a", "a"},
		{"#a", "", "#a"},
		{`\!a`, "!a", "a"},
		{"a\\ ", "a\u00a0x", "a"}, // see below for the name that ends with a space
		{"a  ", "a", ""},
		{"a\r\nb\r\n", "a b", "c"},
		{"\uFEFFa", "a", ""},
		{"*\n!*.csv", "x.txt", "x.csv"},
		{"*.csv\n!x.csv\nx.csv", "x.csv", ""},
		{"foo**bar", "foobar fooxbar", "foo/bar foo/x/bar"},
		{"**", "a a/b", ""},
		{"\n\n!\n/\n//", "", "a"},
		{"*a*a*a*a*a*a*a*a*b", "", strings.Repeat("a", 200)},
	} {
		p, err := Parse([]byte(test.patterns))
		if err != nil {
			t.Fatal(err)
		}
		if test.patterns == "a\\ " {
			test.yes = ""
			if p.Match("a ", false).Verdict != LeftOut {
				t.Error("a space behind a backslash is not one")
			}
		}
		for names, want := range map[string]bool{test.yes: true, test.no: false} {
			for name := range strings.FieldsSeq(names) {
				path, folder := strings.CutSuffix(name, "/")
				if got := p.Match(path, folder).Verdict == LeftOut; got != want {
					t.Errorf("%q on %q: left out is %v", test.patterns, name, got)
				}
			}
		}
	}
}

func TestLiteral(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]bool{
		"!.env": true, "!/a/.env": true, `!\.env`: true, "!.env/": true,
		"!*": false, "!.en?": false, "!.en[v]": false, "!**/.env": false,
	} {
		p, err := Parse([]byte(pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{".env", "a/.env"} {
			if m := p.Match(name, true); m.Verdict == Kept && m.Literal != want {
				t.Errorf("%q is literal: %v", pattern, m.Literal)
			}
		}
	}
}

func TestTooLarge(t *testing.T) {
	t.Parallel()
	if _, err := Parse(bytes.Repeat([]byte("#\n"), MaxBytes/2)); err != nil {
		t.Error(err)
	}
	for _, content := range [][]byte{make([]byte, MaxBytes+1), bytes.Repeat([]byte("a\n"), MaxPatterns+1)} {
		if _, err := Parse(content); err == nil {
			t.Errorf("%d bytes are taken", len(content))
		}
	}
}

// The worst that fits into a file does not hold up a copy.
func TestSecurityWorstPatternsAreQuick(t *testing.T) {
	t.Parallel()
	worst := strings.Repeat("a*", 125) + "b"
	deep := strings.Repeat("**/*a*/", 40) + "b"
	name := strings.Repeat("a", 255)
	path := strings.Repeat(strings.Repeat("a", 60)+"/", 60) + name
	for _, line := range []string{worst, deep} {
		p, err := Parse([]byte(strings.Repeat(line+"\n", min(MaxPatterns, MaxBytes/(len(line)+1)))))
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		if p.Match(path, false).Verdict != Silent {
			t.Error("it matches")
		}
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("%.20s… took %s", line, took)
		}
	}
}

// ignored asks as git does: a path is left out if anything that leads to it is,
// and what the file nearest to it says counts.
func ignored(files map[string]Patterns, path string, folder bool) bool {
	for i, b := range []byte(path) {
		if b == '/' && leftOut(files, path[:i], true) {
			return true
		}
	}
	return leftOut(files, path, folder)
}

func leftOut(files map[string]Patterns, path string, folder bool) bool {
	for at := filepath.Dir(path); ; at = filepath.Dir(at) {
		rest := path
		if at != "." {
			rest = strings.TrimPrefix(path, at+"/")
		}
		if m := files[at].Match(rest, folder); m.Verdict != Silent {
			return m.Verdict == LeftOut
		}
		if at == "." {
			return false
		}
	}
}

// world is a tree with all sorts of names, of which git can be asked.
type world struct {
	t     *testing.T
	root  string
	paths []string // those of folders end with a slash
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, root: t.TempDir()}
	names := []string{"a", "b", "ab", "a.b", ".a", "A", "a b", "[a]", "*", "a*b", `\a`, "!a", "#a", "aab", "é", "-", "]", "a\nb", "\xff"}
	for _, top := range names {
		w.add(top + "0")
		for _, inner := range names[:8] {
			w.add(top + "/" + inner + "0")
			for _, last := range names[:5] {
				w.add(top + "/" + inner + "/" + last)
			}
		}
	}
	w.run(nil, "init", "--quiet")
	return w
}

func (w *world) add(path string) {
	full := filepath.Join(w.root, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(full, nil, 0o644); err != nil {
		w.t.Fatal(err)
	}
	w.paths = append(w.paths, path)
	for at := filepath.Dir(path); at != "."; at = filepath.Dir(at) {
		if !slices.Contains(w.paths, at+"/") {
			w.paths = append(w.paths, at+"/")
		}
	}
}

func (w *world) run(stdin []byte, args ...string) []byte {
	command := exec.Command("git", args...)
	command.Dir, command.Stdin = w.root, bytes.NewReader(stdin)
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + w.root, "GIT_CONFIG_NOSYSTEM=1"}
	out, err := command.Output()
	if err != nil && command.ProcessState.ExitCode() != 1 { // 1 is that none is ignored
		w.t.Fatalf("git %s: %v", strings.Join(args, " "), err)
	}
	return out
}

// compare asks git and us about all paths.
func (w *world) compare(contents map[string]string) {
	w.t.Helper()
	files := map[string]Patterns{}
	for at, content := range contents {
		if err := os.WriteFile(filepath.Join(w.root, at, ".gitignore"), []byte(content), 0o644); err != nil {
			w.t.Fatal(err)
		}
		parsed, err := Parse([]byte(content))
		if err != nil {
			w.t.Fatal(err)
		}
		files[at] = parsed
	}
	var ask bytes.Buffer
	for _, path := range w.paths {
		ask.WriteString(strings.TrimSuffix(path, "/") + "\x00")
	}
	told := map[string]bool{}
	for path := range strings.SplitSeq(string(w.run(ask.Bytes(), "check-ignore", "--no-index", "-z", "--stdin")), "\x00") {
		told[path] = true
	}
	for _, path := range w.paths {
		path, folder := strings.CutSuffix(path, "/")
		if got := ignored(files, path, folder); got != told[path] {
			w.t.Errorf("with %q git ignores %q: %v, we %v", contents, path, told[path], got)
		}
	}
}

// Against the real git, with patterns by chance.
func TestSameAsGit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	chance := rand.New(rand.NewPCG(1, 2))
	pieces := []string{
		"a", "b", "a", "b", "0", ".", "*", "*", "?", "/", "/", "/**/", "**/", "/**", "[ab]", "[!a]", "[^b]", "[a-b]", "[]]", "[[:alpha:]]", "[[:digit:]b]",
		"[[:x:]]", "[a/b]", "[", "]", `\`, `\*`, `\/`, `\[`, `[\]a]`, "[a-", "[[:]", "-", " ", `\ `, "é", "\xff", "!", "#", "[é]", "[--0]", "[b-a]", "a/", "\r",
	}
	quirk := func(line string) bool {
		// See the package's comment.
		for i := 1; i < len(line); i++ {
			if strings.HasPrefix(line[i:], "**") && line[i-1] != '/' {
				return true
			}
		}
		return false
	}
	rounds := 60
	if testing.Short() {
		rounds = 20
	}
	for range rounds {
		contents := map[string]string{}
		for _, at := range []string{".", "a", "a/b", "b", "a b"} {
			var lines []string
			for range 1 + chance.IntN(4) {
				line := []string{"", "", "!", "/"}[chance.IntN(4)]
				for range 1 + chance.IntN(5) {
					line += pieces[chance.IntN(len(pieces))]
				}
				if !quirk(strings.TrimPrefix(line, "!")) {
					lines = append(lines, line)
				}
			}
			contents[at] = strings.Join(lines, "\n") + fmt.Sprint("\n"[:chance.IntN(2)])
		}
		w.compare(contents)
		if t.Failed() {
			return
		}
	}
}

func FuzzMatch(f *testing.F) {
	f.Add([]byte("*.csv\n!x.csv\n/a/**/b/\n[a-c]\\ \n"), "a/x/b", true)
	f.Add([]byte("[[:alpha:]]\n[!]-]\n\\"), "a", false)
	f.Add([]byte("**/**/*a*b\n"), "a/ab/aab", false)
	f.Fuzz(func(t *testing.T, content []byte, path string, folder bool) {
		p, err := Parse(content)
		if err != nil {
			return
		}
		one := p.Match(path, folder)
		if again := p.Match(path, folder); one != again {
			t.Error("it says one thing and then another")
		}
		// What is appended and matches everything decides.
		all, err := Parse(append(append(content, '\n'), "*\n"...))
		if err == nil && path != "" && !strings.HasSuffix(path, "/") && all.Match(path, folder).Verdict != LeftOut {
			t.Errorf("* does not match %q", path)
		}
	})
}
