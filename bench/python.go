package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// prefix is where a hub would have put the server.
const prefix = "/user/ada/"

// startPython starts the program that ours replaces, without the line per
// request that it logs by default.
func startPython(w *workshop) (*server, error) {
	program, err := w.pythonProgram()
	if err != nil {
		return nil, err
	}
	env := []string{"JUPYTERHUB_SERVICE_PREFIX=" + prefix}
	s, err := w.launch(env, func(address string) []string {
		_, port := split(address)
		return []string{program, "--authtype=none", "--no-logs", "--ip=127.0.0.1", "--port=" + port,
			"--last-activity-interval=0", "--", w.binary("app"), "-listen", "127.0.0.1:{port}"}
	})
	if err != nil {
		return nil, err
	}
	s.base += prefix[1:]
	return s, nil
}

// pythonProgram installs the old program with the locked list of what it needs,
// once for each list.
func (w *workshop) pythonProgram() (string, error) {
	list := filepath.Join(w.root, "bench", "requirements.txt")
	text, err := os.ReadFile(list)
	if err != nil {
		return "", err
	}
	folder := filepath.Join(w.cache, fmt.Sprintf("python-%.4x", sha256.Sum256(text)))
	done := filepath.Join(folder, "installed")
	program := filepath.Join(folder, "bin", "jhsingle-native-proxy")
	if _, err := os.Stat(done); err == nil {
		return program, nil
	}
	fmt.Fprintln(os.Stderr, "installing jhsingle-native-proxy 0.8.3 from PyPI, once ...")
	if _, err := output(w.ctx, "python3", "-m", "venv", "--clear", folder); err != nil {
		return "", err
	}
	if _, err := output(w.ctx, filepath.Join(folder, "bin", "pip"), "install", "--quiet", "--requirement", list); err != nil {
		return "", err
	}
	return program, os.WriteFile(done, []byte(time.Now().Format(time.DateOnly)+"\n"), 0o644)
}
