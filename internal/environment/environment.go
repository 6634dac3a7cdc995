// Package environment reads environments that are not our own: lists of NAME=value,
// as os.Environ gives them.
package environment

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Lookup finds a variable; where it stands more than once, the last counts.
func Lookup(all []string, name string) (value string, found bool) {
	for _, pair := range slices.Backward(all) {
		if value, found = strings.CutPrefix(pair, name+"="); found {
			return value, true
		}
	}
	return "", false
}

// Get is the value of a variable, and empty if there is none.
func Get(all []string, name string) string {
	value, _ := Lookup(all, name)
	return value
}

// Without returns an environment without the named variables.
func Without(all []string, names ...string) []string {
	kept := make([]string, 0, len(all))
	for _, pair := range all {
		name, _, assigned := strings.Cut(pair, "=")
		if !assigned || !slices.Contains(names, name) {
			kept = append(kept, pair)
		}
	}
	return kept
}

// LookPath finds a program by another environment's PATH. As for exec.LookPath,
// what merely lies in the working directory is none.
func LookPath(all []string, name string) (string, error) {
	for _, folder := range filepath.SplitList(Get(all, "PATH")) {
		if !filepath.IsAbs(folder) {
			continue
		}
		if path := filepath.Join(folder, name); IsProgram(path) {
			return path, nil
		}
	}
	return "", &exec.Error{Name: name, Err: errors.New("not on the PATH")}
}

// IsProgram says whether a file is there that can be run, so far as its rights
// tell.
func IsProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}
