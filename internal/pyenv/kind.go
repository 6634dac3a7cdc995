package pyenv

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// maxConfig bounds pyvenv.cfg, which has a dozen lines.
const maxConfig = 64 << 10

// kindOf tells an environment by the files that each has: conda-meta
// (conda.core.prefix_data), pyvenv.cfg (PEP 405), in which uv names itself.
// It is empty for any other folder.
func kindOf(prefix string) string {
	if info, err := os.Stat(filepath.Join(prefix, "conda-meta")); err == nil && info.IsDir() {
		return KindConda
	}
	config, err := readConfig(filepath.Join(prefix, "pyvenv.cfg"))
	switch {
	case err != nil:
		return ""
	case config["uv"] != "":
		return KindUV
	}
	return KindVenv
}

// readConfig reads a pyvenv.cfg: a key, an equals sign and a value in each
// line.
func readConfig(path string) (map[string]string, error) {
	file, err := os.Open(path) // #nosec G304 -- in a folder that whoever starts us named
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() > maxConfig {
		return nil, fmt.Errorf("%s is not the file of an environment", path)
	}
	config := map[string]string{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if key, value, found := strings.Cut(lines.Text(), "="); found {
			config[strings.ToLower(strings.TrimSpace(key))] = strings.TrimSpace(value)
		}
	}
	return config, lines.Err()
}

// nameOf is how the tools call the environment at a prefix: its last part in a
// folder of environments, base for the one that the tool itself is in, the name
// of the project for a .venv in it, and else its path.
func nameOf(prefix string) string {
	if kindOf(prefix) != KindConda {
		if config, err := readConfig(filepath.Join(prefix, "pyvenv.cfg")); err == nil {
			if prompt := strings.Trim(config["prompt"], `'"`); prompt != "" {
				return prompt
			}
		}
		if filepath.Base(prefix) == ".venv" {
			return filepath.Base(filepath.Dir(prefix))
		}
		return filepath.Base(prefix)
	}
	switch {
	case filepath.Base(filepath.Dir(prefix)) == "envs":
		return filepath.Base(prefix)
	case isRoot(prefix):
		return "base"
	}
	return prefix
}

// isRoot says whether a conda environment is the one with the tool in it.
func isRoot(prefix string) bool {
	for _, sign := range []string{"condabin", "envs"} {
		if info, err := os.Stat(filepath.Join(prefix, sign)); err == nil && info.IsDir() {
			return true
		}
	}
	return false
}
