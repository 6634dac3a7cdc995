//go:build unix

package selection

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/ignore"
)

func TestWithin(t *testing.T) {
	t.Parallel()
	tops := []string{"/home/ada/work", "/data/ada/work"}
	for _, test := range []struct{ at, target, want string }{
		{"l", "x", "x"}, {"a/l", "../x", "../x"}, {"a/l", "x/", "x"}, {"a/b/l", "../../a/b/c", "c"}, {"l", ".", "."}, {"a/l", "..", ".."},
		{"a/l", "/home/ada/work/x", "../x"}, {"a/l", "/data/ada/work", ".."}, {"l", "/home/ada/work/../work/./x", "x"}, {"a/l", "", "."},
		{"l", "..", "-"}, {"a/l", "../..", "-"}, {"l", "/home/ada/workbench", "-"}, {"l", "/home/ada", "-"}, {"l", "/", "-"}, {"l", "../work/x", "-"},
		{"l", "/home/ada/work/../x", "-"}, {"l", "a/../../x", "-"}, {"l", "..x", "..x"}, {"l", "...", "..."},
	} {
		got, ok := within(test.at, test.target, tops)
		if !ok {
			got = "-"
		}
		if got != test.want {
			t.Errorf("%s -> %s is %s, should be %s", test.at, test.target, got, test.want)
		}
	}
}

// However links are put together, what is made of them stays in the folder, as the
// kernel follows them.
func TestSecurityLinksStayInside(t *testing.T) {
	t.Parallel()
	chance := rand.New(rand.NewPCG(3, 4))
	names := []string{"a", "b", "c", "l", "m", "..", "..", "."}
	kept := 0
	for range 300 {
		outside := t.TempDir()
		top := outside + "/top"
		for _, folder := range []string{"a/b/c", "b/a", "c"} {
			if err := os.MkdirAll(filepath.Join(top, folder), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		var made []string
		for i := range 8 {
			folder := []string{"", "a", "a/b", "a/b/c", "b", "b/a"}[chance.IntN(6)]
			at := filepath.Join(folder, fmt.Sprintf("%c%d", 'l'+chance.IntN(2), i))
			var parts []string
			for range 1 + chance.IntN(6) {
				part := names[chance.IntN(len(names))]
				if (part == "l" || part == "m") && len(made) > 0 {
					part = filepath.Base(made[chance.IntN(len(made))])
				}
				parts = append(parts, part)
			}
			target, ok := within(at, strings.Join(parts, "/"), nil)
			if !ok {
				continue
			}
			if err := os.Symlink(target, filepath.Join(top, at)); err != nil {
				t.Fatal(err)
			}
			made = append(made, at)
		}
		for _, at := range made {
			real, err := filepath.EvalSymlinks(filepath.Join(top, at))
			if err != nil {
				continue // it leads nowhere, or round
			}
			kept++
			if real != top && !strings.HasPrefix(real, top+"/") {
				target, _ := os.Readlink(filepath.Join(top, at))
				t.Fatalf("%s -> %s leads to %s", at, target, real)
			}
		}
	}
	if kept < 300 {
		t.Errorf("only %d links led anywhere", kept)
	}
}

func FuzzWithin(f *testing.F) {
	f.Add("a/b/l", "../../x")
	f.Add("l", "/top/a/../../x")
	f.Fuzz(func(t *testing.T, at, target string) {
		if at == "" || strings.HasPrefix(at, "/") || filepath.Clean(at) != at || strings.HasPrefix(at, "..") {
			return
		}
		made, ok := within(at, target, []string{"/top"})
		if !ok {
			return
		}
		if to := filepath.Join("/top", filepath.Dir(at), made); to != "/top" && !strings.HasPrefix(to, "/top/") || filepath.IsAbs(made) {
			t.Errorf("%q -> %q becomes %q", at, target, made)
		}
		if again, ok := within(at, made, nil); !ok || again != made {
			t.Errorf("%q becomes %q and then %q", target, made, again)
		}
	})
}

// The lists are what they seem to be: small letters, nothing malformed, and each
// leaves out what it names.
func TestLists(t *testing.T) {
	t.Parallel()
	rules := ForHome("work")
	for line := range strings.SplitSeq(secrets, "\n") {
		if line == "" || line[0] == '#' || line[0] == '!' {
			continue
		}
		if line != strings.ToLower(line) {
			t.Errorf("%q has capitals, so that it means nothing", line)
		}
		name, folder := strings.CutSuffix(strings.TrimPrefix(strings.ReplaceAll(line, "*", "x"), "xx/"), "/")
		for _, at := range []string{name, "sub/" + name, strings.ToUpper(name)} {
			if !rules.secret("work/"+at, folder) {
				t.Errorf("%q does not mean %q", line, at)
			}
		}
	}
	for _, name := range []string{"data.csv", "board.ipynb", "keys.py", "monkey", "history.csv", "credentials.py", "environment.yml", "token.txt", "id.csv", "config.json", ".streamlit/config.toml"} {
		if rules.secret("work/"+name, false) {
			t.Errorf("%q is a secret", name)
		}
	}
	for name, want := range map[string]bool{"x": false, ".x": true, ".x/y": false, "work/.x": false} {
		if got := rules.hidden.Match(name, true).Verdict == ignore.LeftOut; got != want {
			t.Errorf("%q is hidden: %v", name, got)
		}
	}
}

func TestShow(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"a b": "a b", "é": "é", "": `""`, "a\nb": `"a\nb"`, "\xff": `"\xff"`, "\u202e": `"\u202e"`} {
		if got := Show(name); got != want {
			t.Errorf("%q is shown as %s", name, got)
		}
	}
	for bytes, want := range map[int64]string{0: "0 bytes", 999: "999 bytes", 1000: "1.0 kB", 999_949: "1.0 MB", 12_345_678: "12.3 MB", 123_456_789_012: "123 GB", 5 << 60: "5765 PB"} {
		if got := Size(bytes); got != want {
			t.Errorf("%d is %s", bytes, got)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := Count(n); got != want {
			t.Errorf("%d is %s", n, got)
		}
	}
	long := strings.Repeat("é", 200)
	if got := shorten(long); len(got) > 130 || !strings.Contains(got, "…") {
		t.Errorf("%q", got)
	}
}

func BenchmarkRules(b *testing.B) {
	rules := ForHome("work")
	files := []file{{"", must("*.csv\n!keep.csv\n/raw/\n")}}
	for b.Loop() {
		rules.leaves(files, Entry{Path: "project/data/2024/01/part-00017.parquet", Name: "part-00017.parquet"})
	}
}
