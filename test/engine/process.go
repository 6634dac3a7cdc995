package engine

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// process is a program that runs until it is stopped, or we die.
type process struct {
	command *exec.Cmd
	ended   chan struct{}
}

// start starts one whose output goes to a file.
func start(command *exec.Cmd, logFile string) (*process, error) {
	log, err := os.Create(logFile)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the program has its own
	command.Stdout, command.Stderr = log, log
	// A test that is killed must not leave a daemon behind. The kernel sends the
	// signal when the thread that started the daemon ends, hence the locked one.
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	p := &process{command, make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer close(p.ended)
		err := command.Start()
		started <- err
		if err == nil {
			_ = command.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("cannot start %s: %w", command.Path, err)
	}
	return p, nil
}

func (p *process) kill() {
	_ = p.command.Process.Kill()
	<-p.ended
}

func (p *process) runs() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// stop asks it to end, and kills it if it does not.
func (p *process) stop() error {
	_ = p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		return nil
	case <-time.After(90 * time.Second):
		p.kill()
		return fmt.Errorf("%s does not stop within 90 s of SIGTERM", p.command.Path)
	}
}
