package pyenv

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/environment"
)

// toolPatience is how long a tool may take to list its environments; conda
// takes a second, or ten on a slow disk.
const toolPatience = 30 * time.Second

// inventory is what "info --json" says: conda's keys, and those of micromamba
// and mamba 2, which have blanks.
type inventory struct {
	Environments []string `json:"envs"`
	Root         string   `json:"root_prefix"`
	Base         string   `json:"base environment"`
	Folders      []string `json:"envs_dirs"`
	Directories  any      `json:"envs directories"` // a text or a list
}

// prefixes are all the environments in it.
func (i inventory) prefixes() []string {
	folders := i.Folders
	switch value := i.Directories.(type) {
	case string:
		folders = append(folders, value)
	case []any:
		for _, folder := range value {
			if text, ok := folder.(string); ok {
				folders = append(folders, text)
			}
		}
	}
	var found []string
	for _, prefix := range append([]string{i.Root, i.Base}, i.Environments...) {
		if filepath.IsAbs(prefix) && kindOf(prefix) != "" {
			found = append(found, filepath.Clean(prefix))
		}
	}
	for _, folder := range folders {
		found = append(found, prefixesIn(folder)...)
	}
	return unique(found)
}

// askTools asks each tool that is there for its environments. One that fails
// is complained of, in case that no environment is found.
func askTools(ctx context.Context, environ []string) (prefixes, complaints []string) {
	asked := map[string]bool{}
	for _, candidate := range []struct{ variable, name string }{
		{"CONDA_EXE", ""}, {"MAMBA_EXE", ""}, {"", "conda"}, {"", "mamba"}, {"", "micromamba"},
	} {
		name := candidate.name
		if candidate.variable != "" {
			if name = environment.Get(environ, candidate.variable); name == "" {
				continue
			}
		}
		tool, ok := findTool(environ, name)
		if !ok {
			if candidate.variable != "" {
				complaints = append(complaints, fmt.Sprintf("%s is %s, which cannot be run", candidate.variable, name))
			}
			continue
		}
		if same, err := filepath.EvalSymlinks(tool); err == nil {
			if asked[same] {
				continue
			}
			asked[same] = true
		}
		out, err := run(ctx, toolPatience, environ, tool, "info", "--json")
		if err != nil {
			complaints = append(complaints, fmt.Sprintf("%s cannot list its environments: %v", tool, err))
			continue
		}
		found, err := parseInventory(out)
		if err != nil {
			complaints = append(complaints, fmt.Sprintf("%s lists its environments in a way that is not understood", tool))
			continue
		}
		prefixes = append(prefixes, found.prefixes()...)
	}
	return unique(prefixes), complaints
}

// parseInventory reads it. Warnings before the JSON, on the same output, are
// not rare.
func parseInventory(out []byte) (inventory, error) {
	var found inventory
	text := string(out)
	if i := strings.IndexByte(text, '{'); i > 0 {
		text = text[i:]
	}
	err := json.NewDecoder(strings.NewReader(text)).Decode(&found)
	return found, err
}

// findTool finds a tool on the PATH of an environment, or at its path.
func findTool(environ []string, name string) (string, bool) {
	if strings.ContainsRune(name, '/') {
		return name, environment.IsProgram(name)
	}
	tool, err := environment.LookPath(environ, name)
	return tool, err == nil
}
