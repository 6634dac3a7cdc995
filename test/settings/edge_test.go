//go:build e2e

package settings

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// edge is an nginx before the hubs, at which TLS ends.
type edge struct {
	// public, proto and forwarded are ports: see nginx.conf.
	public, proto, forwarded int

	folder  string
	command *exec.Cmd
	ended   chan struct{}
}

func (e *edge) start(s *stage, publicHub, forwardedHub int) error {
	program, err := exec.LookPath("nginx")
	if err != nil {
		return errors.New("there is no nginx. Install it (Debian: apt install nginx-light)")
	}
	if e.folder, err = os.MkdirTemp("", "settings-edge-"); err != nil {
		return err
	}
	pair := filepath.Join(e.folder, "edge")
	if err := s.pki.pair.write(pair+".crt", pair+".key"); err != nil {
		return err
	}
	template, err := os.ReadFile(filepath.Join(s.Root, "test", "settings", "nginx.conf"))
	if err != nil {
		return err
	}
	config := strings.NewReplacer(
		"FOLDER", e.folder,
		"EDGE_PUBLIC", strconv.Itoa(e.public), "HUB_PUBLIC", strconv.Itoa(publicHub),
		"EDGE_PROTO", strconv.Itoa(e.proto), "HUB_FORWARDED", strconv.Itoa(forwardedHub),
		"EDGE_FORWARDED", strconv.Itoa(e.forwarded),
	).Replace(string(template))
	file := filepath.Join(e.folder, "nginx.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(s.output, "nginx.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	e.command = exec.Command(program, "-p", e.folder, "-c", file)
	e.command.Stdout, e.command.Stderr = log, log
	e.command.SysProcAttr = dieWithUs()
	if err := e.command.Start(); err != nil {
		return err
	}
	e.ended = make(chan struct{})
	go func() {
		_ = e.command.Wait() // how it ended is in its log
		close(e.ended)
	}()
	return e.await(s)
}

func (e *edge) await(s *stage) error {
	last := errors.New("never tried")
	trust := s.trust()
	trust.ServerName = publicName
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		select {
		case <-e.ended:
			return fmt.Errorf("nginx ended: %v; see nginx.log in %s", e.command.ProcessState, s.output)
		case <-time.After(50 * time.Millisecond):
		}
		var conn net.Conn
		dialer := tls.Dialer{Config: trust}
		if conn, last = dialer.DialContext(context.Background(), "tcp", fmt.Sprintf("127.0.0.1:%d", e.public)); last == nil {
			return conn.Close()
		}
	}
	return last
}

func (e *edge) close() error {
	if e.ended != nil {
		_ = e.command.Process.Signal(syscall.SIGTERM)
		<-e.ended
	}
	return os.RemoveAll(e.folder)
}

// port is a port as it stands in a URL.
func port(number int) string { return ":" + strconv.Itoa(number) + "/" }
