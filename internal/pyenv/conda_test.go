package pyenv

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func has(t *testing.T, found Environment, pairs ...string) {
	t.Helper()
	for _, pair := range pairs {
		if !slices.Contains(found.Env, pair) {
			t.Errorf("should have %q: %q", pair, found.Env)
		}
	}
}

func hasNot(t *testing.T, found Environment, names ...string) {
	t.Helper()
	for _, name := range names {
		if slices.ContainsFunc(found.Env, func(pair string) bool { return strings.HasPrefix(pair, name+"=") }) {
			t.Errorf("should not have %s: %q", name, found.Env)
		}
	}
}

// What "conda activate base; conda activate below" left, and then another.
func TestWhatIsActiveIsLeft(t *testing.T) {
	folder := t.TempDir()
	base, below, next := filepath.Join(folder, "base"), filepath.Join(folder, "below"), filepath.Join(folder, "next")
	for _, prefix := range []string{base, below, next} {
		newConda(t, prefix, nil)
	}
	write(t, 0o644, `{"env_vars": {"OF_BELOW": "1", "HIDDEN": "below", "CHANGED": "below"}}`, below, "conda-meta", "state")
	write(t, 0o644, `{"env_vars": {"TAKEN": "***unset***", "OF_NEXT": "1"}}`, next, "conda-meta", "state")
	write(t, 0o644, "echo below >>"+folder+"/left; unset BY_SCRIPT", below, "etc", "conda", "deactivate.d", "a.sh")
	write(t, 0o644, "echo below2 >>"+folder+"/left", below, "etc", "conda", "deactivate.d", "b.sh")
	write(t, 0o644, "echo base >>"+folder+"/left", base, "etc", "conda", "deactivate.d", "a.sh")
	found := activated(t, next,
		"PATH="+below+"/bin:"+base+"/bin:"+base+"/condabin:/usr/bin:/bin", "CONDA_SHLVL=2", "CONDA_PREFIX="+below, "CONDA_PREFIX_1="+base,
		"CONDA_DEFAULT_ENV=below", "OF_BELOW=1", "HIDDEN=below", "__CONDA_SHLVL_1_HIDDEN=mine", "CHANGED=since", "TAKEN=1", "BY_SCRIPT=1",
		"VIRTUAL_ENV=/v", "PYTHONHOME=/p", "odd.name=kept", "BASH_ENV="+folder+"/never")
	has(t, found, "PATH="+next+"/bin:"+base+"/condabin:/usr/bin:/bin", "CONDA_SHLVL=1", "CONDA_PREFIX="+next, "HIDDEN=mine",
		"CHANGED=since", "OF_NEXT=1", "odd.name=kept", "BASH_ENV="+folder+"/never")
	hasNot(t, found, "CONDA_PREFIX_1", "OF_BELOW", "TAKEN", "BY_SCRIPT", "VIRTUAL_ENV", "PYTHONHOME", "__CONDA_SHLVL_1_HIDDEN")
	left, err := os.ReadFile(filepath.Join(folder, "left"))
	if err != nil || string(left) != "below2\nbelow\nbase\n" {
		t.Errorf("it was left by %q, %v", left, err)
	}
}

// A container's CONDA_SHLVL can be anything.
func TestLeavingEnds(t *testing.T) {
	prefix := t.TempDir()
	newConda(t, prefix, nil)
	for _, level := range []string{"2000000000", "-5", "x", ""} {
		found := activated(t, prefix, path, "CONDA_SHLVL="+level, "CONDA_PREFIX=/surely/not/there")
		has(t, found, "CONDA_SHLVL=1", "CONDA_PREFIX="+prefix)
	}
}

// The base environment has its own name, and those below it theirs.
func TestNamesOfConda(t *testing.T) {
	folder := t.TempDir()
	newConda(t, filepath.Join(folder, "conda"), nil)
	newConda(t, filepath.Join(folder, "conda", "envs", "lab"), nil)
	tool := write(t, 0o755, "#!/bin/sh\nexit 1\n", folder, "conda", "bin", "conda")
	for name, prefix := range map[string]string{"base": "conda", "root": "conda", "lab": "conda/envs/lab"} {
		found := activated(t, name, path, "CONDA_EXE="+tool)
		if found.Prefix != filepath.Join(folder, prefix) {
			t.Errorf("%s is %s", name, found.Prefix)
		}
	}
	has(t, activated(t, "root", path, "CONDA_EXE="+tool), "CONDA_DEFAULT_ENV=base")
	has(t, activated(t, "lab", path, "CONDA_EXE="+tool), "CONDA_DEFAULT_ENV=lab")
}

