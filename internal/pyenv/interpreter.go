package pyenv

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/environment"
)

// versionPatience is how long an interpreter may take to say its version. On a
// disk that has just been mounted, Python can take seconds.
const versionPatience = 30 * time.Second

// findInterpreter finds the environment's Python and asks for its version, so
// that one which cannot start is known now, and not from an app that does not.
func (e *Environment) findInterpreter(ctx context.Context) error {
	for _, name := range []string{"python", "python3"} {
		path := filepath.Join(e.Prefix, "bin", name)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			if to, err := os.Readlink(path); err == nil {
				return fmt.Errorf("the environment %s is broken: its %s leads to %s, which is not there; make the environment anew", e.Prefix, filepath.Join("bin", name), to)
			}
			continue
		}
		out, err := run(ctx, versionPatience, e.Env, path, "-S", "-c", "import sys; sys.stdout.write('%d.%d.%d' % sys.version_info[:3])")
		if err != nil {
			return fmt.Errorf("the environment %s is broken: its %s does not start; make the environment anew: %w", e.Prefix, filepath.Join("bin", name), err)
		}
		e.Interpreter, e.Version = path, "Python "+lastLine(string(out))
		return nil
	}
	if e.Kind != KindConda {
		return fmt.Errorf("the environment %s is broken: it has no bin/python; make the environment anew", e.Prefix)
	}
	// One of R, or of neither: conda's have whatever was asked for.
	for _, name := range []string{"Rscript", "R"} {
		path := filepath.Join(e.Prefix, "bin", name)
		if !environment.IsProgram(path) {
			continue
		}
		e.Interpreter, e.Version = path, "R"
		if records, _ := filepath.Glob(filepath.Join(escapeGlob(e.Prefix), "conda-meta", "r-base-*.json")); len(records) > 0 {
			version, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(records[0]), "r-base-"), "-")
			e.Version = "R " + version
		}
		return nil
	}
	return nil
}
