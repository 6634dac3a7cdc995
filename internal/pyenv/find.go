package pyenv

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/environment"
	"github.com/ideonate/jhsingle-native-proxy/internal/suggest"
)

const (
	// maxListed bounds what is read of a list of environments.
	maxListed = 1 << 20
	// mostNamed is how many names an error gives.
	mostNamed = 12
)

// find returns the prefix of an environment.
func find(ctx context.Context, name string, environ []string) (string, error) {
	if strings.ContainsRune(name, '/') || name == "." || name == ".." || name == "~" {
		return findPath(name, environ)
	}
	// Where environments are can be seen without the tools, whose start takes
	// a second.
	places := places{environ: environ}
	known := places.known()
	if prefix := match(name, known); prefix != "" {
		return prefix, nil
	}
	told, complaints := askTools(ctx, environ)
	if prefix := match(name, told); prefix != "" {
		return prefix, nil
	}
	// A folder here, such as venv or .venv.
	if here, err := filepath.Abs(name); err == nil {
		if kindOf(here) != "" || kindOf(filepath.Join(here, ".venv")) != "" {
			return findPath(here, environ)
		}
	}
	return "", notFound(name, slices.Concat(known, told), complaints)
}

// match finds the prefix of a name: the first whose last part it is.
func match(name string, prefixes []string) string {
	for _, prefix := range prefixes {
		if filepath.Base(prefix) == name {
			return prefix
		}
	}
	if name == "base" || name == "root" {
		for _, prefix := range prefixes {
			if kindOf(prefix) == KindConda && nameOf(prefix) == "base" {
				return prefix
			}
		}
	}
	return ""
}

// findPath takes the name for a path: of an environment, or of a project that
// has one in .venv, as those of uv do.
func findPath(name string, environ []string) (string, error) {
	path := name
	if rest, ok := strings.CutPrefix(path, "~"); ok && (rest == "" || rest[0] == '/') && environment.Get(environ, "HOME") != "" {
		path = environment.Get(environ, "HOME") + rest
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("there is no folder %s%s", path, suggest.DidYouMean(filepath.Base(path), environmentsIn(filepath.Dir(path))))
	case err != nil:
		return "", fmt.Errorf("the environment cannot be looked at: %w", err)
	case !info.IsDir():
		return "", fmt.Errorf("%s is a file, but should be the folder of an environment", path)
	}
	for _, prefix := range []string{path, filepath.Join(path, ".venv")} {
		if kindOf(prefix) != "" {
			return prefix, nil
		}
	}
	return "", fmt.Errorf("%s is not an environment: it has neither conda-meta, nor pyvenv.cfg, nor a .venv", path)
}

func notFound(name string, prefixes, complaints []string) error {
	var names []string
	for _, prefix := range prefixes {
		names = append(names, nameOf(prefix))
	}
	slices.Sort(names)
	names = slices.Compact(names)
	text := "there is no environment of this name" + suggest.DidYouMean(name, names)
	switch {
	case len(names) > mostNamed:
		text += fmt.Sprintf("; there are %s and %d more", strings.Join(names[:mostNamed], ", "), len(names)-mostNamed)
	case len(names) > 0:
		text += "; there are " + strings.Join(names, ", ")
	default:
		text += ", and no other was found: give its path, or set CONDA_EXE or MAMBA_ROOT_PREFIX"
	}
	if len(complaints) > 0 {
		text += " (" + strings.Join(complaints, "; ") + ")"
	}
	return errors.New(text)
}

// places are where the tools keep their environments.
type places struct{ environ []string }

// known are the prefixes of all environments that can be seen, those of conda
// before those of venv.
func (p places) known() []string {
	var found []string
	for _, root := range p.roots() {
		if kindOf(root) == KindConda {
			found = append(found, root)
		}
	}
	for _, folder := range p.folders() {
		found = append(found, prefixesIn(folder)...)
	}
	if home := environment.Get(p.environ, "HOME"); home != "" {
		for _, prefix := range readList(filepath.Join(home, ".conda", "environments.txt")) {
			if kindOf(prefix) != "" {
				found = append(found, prefix)
			}
		}
		found = append(found, prefixesIn(p.or("WORKON_HOME", filepath.Join(home, ".virtualenvs")))...)
	}
	return unique(found)
}

// roots are the prefixes that the tools themselves are in.
func (p places) roots() []string {
	var roots []string
	add := func(path string) {
		if filepath.IsAbs(path) {
			roots = append(roots, filepath.Clean(path))
		}
	}
	add(environment.Get(p.environ, "MAMBA_ROOT_PREFIX"))
	add(environment.Get(p.environ, "CONDA_ROOT"))
	for _, name := range []string{"CONDA_EXE", "MAMBA_EXE"} {
		if tool, err := filepath.EvalSymlinks(environment.Get(p.environ, name)); err == nil && tool != "" {
			add(filepath.Dir(filepath.Dir(tool)))
		}
	}
	if active := environment.Get(p.environ, "CONDA_PREFIX"); active != "" {
		add(active)
		if parent := filepath.Dir(active); filepath.Base(parent) == "envs" {
			add(filepath.Dir(parent))
		}
	}
	return unique(roots)
}

// folders are those with an environment in each of their folders.
func (p places) folders() []string {
	var folders []string
	for _, root := range p.roots() {
		folders = append(folders, filepath.Join(root, "envs"))
	}
	for _, name := range []string{"CONDA_ENVS_DIRS", "CONDA_ENVS_PATH"} {
		for folder := range strings.SplitSeq(environment.Get(p.environ, name), string(os.PathListSeparator)) {
			if filepath.IsAbs(folder) {
				folders = append(folders, folder)
			}
		}
	}
	if home := environment.Get(p.environ, "HOME"); home != "" {
		folders = append(folders,
			filepath.Join(home, ".conda", "envs"),
			filepath.Join(home, "micromamba", "envs"),
			filepath.Join(home, ".local", "share", "mamba", "envs"))
	}
	return unique(folders)
}

func (p places) or(name, otherwise string) string {
	if value := environment.Get(p.environ, name); value != "" {
		return value
	}
	return otherwise
}

func prefixesIn(folder string) []string {
	var found []string
	for _, name := range environmentsIn(folder) {
		found = append(found, filepath.Join(folder, name))
	}
	return found
}

// environmentsIn are the names of the environments in a folder.
func environmentsIn(folder string) []string {
	if !filepath.IsAbs(folder) {
		return nil
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil
	}
	var names []string
	for _, entry := range entries {
		if kindOf(filepath.Join(folder, entry.Name())) != "" {
			names = append(names, entry.Name())
		}
	}
	return names
}

// readList reads a file of paths, one in each line.
func readList(path string) []string {
	file, err := os.Open(path) // #nosec G304 -- a file of conda's own
	if err != nil {
		return nil
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() > maxListed {
		return nil
	}
	var paths []string
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); filepath.IsAbs(line) {
			paths = append(paths, filepath.Clean(line))
		}
	}
	return paths
}

// unique drops what comes again, and keeps the order.
func unique(paths []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(paths, func(path string) bool {
		was := seen[path]
		seen[path] = true
		return was
	})
}
