//go:build e2e

// Package store tests the store of dashboards on a real PostgreSQL, and on disks
// that are full or cannot be written.
//
//	go test -tags e2e ./test/store/
package store

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
)

// patience is the bound of every wait for something that should take moments.
const patience = time.Minute

// password is that of the server's user, with all that is special in a URL.
const password = `s3cret/p@ss:w?r#d%`

// server is a PostgreSQL of our own. It listens in its folder only, and so needs
// no port of the machine's.
type server struct {
	binaries string
	folder   string
	// account is who runs it, as root may not; nil is ourselves.
	account *syscall.Credential
	process *exec.Cmd
	count   atomic.Int32
}

// newServer makes a server's folder. Its databases sort by the rules of a language,
// as most do: the store must not depend on that.
func newServer() (*server, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(found) == 0 {
		return nil, errors.New("there is no PostgreSQL below /usr/lib/postgresql: install Debian's package postgresql")
	}
	slices.Sort(found)
	s := &server{binaries: found[len(found)-1]}
	if s.folder, err = os.MkdirTemp("", "pg"); err != nil {
		return nil, err
	}
	if err := s.adopt(); err != nil {
		return s, err
	}
	secret := filepath.Join(s.folder, "password")
	if err := os.WriteFile(secret, []byte(password), 0o644); err != nil { // in a folder that is closed
		return s, err
	}
	initialize := s.command("initdb", "--pgdata="+s.data(), "--username=ada", "--pwfile="+secret, "--auth=scram-sha-256",
		"--encoding=UTF8", "--locale-provider=icu", "--icu-locale=en-US", "--locale=C.UTF-8", "--no-sync")
	if output, err := initialize.CombinedOutput(); err != nil {
		return s, fmt.Errorf("initdb: %w\n%s", err, output)
	}
	return s, nil
}

// adopt gives the folder to the user that Debian runs PostgreSQL as.
func (s *server) adopt() error {
	if os.Geteuid() != 0 {
		return nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return err
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return err
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return err
	}
	s.account = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(s.folder, int(uid), int(gid))
}

func (s *server) data() string { return filepath.Join(s.folder, "data") }

func (s *server) command(name string, arguments ...string) *exec.Cmd {
	command := exec.Command(filepath.Join(s.binaries, name), arguments...)
	command.Dir = s.folder
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8"}
	// It ends with whoever started it.
	command.SysProcAttr = &syscall.SysProcAttr{Credential: s.account, Pdeathsig: syscall.SIGINT}
	return command
}

// start returns when it takes connections.
func (s *server) start() error {
	s.process = s.command("postgres", "-D", s.data(), "-k", s.folder, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=200")
	said, err := s.process.StderrPipe()
	if err != nil {
		return err
	}
	if err := s.process.Start(); err != nil {
		return err
	}
	ready := make(chan error, 1)
	go func() {
		var all bytes.Buffer
		for lines := bufio.NewScanner(said); lines.Scan(); { // to its end, or it would wait for us
			fmt.Fprintln(&all, lines.Text())
			if strings.Contains(lines.Text(), "ready to accept connections") {
				ready <- nil
			}
		}
		select {
		case ready <- fmt.Errorf("PostgreSQL does not start:\n%s", &all):
		default:
		}
	}()
	select {
	case err := <-ready:
		return err
	case <-time.After(patience):
		return errors.New("PostgreSQL is not ready for a minute")
	}
}

// stop ends it, in spite of those who are connected.
func (s *server) stop() {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Signal(syscall.SIGINT) // a fast shutdown
	_ = s.process.Wait()
	s.process = nil
}

// remove ends it and takes away its folder.
func (s *server) remove() error {
	s.stop()
	return os.RemoveAll(s.folder)
}

// url is where a database is.
func (s *server) url(database string) string {
	address := url.URL{
		Scheme: "postgres", User: url.UserPassword("ada", password), Path: "/" + database,
		RawQuery: url.Values{"host": {s.folder}}.Encode(),
	}
	return address.String()
}

// create makes an empty database and returns its name.
func (s *server) create(t testing.TB) string {
	t.Helper()
	name := fmt.Sprint("test_", s.count.Add(1))
	s.execute(t, "postgres", "CREATE DATABASE "+name)
	return name
}

// execute does something as the administrator.
func (s *server) execute(t testing.TB, database string, statements ...string) {
	t.Helper()
	db, err := sql.Open("pgx", s.url(database))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.ExecContext(context.Background(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// shared is the server of all tests that leave it as it is.
var shared *server

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) (code int) {
	if os.Getenv(apart) != "" {
		return m.Run() // of a disk's
	}
	var err error
	shared, err = newServer()
	if err == nil {
		err = shared.start()
	}
	if shared != nil {
		defer func() {
			if err := shared.remove(); err != nil {
				fmt.Fprintln(os.Stderr, "after the tests:", err)
				code = 1
			}
		}()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "the tests of the store cannot begin:", err)
		return 1
	}
	return m.Run()
}
