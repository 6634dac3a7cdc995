package engine

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// StartApart is Start with a containerd that outlives the daemon when that is
// killed, as on machines where both are services. The one that a daemon starts for
// itself dies with it, and does not come back while a container is paused.
func StartApart(cache string) (*Engine, error) {
	e, err := prepare(cache)
	if err != nil {
		return nil, err
	}
	if err := e.startContainerd(); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	if err := e.Restart(); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

func (e *Engine) startContainerd() error {
	program, err := exec.LookPath("containerd")
	if err != nil {
		return errors.New("no containerd on this machine: install Debian's package docker.io (or Docker's own engine)")
	}
	e.containerd = filepath.Join(e.scratch, "containerd.sock")
	config := filepath.Join(e.scratch, "containerd.toml")
	settings := fmt.Sprintf("version = 2\nroot = %q\nstate = %q\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n[grpc]\naddress = %q\n",
		filepath.Join(e.data, "containerd-apart"), filepath.Join(e.scratch, "containerd"), e.containerd)
	if err := os.WriteFile(config, []byte(settings), 0o600); err != nil {
		return err
	}
	e.runtime, err = start(exec.Command(program, "--config", config), filepath.Join(e.cache, "containerd.log"))
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if _, err := os.Stat(e.containerd); err == nil {
			return nil
		}
	}
	return errors.New("containerd does not listen within 30 s")
}
