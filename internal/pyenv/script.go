package pyenv

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/environment"
)

// sourcing sources each of its arguments and then writes its environment to
// descriptor 3, where no script's own output is in the way. The paths are
// arguments, and never part of what the shell reads.
const sourcing = `
jhsingle_env=$1
shift
for jhsingle_script in "$@"; do
  . "$jhsingle_script" >&2
done
unset jhsingle_script
exec "$jhsingle_env" -0 >&3 3>&-`

// ownOfShell are variables that a shell sets for itself.
var ownOfShell = []string{"_", "SHLVL", "PWD", "OLDPWD", "BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS"}

// word is what a shell can have for a variable. Others it may drop.
var word = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// source runs scripts in a shell and returns the variables afterwards.
func source(ctx context.Context, paths []string, before variables) (variables, error) {
	if len(paths) == 0 {
		return before, nil
	}
	environ := before.environ()
	shell, err := environment.LookPath(environ, "bash")
	if err != nil {
		if shell, err = environment.LookPath(environ, "sh"); err != nil {
			return nil, errors.New("its scripts need a shell, but there is neither bash nor sh on the PATH")
		}
	}
	env, err := environment.LookPath(environ, "env")
	if err != nil {
		return nil, errors.New("its scripts need the program env, which is not on the PATH")
	}
	given := maps.Clone(before)
	delete(given, "BASH_ENV") // would be run first
	delete(given, "ENV")

	result, err := newOutput()
	if err != nil {
		return nil, err
	}
	command := exec.Command(shell, slices.Concat([]string{"-c", sourcing, "activate", env}, paths)...) // #nosec G204 -- see there
	command.Env = given.environ()
	command.ExtraFiles = []*os.File{result.write}
	err = wait(ctx, scriptPatience, command, result)
	out := string(result.content)
	switch {
	case err != nil:
		return nil, fmt.Errorf("a script of it failed (%s): %w", strings.Join(paths, ", "), err)
	case len(out) == 0:
		return nil, fmt.Errorf("a script of it ended the shell (%s)", strings.Join(paths, ", "))
	case !strings.HasSuffix(out, "\x00"):
		return nil, errors.New("the variables that its scripts have set broke off")
	}
	after := parse(strings.Split(out, "\x00"))
	for _, name := range ownOfShell {
		delete(after, name)
		if value, ok := before[name]; ok {
			after[name] = value
		}
	}
	for name, value := range before {
		if _, kept := after[name]; !kept && !word.MatchString(name) {
			after[name] = value
		}
	}
	return after, nil
}
