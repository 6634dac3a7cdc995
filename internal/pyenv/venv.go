package pyenv

import "path/filepath"

// activateVenv does what bin/activate of venv, virtualenv and uv does: after
// leaving the one that is active, the environment's programs come first, and
// nothing tells its Python to look elsewhere.
func activateVenv(prefix string, environ []string) []string {
	v := parse(environ)
	leaveVenv(v)
	v["VIRTUAL_ENV"] = prefix
	v["VIRTUAL_ENV_PROMPT"] = nameOf(prefix)
	v.enter(filepath.Join(prefix, "bin"))
	return v.environ()
}

func leaveVenv(v variables) {
	if active := v["VIRTUAL_ENV"]; active != "" {
		v.leave(filepath.Join(active, "bin"))
	}
	for _, name := range []string{"VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT", "PYTHONHOME"} {
		delete(v, name)
	}
}
