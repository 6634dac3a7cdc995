package pyenv

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// write makes a file and its folder.
func write(t *testing.T, mode os.FileMode, content string, path ...string) string {
	t.Helper()
	file := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	return file
}

// realPython is the machine's own, without what stands before it on PATH.
func realPython(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output()
	if err != nil {
		t.Fatalf("these tests need python3: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// newVenv makes a real one.
func newVenv(t *testing.T, path string) {
	t.Helper()
	if out, err := exec.Command("python3", "-m", "venv", "--without-pip", path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// newConda makes what conda would: its records, a Python, and scripts.
func newConda(t *testing.T, prefix string, scripts map[string]string) {
	t.Helper()
	write(t, 0o644, "", prefix, "conda-meta", "history")
	if err := os.MkdirAll(filepath.Join(prefix, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(realPython(t), filepath.Join(prefix, "bin", "python")); err != nil {
		t.Fatal(err)
	}
	for name, script := range scripts {
		write(t, 0o644, script, prefix, "etc", "conda", "activate.d", name)
	}
}

func activated(t *testing.T, name string, environ ...string) Environment {
	t.Helper()
	found, err := Activate(context.Background(), name, environ)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

const path = "PATH=/usr/local/bin:/usr/bin:/bin"

func TestARealVenv(t *testing.T) {
	prefix := filepath.Join(t.TempDir(), "my board's")
	newVenv(t, prefix)
	found := activated(t, prefix, path+":"+prefix+"-other/bin", "PYTHONHOME=/nowhere", "VIRTUAL_ENV="+prefix+"-other", "KEEP=1")
	if found.Kind != KindVenv || found.Name != "my board's" || found.Prefix != prefix || found.Interpreter != prefix+"/bin/python" || !strings.HasPrefix(found.Version, "Python 3.") {
		t.Errorf("got %+v", found)
	}
	if want := []string{"KEEP=1", "PATH=" + prefix + "/bin:/usr/local/bin:/usr/bin:/bin", "VIRTUAL_ENV=" + prefix, "VIRTUAL_ENV_PROMPT=my board's"}; !slices.Equal(found.Env, want) {
		t.Errorf("got %q\nwant %q", found.Env, want)
	}
	command := exec.Command(found.Interpreter, "-c", "import sys; print(sys.prefix)")
	command.Env = found.Env
	if out, err := command.Output(); err != nil || strings.TrimSpace(string(out)) != prefix {
		t.Errorf("it runs in %q: %v", out, err)
	}
}

func TestNamesAndPaths(t *testing.T) {
	home := t.TempDir()
	newVenv(t, filepath.Join(home, ".virtualenvs", "virtual"))
	newVenv(t, filepath.Join(home, "project", ".venv"))
	write(t, 0o644, "home = /usr/bin\nuv = 0.9.1\n", home, "uvenv", "pyvenv.cfg")
	if err := os.Mkdir(filepath.Join(home, "uvenv", "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(realPython(t), filepath.Join(home, "uvenv", "bin", "python")); err != nil {
		t.Fatal(err)
	}
	newConda(t, filepath.Join(home, "mamba", "envs", "lab"), nil)
	newConda(t, filepath.Join(home, "far", "away"), nil)
	write(t, 0o644, home+"/far/away\n/surely/gone\n", home, ".conda", "environments.txt")
	newConda(t, filepath.Join(home, "conda"), nil)
	if err := os.Mkdir(filepath.Join(home, "conda", "condabin"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(home)
	environ := []string{path, "HOME=" + home, "MAMBA_ROOT_PREFIX=" + home + "/mamba", "CONDA_PREFIX=" + home + "/conda"}
	for name, want := range map[string]string{
		"virtual":         "venv virtual /.virtualenvs/virtual",
		"project":         "venv project /project/.venv",
		"./project":       "venv project /project/.venv",
		"~/project/.venv": "venv project /project/.venv",
		home + "/uvenv":   "uv uvenv /uvenv",
		"uvenv":           "uv uvenv /uvenv",
		"lab":             "conda lab /mamba/envs/lab",
		"away":            "conda /far/away /far/away",
		"base":            "conda base /conda",
	} {
		found, err := Activate(context.Background(), name, environ)
		got := fmt.Sprintf("%s %s %s", found.Kind, strings.TrimPrefix(found.Name, home), strings.TrimPrefix(found.Prefix, home))
		if err != nil || got != want {
			t.Errorf("%s: got %q, want %q: %v", name, got, want, err)
		}
	}
}

func TestCondaIsAskedForItsEnvironments(t *testing.T) {
	folder := t.TempDir()
	newConda(t, filepath.Join(folder, "elsewhere", "lab"), nil)
	tool := write(t, 0o755, "#!/bin/sh\n[ \"$*\" = 'info --json' ] && echo warning; echo '{\"envs\": [\""+folder+"/elsewhere/lab\"]}'\n", folder, "bin", "conda")
	for _, environ := range [][]string{{path, "CONDA_EXE=" + tool}, {path + ":" + folder + "/bin"}, {path, "MAMBA_EXE=" + tool, "CONDA_EXE=/surely/not/there"}} {
		if found := activated(t, "lab", environ...); found.Prefix != folder+"/elsewhere/lab" {
			t.Errorf("%q: got %+v", environ, found)
		}
	}
}

func TestWhatActivationSets(t *testing.T) {
	folder := t.TempDir()
	prefix, before := filepath.Join(folder, "a b"), filepath.Join(folder, "before")
	newConda(t, prefix, map[string]string{
		"one.sh":   "export ONE='1\n\"x\"'\necho noise; echo noise >&2\n",
		"two.sh":   "export SEEN=\"$CONDA_PREFIX $CARRIED $GONE\"; unset TAKEN\n",
		"not.fish": "false",
	})
	write(t, 0o644, `{"env_vars": {"CARRIED": "c", "NUMBER": 1, "A=B": "x"}, "version": 1}`, prefix, "conda-meta", "state")
	write(t, 0o644, `{"BROUGHT": "b"}`, prefix, "etc", "conda", "env_vars.d", "p.json")
	newConda(t, before, nil)
	write(t, 0o644, "unset GONE", before, "etc", "conda", "deactivate.d", "x.sh")
	found := activated(t, prefix, path+":"+before+"/bin", "CONDA_PREFIX="+before, "GONE=1", "TAKEN=1", "PWD=/somewhere", "PYTHONHOME=/x")
	want := []string{
		"BROUGHT=b", "CARRIED=c", "CONDA_DEFAULT_ENV=" + prefix, "CONDA_PREFIX=" + prefix, "CONDA_PROMPT_MODIFIER=(" + prefix + ") ",
		"CONDA_SHLVL=1", "NUMBER=1", "ONE=1\n\"x\"",
		"PATH=" + prefix + "/bin:/usr/local/bin:/usr/bin:/bin", "PWD=/somewhere", "SEEN=" + prefix + " c ",
	}
	slices.Sort(found.Env)
	if !slices.Equal(found.Env, want) {
		t.Errorf("got %q\nwant %q", found.Env, want)
	}
}

func TestAnEnvironmentWithoutPythonIsOne(t *testing.T) {
	prefix := t.TempDir()
	write(t, 0o644, "", prefix, "conda-meta", "history")
	if found := activated(t, prefix, path); found.Interpreter != "" {
		t.Errorf("got %+v", found)
	}
	r := write(t, 0o755, "#!/bin/sh\n", prefix, "bin", "Rscript")
	if found := activated(t, prefix, path); found.Interpreter != r {
		t.Errorf("got %+v", found)
	}
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	folder := t.TempDir()
	newVenv(t, filepath.Join(folder, ".virtualenvs", "analysis"))
	newVenv(t, filepath.Join(folder, "dangling"))
	for _, name := range []string{"python", "python3"} {
		link := filepath.Join(folder, "dangling", "bin", name)
		if err := os.Remove(link); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("/surely/not/there", link); err != nil {
			t.Fatal(err)
		}
	}
	write(t, 0o644, "home = x", folder, "hollow", "pyvenv.cfg")
	write(t, 0o644, "home = x", folder, "sick", "pyvenv.cfg")
	write(t, 0o755, "#!/bin/sh\necho no luck >&2; exit 3\n", folder, "sick", "bin", "python")
	write(t, 0o644, "", folder, "file")
	write(t, 0o644, "", folder, "plain", "x")
	newConda(t, filepath.Join(folder, "leaves"), map[string]string{"x.sh": "echo it fails >&2; exit 4"})
	newConda(t, filepath.Join(folder, "silent"), map[string]string{"x.sh": "exit 0"})
	newConda(t, filepath.Join(folder, "damaged"), nil)
	write(t, 0o644, "{", folder, "damaged", "conda-meta", "state")
	t.Chdir(folder)
	for name, want := range map[string]string{
		"analisys":                       "there is no environment of this name (did you mean analysis?); there are analysis",
		"$(touch x)":                     "there is no environment of this name",
		"-x":                             "begins with a hyphen",
		"a\nb":                           "control characters",
		"":                               "is empty",
		"./nope":                         "there is no folder",
		"./file":                         "is a file, but should be the folder of an environment",
		"./plain":                        "is not an environment: it has neither conda-meta",
		"./dangling":                     "leads to /surely/not/there, which is not there; make the environment anew",
		"./hollow":                       "it has no bin/python",
		"./sick":                         "make the environment anew: exit status 3: no luck",
		"./leaves":                       "exit status 4: it fails",
		"./silent":                       "ended the shell",
		"./damaged":                      "cannot be read: unexpected end of JSON",
		"./" + strings.Repeat("x", 5000): "cannot be looked at",
	} {
		_, err := Activate(context.Background(), name, []string{path, "HOME=" + folder})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: got %v, want %s", name, err, want)
		}
	}
	_, err := Activate(context.Background(), "lab", []string{path, "HOME=/surely/not/there", "CONDA_EXE=/surely/not/conda"})
	if err == nil || !strings.Contains(err.Error(), "no other was found") || !strings.Contains(err.Error(), "/surely/not/conda") {
		t.Errorf("got %v", err)
	}
}

// TestSecurityNoNameIsReadByAShell: folders and scripts with names that a shell
// would read.
func TestSecurityNoNameIsReadByAShell(t *testing.T) {
	folder := t.TempDir()
	witness := filepath.Join(folder, "witness")
	prefix := filepath.Join(folder, "$(touch witness)`touch witness`';touch witness;'\"")
	newConda(t, prefix, map[string]string{"$(touch witness);touch witness.sh": "export FINE=1"})
	t.Chdir(folder)
	found := activated(t, prefix, path)
	if !slices.Contains(found.Env, "FINE=1") || !slices.Contains(found.Env, "CONDA_PREFIX="+prefix) {
		t.Errorf("got %q", found.Env)
	}
	if _, err := os.Stat(witness); err == nil {
		t.Error("a shell has read a name")
	}
}

func TestATheToolThatHangsIsGivenUp(t *testing.T) {
	folder := t.TempDir()
	pids := filepath.Join(folder, "pids")
	tool := write(t, 0o755, "#!/bin/sh\nsleep 300 & echo $! $$ > "+pids+"; wait\n", folder, "conda")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	result := make(chan error, 1)
	go func() {
		_, err := Activate(ctx, "lab", []string{path, "CONDA_EXE=" + tool})
		result <- err
	}()
	var content []byte
	for deadline := time.Now().Add(20 * time.Second); !strings.HasSuffix(string(content), "\n"); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the tool does not start")
		}
		content, _ = os.ReadFile(pids)
	}
	cancel()
	select {
	case err := <-result:
		if err == nil {
			t.Error("got an environment")
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it waits for the tool")
	}
	for _, pid := range strings.Fields(string(content)) {
		for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			stat, err := os.ReadFile("/proc/" + pid + "/stat")
			if err != nil || strings.Contains(string(stat), ") Z ") {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("process %s is left", pid)
			}
		}
	}
}

// A tool may print without end; what is taken of it has one.
func TestOfMuchOutputTheBeginningIsTaken(t *testing.T) {
	out, err := run(t.Context(), time.Minute, []string{path}, "sh", "-c", "echo begin; head -c 20000000 /dev/zero")
	if err != nil || len(out) != maxOutput || !strings.HasPrefix(string(out), "begin\n") {
		t.Errorf("got %d bytes, %v", len(out), err)
	}
}

// The variables that scripts leave are taken whole or not at all.
func TestHalfAnEnvironmentIsNone(t *testing.T) {
	folder := t.TempDir()
	write(t, 0o755, "#!/bin/sh\nprintf 'ONE=1\\0TWO=a half'\n", folder, "bin", "env")
	prefix := filepath.Join(folder, "prefix")
	newConda(t, prefix, map[string]string{"x.sh": "export FINE=1"})
	_, err := Activate(t.Context(), prefix, []string{"PATH=" + folder + "/bin:/usr/bin:/bin"})
	if err == nil || !strings.Contains(err.Error(), "broke off") {
		t.Errorf("got %v", err)
	}
}

func TestAScriptThatLeavesSomethingRunning(t *testing.T) {
	prefix := t.TempDir()
	newConda(t, prefix, map[string]string{"x.sh": "sleep 30 & export FINE=1"})
	begin := time.Now()
	if found := activated(t, prefix, path); !slices.Contains(found.Env, "FINE=1") {
		t.Errorf("got %q", found.Env)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("took %s", took)
	}
}
