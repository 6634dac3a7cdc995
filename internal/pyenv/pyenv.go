// Package pyenv finds an environment of conda, mamba, micromamba, venv or uv by
// its name or path, and activates it: it returns the variables that a shell has
// after activating it.
package pyenv

import (
	"context"
	"errors"
	"strings"
	"unicode"
)

// Kinds of environments.
const (
	KindConda = "conda" // also of mamba and micromamba: the environments are the same
	KindVenv  = "venv"
	KindUV    = "uv"
)

// Environment is an environment that was activated.
type Environment struct {
	// Kind is conda, venv or uv.
	Kind string
	// Name is how its tools call it; its path where it has no name.
	Name string
	// Prefix is its folder, an absolute path.
	Prefix string
	// Interpreter is the path of its Python, or of its R where it has no
	// Python; empty if it has neither.
	Interpreter string
	// Version is the interpreter's, such as "Python 3.12.4".
	Version string
	// Env is the whole environment for the app.
	Env []string
}

// Activate finds the environment that is called name, or is at the path name,
// and returns it with the variables of environ as they are after its
// activation. What was active before is deactivated. An error says what is
// wrong and which environments there are.
func Activate(ctx context.Context, name string, environ []string) (Environment, error) {
	if err := check(name); err != nil {
		return Environment{}, err
	}
	prefix, err := find(ctx, name, environ)
	if err != nil {
		return Environment{}, err
	}
	found := Environment{Kind: kindOf(prefix), Prefix: prefix}
	found.Name = nameOf(prefix)
	switch found.Kind {
	case KindConda:
		found.Env, err = activateConda(ctx, found, environ)
	default:
		found.Env = activateVenv(prefix, environ)
	}
	if err != nil {
		return Environment{}, err
	}
	if err := found.findInterpreter(ctx); err != nil {
		return Environment{}, err
	}
	return found, nil
}

func check(name string) error {
	switch {
	case name == "":
		return errors.New("the name of the environment is empty")
	case strings.HasPrefix(name, "-"):
		return errors.New("the name of the environment begins with a hyphen: it would be taken for an option")
	case strings.ContainsFunc(name, unicode.IsControl):
		return errors.New("the name of the environment has control characters")
	}
	return nil
}
