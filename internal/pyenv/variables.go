package pyenv

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// variables are an environment that can be changed.
type variables map[string]string

func parse(environ []string) variables {
	v := variables{}
	for _, entry := range environ {
		if name, value, found := strings.Cut(entry, "="); found && name != "" {
			v[name] = value
		}
	}
	return v
}

func (v variables) environ() []string {
	environ := make([]string, 0, len(v))
	for _, name := range slices.Sorted(maps.Keys(v)) {
		environ = append(environ, name+"="+v[name])
	}
	return environ
}

// leave takes a folder out of the PATH.
func (v variables) leave(folder string) {
	folders := filepath.SplitList(v["PATH"])
	folders = slices.DeleteFunc(folders, func(f string) bool { return filepath.Clean(f) == filepath.Clean(folder) })
	v["PATH"] = strings.Join(folders, string(os.PathListSeparator))
}

// enter puts a folder before the PATH.
func (v variables) enter(folder string) {
	if v["PATH"] == "" {
		v["PATH"] = folder
		return
	}
	v["PATH"] = folder + string(os.PathListSeparator) + v["PATH"]
}
