//go:build e2e

package dropin

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// git runs git in a folder and gives what it says.
func git(folder string, arguments ...string) (string, error) {
	command := exec.Command("git", append([]string{"-c", "user.name=A", "-c", "user.email=a@example.org"}, arguments...)...)
	command.Dir = folder
	output, err := command.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(arguments, " "), err, output)
	}
	return strings.TrimSpace(string(output)), nil
}

// commit writes files and commits them.
func commit(folder string, files map[string]string) error {
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	if _, err := git(folder, "add", "."); err != nil {
		return err
	}
	_, err := git(folder, "commit", "-m", "a commit")
	return err
}

// origin makes a repository of three commits, and a branch "other" that goes on
// from the first with one of its own.
func origin(branch string) func(*running) error {
	return func(at *running) error {
		folder := at.fill("@origin@")
		if _, err := git(at.folder, "init", "-q", "-b", branch, folder); err != nil {
			return err
		}
		for _, text := range []string{"one", "two", "three"} {
			if err := commit(folder, map[string]string{"file": text, "nb.ipynb": text}); err != nil {
				return err
			}
		}
		for _, arguments := range [][]string{{"checkout", "-q", "-b", "other", "HEAD~2"}, {"commit", "--allow-empty", "-q", "-m", "other"}, {"checkout", "-q", branch}} {
			if _, err := git(folder, arguments...); err != nil {
				return err
			}
		}
		return nil
	}
}

// changed makes a clone in which the user has changed something since, as has
// the origin.
func changed(at *running) error {
	if err := origin("master")(at); err != nil {
		return err
	}
	clone := at.folder + "/work"
	if _, err := git(at.folder, "clone", "-q", "--depth=1", "--no-single-branch", "file://"+at.fill("@origin@"), clone); err != nil {
		return err
	}
	for name, text := range map[string]string{"file": "mine", "new": "mine", "own": "mine"} {
		if err := os.WriteFile(filepath.Join(clone, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	if err := os.Remove(filepath.Join(clone, "nb.ipynb")); err != nil {
		return err
	}
	return commit(at.fill("@origin@"), map[string]string{"file": "theirs", "new": "theirs", "more": "theirs"})
}

// cloned tells something that git knows of the folder.
func cloned(arguments ...string) func(*running) string {
	return func(at *running) string {
		told, err := git(at.folder+"/work", arguments...)
		if err != nil {
			return "no repository"
		}
		return code(told)
	}
}

// content tells what is in files.
func content(names ...string) func(*running) string {
	return func(at *running) string {
		var words []string
		for _, name := range names {
			found, err := filepath.Glob(filepath.Join(at.folder, "work", name))
			if err != nil || len(found) == 0 {
				words = append(words, "nothing")
				continue
			}
			text, err := os.ReadFile(found[0])
			if err != nil {
				return err.Error()
			}
			words = append(words, code(string(text)))
		}
		return strings.Join(words, ", ")
	}
}

// folderOfApp is its working directory.
func folderOfApp(at *running) string {
	told, err := at.reported()
	if err != nil {
		return err.Error()
	}
	return at.tell(told.Folder)
}

// fetched waits for what becomes of a repository that cannot be had.
func fetched(at *running) string {
	var r reply
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		r = at.ask(page)
		if text := string(r.body); strings.Contains(text, "no-such-repository") {
			return r.String() + " that names the repository"
		}
		if r.fromApp() {
			break
		}
	}
	return r.String()
}

// sourced is a line with a repository.
func sourced(name string, before func(*running) error, flags []string, rows ...row) line {
	return line{name: "repo " + name, old: append(open(flags...), "path={presentation_path}"), before: before, rows: rows}
}

// source is about where the app comes from.
func source() section {
	const repo = "--repo=file://@origin@"
	depth := sourced("branch", origin("master"), []string{repo, "--repobranch=other", "--repofolder=work"},
		row{what: "`--repobranch other`", see: cloned("branch", "--show-current")},
		row{what: "`NBGITPULLER_DEPTH=2`: commits", see: cloned("rev-list", "--count", "HEAD")})
	depth.environment = map[string]string{"NBGITPULLER_DEPTH": "2"}
	missing := sourced("missing", nil, []string{"--repo=file:///no-such-repository", "--repofolder=work"},
		row{what: "a repository that is not there", see: fetched, why: "a page with git's words and a way to try again"})
	missing.asleep = true
	return section{title: "Where the app comes from", lines: append([]line{
		sourced("master", origin("master"), []string{repo, "--repofolder=work", "--presentation-path=work/nb.ipynb"},
			row{what: "`--repo URL --repofolder work`: the app's working directory", see: folderOfApp},
			row{what: "… branch", see: cloned("branch", "--show-current")},
			row{what: "… commits", see: cloned("rev-list", "--count", "HEAD")},
			row{what: "… files", see: content("file")},
			row{what: "… `{presentation_path}` of `work/nb.ipynb`", see: argument("path=")}),
		depth,
		sourced("main", origin("main"), []string{repo, "--repofolder=work"},
			row{what: "no `--repobranch`, and `main` is the default", see: content("file"), why: "the repository says which branch is its default"}),
		sourced("changed", changed, []string{repo, "--repofolder=work"},
			row{what: "a clone of before: a file changed by the user and by others", see: content("file")},
			row{what: "… a file that others have added", see: content("more")},
			row{what: "… a file of the user's own", see: content("own")},
			row{what: "… a file that the user and others have added: theirs, and the user's beside it", see: content("new", "new__*")},
			row{what: "… a file that the user has deleted", see: content("nb.ipynb")}),
		missing,
	}, condaEnvironments()...)}
}
