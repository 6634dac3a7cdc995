//go:build unix

// Package selection decides which files of a source belong into a copy of it, and
// goes through them without being led elsewhere.
package selection

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/ignore"
	"github.com/ideonate/jhsingle-native-proxy/internal/clone/tree"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// IgnoreFile is the file of a source that names what is left out of copies. Like
// .gitignore it can be in any folder, and is about what is in that.
const IgnoreFile = ".dashboardignore"

// maxKey bounds what is read of a file that may hold a private key.
const maxKey = 1 << 20

// Rules are what is left out of a copy.
type Rules struct {
	// base is where the source is in the home.
	base                          string
	secrets, keys, litter, hidden ignore.Patterns
}

// ForHome are the rules for a folder of a home, which is relative to it.
func ForHome(folder string) Rules {
	return Rules{base: clean(folder), secrets: must(secrets), keys: must(privateKeys), litter: must(litter), hidden: must(hidden)}
}

// ForRepository are those for what a repository has. Whoever committed it has
// shown it to all who can read that, so that it has no secrets.
func ForRepository() Rules { return Rules{litter: must(repository)} }

// must reads a list of ours.
func must(list string) ignore.Patterns {
	patterns, err := ignore.Parse([]byte(list))
	if err != nil {
		panic(err) // it is too long, which the first test notices
	}
	return patterns
}

// clean makes a path relative and plain; the top is empty.
func clean(folder string) string { return strings.TrimPrefix(path.Clean("/"+folder), "/") }

// Refuses says that the folder itself is one that is left out.
func (r Rules) Refuses() bool {
	for i, b := range []byte(r.base + "/") {
		if b == '/' && i > 0 && r.secret(r.base[:i], true) {
			return true
		}
	}
	return false
}

// secret is about a path relative to the home.
func (r Rules) secret(at string, folder bool) bool {
	return r.secrets.Match(strings.ToLower(at), folder).Verdict == ignore.LeftOut
}

// file is an IgnoreFile, and the folder it is in, with a slash at its end.
type file struct {
	folder   string
	patterns ignore.Patterns
}

// ask is what the file nearest to a path says of it.
func ask(files []file, at string, folder bool) ignore.Match {
	for i := len(files) - 1; i >= 0; i-- {
		if said := files[i].patterns.Match(strings.TrimPrefix(at, files[i].folder), folder); said.Verdict != ignore.Silent {
			return said
		}
	}
	return ignore.Match{}
}

// leaves says whether an entry is left out by its name. Lifted is what would be
// secret, had the owner not asked for it.
func (r Rules) leaves(files []file, e Entry) (why Reason, out, lifted bool) {
	folder := e.Info.Mode.IsDir()
	said := ask(files, e.Path, folder)
	wanted := said.Verdict == ignore.Kept && said.Literal
	at := path.Join(r.base, e.Path)
	if r.secret(at, folder) || r.holdsKey(e) {
		return Secret, !wanted, wanted
	}
	switch {
	case said.Verdict == ignore.LeftOut:
		return Ignored, true, false
	case wanted:
		return 0, false, false
	case r.litter.Match(at, folder).Verdict == ignore.LeftOut:
		return Litter, true, false
	case r.hidden.Match(at, folder).Verdict == ignore.LeftOut:
		return Hidden, true, false
	}
	return 0, false, false
}

// LeavesOut says whether an entry is left out by its name, whatever files of its
// owner's say.
func (r Rules) LeavesOut(e Entry) bool {
	_, out, _ := r.leaves(nil, e)
	return out
}

func (r Rules) holdsKey(e Entry) bool {
	if !e.Info.Mode.IsRegular() || r.keys.Match(strings.ToLower(e.Name), false).Verdict != ignore.LeftOut {
		return false
	}
	opened, _, err := e.In.File(e.Name)
	if err != nil {
		return false // it will not be copied either
	}
	defer opened.Close()
	content, err := io.ReadAll(io.LimitReader(opened, maxKey))
	return err != nil || bytes.Contains(content, []byte(keyMark))
}

// isEnvironment knows those of venv and virtualenv (PEP 405), conda and mamba.
func (r Rules) isEnvironment(folder *tree.Folder) bool {
	for _, sign := range []string{"pyvenv.cfg", "conda-meta"} {
		if _, err := folder.Stat(sign); err == nil {
			return true
		}
	}
	return false
}

// readIgnoreFile reads that of a folder, if it has one. One that cannot be read is
// an error: without it, too much would be copied.
func readIgnoreFile(folder *tree.Folder, at string) (ignore.Patterns, error) {
	wrong := func(problem string, err error) (ignore.Patterns, error) {
		failed := dashboard.InvalidField("source.folder", "The file %q %s.", path.Join(at, IgnoreFile), problem)
		failed.Cause = err
		return ignore.Patterns{}, failed
	}
	opened, _, err := folder.File(IgnoreFile)
	switch {
	case tree.Gone(err):
		return ignore.Patterns{}, nil
	case tree.Swapped(err):
		return wrong("is a link or no file. Make it a file, so that what it names is left out", err)
	case err != nil:
		return wrong("cannot be read. Change its permissions, so that what it names is left out", err)
	}
	defer opened.Close()
	content, err := io.ReadAll(io.LimitReader(opened, ignore.MaxBytes+1))
	if err != nil {
		return wrong("cannot be read. Try again", err)
	}
	patterns, err := ignore.Parse(content)
	if err != nil {
		return wrong(fmt.Sprintf("is too long: %v. Make it shorter", err), err)
	}
	return patterns, nil
}