func TestInventories(t *testing.T) {
	folder := t.TempDir()
	newConda(t, filepath.Join(folder, "envs", "lab"), nil)
	newConda(t, filepath.Join(folder, "base"), nil)
	for name, text := range map[string]string{
		"conda":         `{"envs": ["` + folder + `/envs/lab", "/surely/gone", "relative"], "root_prefix": "` + folder + `/base"}`,
		"micromamba 1":  `{"base environment": "` + folder + `/base", "envs directories": ["` + folder + `/envs"]}`,
		"micromamba 2":  "warning\n" + `{"base environment": "` + folder + `/base", "envs directories": "` + folder + `/envs"}`,
		"conda folders": `{"root_prefix": "` + folder + `/base", "envs_dirs": ["` + folder + `/envs"]}` + "\nnote",
	} {
		found, err := parseInventory([]byte(text))
		got := found.prefixes()
		slices.Sort(got)
		if err != nil || !slices.Equal(got, []string{folder + "/base", folder + "/envs/lab"}) {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

func TestToolsThatFail(t *testing.T) {
	folder := t.TempDir()
	for name, script := range map[string]string{
		"exit status 3: out of order": "echo out of order >&2; exit 3",
		"not understood":              "echo hello",
	} {
		tool := write(t, 0o755, "#!/bin/sh\n"+script+"\n", folder, "conda")
		_, err := Activate(t.Context(), "lab", []string{path, "CONDA_EXE=" + tool})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %s", err, name)
		}
	}
}

// A script that puts something into a session of its own, with our pipe.
func TestAScriptThatLeavesADaemon(t *testing.T) {
	prefix := t.TempDir()
	pid := filepath.Join(prefix, "pid")
	newConda(t, prefix, map[string]string{"x.sh": "setsid sh -c 'echo $$ >" + pid + "; exec sleep 300' & while [ ! -s " + pid + " ]; do sleep 0.01; done; export FINE=1"})
	t.Cleanup(func() {
		if content, err := os.ReadFile(pid); err == nil {
			number, _ := strconv.Atoi(strings.TrimSpace(string(content)))
			if number > 1 {
				_ = syscall.Kill(number, syscall.SIGKILL)
			}
		}
	})
	begin := time.Now()
	has(t, activated(t, prefix, path), "FINE=1")
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("took %s", took)
	}
}

func TestAScriptThatHangs(t *testing.T) {
	prefix := t.TempDir()
	newConda(t, prefix, map[string]string{"x.sh": "sleep 300"})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if _, err := Activate(ctx, prefix, []string{path}); err == nil || time.Since(begin) > 10*time.Second {
		t.Errorf("got %v after %s", err, time.Since(begin))
	}
}

func FuzzInventory(f *testing.F) {
	f.Add([]byte(`{"envs": ["/a"], "root_prefix": "/b", "envs directories": ["/c"]}`))
	f.Add([]byte(`warning {"envs directories": "/c", "envs": null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		found, err := parseInventory(text)
		if err != nil {
			return
		}
		for _, prefix := range found.prefixes() {
			if !filepath.IsAbs(prefix) || kindOf(prefix) == "" {
				t.Errorf("%q is taken for an environment", prefix)
			}
		}
	})
}

func FuzzConfig(f *testing.F) {
	f.Add("home = /usr/bin\nuv = 0.9.1\nprompt = 'x'\n")
	f.Add("=\n==\n\x00=\xff")
	file := filepath.Join(f.TempDir(), "pyvenv.cfg")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		config, err := readConfig(file)
		for key := range config {
			if err == nil && key != strings.ToLower(strings.TrimSpace(key)) {
				t.Errorf("the key %q", key)
			}
		}
	})
}
