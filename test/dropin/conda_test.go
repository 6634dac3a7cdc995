//go:build e2e

package dropin

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// conda makes an environment as conda keeps them, and what stands for conda
// itself: the two commands and the script that the programs use of it. Real
// ones are tested in test/source.
func conda(at *running) error {
	root := at.folder + "/conda"
	env := root + "/envs/analysis"
	if output, err := exec.Command("python3", "-m", "venv", "--without-pip", env).CombinedOutput(); err != nil {
		return fmt.Errorf("python3 -m venv: %w: %s", err, output)
	}
	for _, folder := range []string{root + "/bin", root + "/condabin", env + "/conda-meta", env + "/etc/conda/activate.d"} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	for file, text := range map[string]string{
		root + "/bin/conda":                      "#!/bin/sh\necho '" + fmt.Sprintf(`{"conda_prefix": %q, "envs": [%q, %q]}`, root, root, env) + "'\n",
		root + "/bin/activate":                   "[ -d \"$1/conda-meta\" ] || { echo \"Not a conda environment: $1\" >&2; return 1; }\nexport CONDA_PREFIX=$1 CONDA_DEFAULT_ENV=${1##*/} PATH=$1/bin:$PATH\nfor script in \"$1\"/etc/conda/activate.d/*.sh; do . \"$script\"; done\n",
		env + "/etc/conda/activate.d/package.sh": "export OF_A_PACKAGE=\"$CONDA_PREFIX/share\"\n",
	} {
		if err := os.WriteFile(file, []byte(text), 0o755); err != nil {
			return err
		}
	}
	return os.Symlink(shared.child, filepath.Join(env, "bin", "app-of-the-environment"))
}

// condaLine is a command line in an environment.
func condaLine(name string, app []string, rows ...row) line {
	return line{
		name: "conda " + name, before: conda,
		old:         append([]string{"--port=@port@", "--authtype=none", "--conda-env=" + name}, app...),
		environment: map[string]string{"CONDA_EXE": "@folder@/conda/bin/conda"},
		rows:        rows,
	}
}

// condaEnvironments are the lines about --conda-env.
func condaEnvironments() []line {
	unknown := condaLine("anlysis", []string{"@child@", "listen={port}"},
		row{what: "`--conda-env anlysis`, which is not there", see: refusal, why: "said at once, with the names that there are"})
	unknown.ends = true
	return []line{
		condaLine("analysis", []string{"app-of-the-environment", "listen={port}", "two words"},
			row{what: "`--conda-env analysis`: a program of the environment", see: ok},
			row{what: "… its arguments", see: arguments},
			row{what: "… `CONDA_PREFIX`", see: variable("CONDA_PREFIX")},
			row{what: "… `CONDA_DEFAULT_ENV`", see: variable("CONDA_DEFAULT_ENV")},
			row{what: "… what a package's script sets", see: variable("OF_A_PACKAGE")},
			row{what: "… what is first on `PATH`", see: func(at *running) string {
				path, _, _ := strings.Cut(strings.Trim(variable("PATH")(at), "`"), ":")
				return code(path)
			}}),
		unknown,
	}
}
