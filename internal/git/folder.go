package git

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// state is what a folder is, to somebody who wants a repository there.
type state int

const (
	absent     state = iota // there is nothing of this name
	vacant                  // a folder without content
	unfinished              // a clone that broke off, or is at work
	repository              // a work tree with its .git
	occupied                // something else
)

// scratch is the folder within the target in which a clone is made. Inside it,
// because the target can be a mounted volume, or the working directory, which
// cannot be replaced, and its parent may not be ours to write.
const scratch = ".jhsingle-clone"

// lockName is the file that is locked as long as we work in a folder.
const lockName = ".jhsingle-pull.lock"

// inspect looks at a folder without touching it.
func inspect(folder string) (state, error) {
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if link, err := os.Lstat(folder); err == nil && link.Mode()&fs.ModeSymlink != 0 {
			return occupied, fmt.Errorf("the folder %s for the repository is a link to something that is not there: mend or remove the link", folder)
		}
		return absent, nil
	case err != nil:
		return occupied, fmt.Errorf("the folder for the repository cannot be looked at: %w", err)
	case !info.IsDir():
		return occupied, fmt.Errorf("%s is a file, but should be the folder for the repository: give another --repofolder, or move it away", folder)
	}
	if _, err := os.Lstat(filepath.Join(folder, ".git")); err == nil {
		return repository, nil
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return occupied, fmt.Errorf("the folder for the repository cannot be read: %w", err)
	}
	found := vacant
	for _, entry := range entries {
		switch entry.Name() {
		case scratch:
			return unfinished, nil
		case lockName, "lost+found": // the latter is in each new volume
		default:
			found = occupied
		}
	}
	return found, nil
}

// configuredOrigin is the remote of a folder's repository, or empty. It reads
// the one file, as git refuses to look into a folder of another user.
func configuredOrigin(folder string) string {
	program, err := exec.LookPath("git")
	if err != nil {
		return ""
	}
	// #nosec G204 -- git, and a path that is one word
	out, err := exec.Command(program, "config", "--file", filepath.Join(folder, ".git", "config"), "--get", "remote.origin.url").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
