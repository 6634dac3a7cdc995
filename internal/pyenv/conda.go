package pyenv

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// scriptPatience is how long all activation scripts together may take.
	scriptPatience = time.Minute
	// maxState bounds conda-meta/state and the like.
	maxState = 1 << 20
	// unset is the value of a variable that the environment takes away
	// (conda.base.constants.CONDA_ENV_VARS_UNSET_VAR).
	unset = "***unset***"
	// mamba writes the variables of an environment into this folder as well.
	variablesFolder = "etc/conda/env_vars.d"
)

// activateConda does what "conda activate" does (conda.activate): it leaves
// what is active, sets the variables, and runs the scripts that packages
// brought. It needs no tool for it, so that it works where there is none, as in
// an environment that was packed with conda-pack.
func activateConda(ctx context.Context, to Environment, environ []string) ([]string, error) {
	v := parse(environ)
	leaveVenv(v)
	if err := leaveConda(ctx, v); err != nil {
		return nil, err
	}
	v.enter(filepath.Join(to.Prefix, "bin"))
	v["CONDA_PREFIX"] = to.Prefix
	v["CONDA_DEFAULT_ENV"] = to.Name
	v["CONDA_PROMPT_MODIFIER"] = "(" + to.Name + ") "
	v["CONDA_SHLVL"] = "1"
	own, err := readVariables(to.Prefix)
	if err != nil {
		return nil, err
	}
	for name, value := range own {
		if value == unset {
			delete(v, name)
			continue
		}
		v[name] = value
	}
	changed, err := source(ctx, scripts(to.Prefix, "activate.d"), v)
	if err != nil {
		return nil, fmt.Errorf("the environment %s cannot be activated: %w", to.Prefix, err)
	}
	return changed.environ(), nil
}

// leaveConda takes away what the active environment set; those that it was
// activated on top of are left, too.
func leaveConda(ctx context.Context, v variables) error {
	level, _ := strconv.Atoi(v["CONDA_SHLVL"])
	for level = min(level, 16); level > 0 || v["CONDA_PREFIX"] != ""; level-- {
		active := v["CONDA_PREFIX"]
		delete(v, "CONDA_PREFIX")
		if filepath.IsAbs(active) {
			// What cannot be undone is left: the environment may be gone.
			if changed, err := source(ctx, reversed(scripts(active, "deactivate.d")), v); err == nil {
				maps.DeleteFunc(v, func(name, _ string) bool { _, kept := changed[name]; return !kept })
				maps.Copy(v, changed)
			} else if ctx.Err() != nil {
				return err
			}
			if own, err := readVariables(active); err == nil {
				for name, value := range own {
					if v[name] == value {
						delete(v, name)
					}
					if saved, ok := v["__CONDA_SHLVL_"+strconv.Itoa(level-1)+"_"+name]; ok {
						v[name] = saved
					}
				}
			}
			v.leave(filepath.Join(active, "bin"))
		}
		below := "CONDA_PREFIX_" + strconv.Itoa(level-1)
		if level > 1 {
			v["CONDA_PREFIX"] = v[below]
		}
		delete(v, below)
	}
	maps.DeleteFunc(v, func(name, _ string) bool {
		return strings.HasPrefix(name, "__CONDA_SHLVL_") || strings.HasPrefix(name, "CONDA_PREFIX_") || name == "CONDA_STACKED_"
	})
	delete(v, "CONDA_PREFIX")
	return nil
}

// scripts are those of a folder below etc/conda, in the order of their names.
func scripts(prefix, folder string) []string {
	found, err := filepath.Glob(filepath.Join(escapeGlob(prefix), "etc", "conda", folder, "*.sh"))
	if err != nil {
		return nil
	}
	slices.Sort(found)
	return found
}

func reversed(paths []string) []string {
	slices.Reverse(paths)
	return paths
}

// escapeGlob makes a path stand for itself in a pattern.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// readVariables reads those that "conda env config vars set" gave to the
// environment, and those of its packages.
func readVariables(prefix string) (map[string]string, error) {
	all := map[string]string{}
	files, _ := filepath.Glob(filepath.Join(escapeGlob(prefix), variablesFolder, "*.json"))
	slices.Sort(files)
	for _, file := range files {
		var some map[string]any
		if err := readJSON(file, &some); err != nil {
			return nil, err
		}
		addVariables(all, some, false)
	}
	var state struct {
		Variables map[string]any `json:"env_vars"`
	}
	if err := readJSON(filepath.Join(prefix, "conda-meta", "state"), &state); err != nil {
		return nil, err
	}
	addVariables(all, state.Variables, true)
	return all, nil
}

// addVariables takes those that can be variables. In the state, names are
// written in capitals.
func addVariables(all map[string]string, some map[string]any, capitals bool) {
	for name, value := range some {
		text, ok := value.(string)
		if !ok {
			text = fmt.Sprint(value)
		}
		if name == "" || strings.ContainsAny(name, "=\x00") || strings.ContainsRune(text, 0) {
			continue
		}
		if capitals {
			name = strings.ToUpper(name)
		}
		all[name] = text
	}
}

// readJSON reads a file, which may not be there.
func readJSON(path string, into any) error {
	info, err := os.Stat(path)
	if err != nil {
		return nil // it need not be there
	}
	if !info.Mode().IsRegular() || info.Size() > maxState {
		return fmt.Errorf("%s is not a file with the variables of an environment", path)
	}
	content, err := os.ReadFile(path) // #nosec G304 -- in a folder that whoever starts us named
	if err != nil {
		return fmt.Errorf("the variables of the environment cannot be read: %w", err)
	}
	if err := json.Unmarshal(content, into); err != nil {
		return fmt.Errorf("the variables of the environment in %s cannot be read: %w", path, err)
	}
	return nil
}
