//go:build e2e

package containds_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// server is a PostgreSQL of the tests' own, started by the first that needs it.
var server postgresServer

type postgresServer struct {
	sync.Mutex
	bin, folder string
	attributes  *syscall.SysProcAttr
	port        int
	databases   int
}

// postgres returns the address of an empty database.
func postgres(t *testing.T) string {
	t.Helper()
	server.Lock()
	defer server.Unlock()
	if server.port == 0 {
		if err := server.start(); err != nil {
			t.Fatal(err)
		}
	}
	server.databases++
	name := fmt.Sprintf("hub%d", server.databases)
	if err := server.run("createdb", "-h", server.folder, "-p", strconv.Itoa(server.port), "-U", "hub", name); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("postgresql://hub:hunter2%%20%%26%%40@127.0.0.1:%d/%s", server.port, name)
}

func (s *postgresServer) start() error {
	programs, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(programs) == 0 {
		return errors.New("there is no PostgreSQL: install Debian's package postgresql")
	}
	s.bin = filepath.Dir(programs[len(programs)-1])
	if s.folder, err = os.MkdirTemp("", "containds-postgres-"); err != nil {
		return err
	}
	if os.Geteuid() == 0 { // as whom it refuses to run
		account, err := user.Lookup("postgres")
		if err != nil {
			return err
		}
		uid, _ := strconv.Atoi(account.Uid)
		gid, _ := strconv.Atoi(account.Gid)
		if err := os.Chown(s.folder, uid, gid); err != nil {
			return err
		}
		s.attributes = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	password, data := filepath.Join(s.folder, "password"), filepath.Join(s.folder, "data")
	if err := os.WriteFile(password, []byte("hunter2 &@\n"), 0o644); err != nil {
		return err
	}
	if err := s.run("initdb", "-D", data, "-U", "hub", "--auth-local=trust", "--auth-host=scram-sha-256", "--pwfile", password, "--no-sync"); err != nil {
		return err
	}
	ports, err := bed.FreePorts(1)
	if err != nil {
		return err
	}
	port := ports[0]
	options := fmt.Sprintf("-c listen_addresses=127.0.0.1 -c port=%d -c unix_socket_directories=%s -c fsync=off", port, s.folder)
	if err := s.run("pg_ctl", "start", "-w", "-D", data, "-l", filepath.Join(s.folder, "server.log"), "-o", options); err != nil {
		return err
	}
	s.port = port
	return nil
}

// run runs one of its programs.
func (s *postgresServer) run(name string, args ...string) error {
	log, err := os.Create(filepath.Join(s.folder, name+".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	command := exec.Command(filepath.Join(s.bin, name), args...)
	command.Dir, command.SysProcAttr = s.folder, s.attributes
	command.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	command.Stdout, command.Stderr = log, log // no pipe, which the server would keep open
	if err := command.Run(); err != nil {
		said, _ := os.ReadFile(log.Name())
		return fmt.Errorf("%s: %w\n%s", name, err, said)
	}
	return nil
}

func (s *postgresServer) stop() error {
	if s.folder == "" {
		return nil
	}
	var err error
	if s.port != 0 {
		err = s.run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", filepath.Join(s.folder, "data"))
	}
	return errors.Join(err, os.RemoveAll(s.folder))
}
