//go:build e2e

package source

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// sshServer is OpenSSH's server, run by and for who runs the tests.
type sshServer struct {
	address string // ssh://user@127.0.0.1:port
	// command is ssh with its key, and with the server's known.
	command string
	key     string
}

func newSSHServer(t *testing.T) sshServer {
	t.Helper()
	folder := t.TempDir()
	for _, name := range []string{"host", "key", "stranger"} {
		if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(folder, name)).CombinedOutput(); err != nil {
			t.Fatalf("ssh-keygen: %v: %s", err, out)
		}
	}
	public, err := os.ReadFile(filepath.Join(folder, "key.pub"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "authorized_keys"), string(public))
	ports, err := bed.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	port := ports[0]
	config := write(t, filepath.Join(folder, "config"), fmt.Sprintf(`
Port %d
ListenAddress 127.0.0.1
HostKey %s/host
AuthorizedKeysFile %[2]s/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
`, port, folder))
	if os.Geteuid() == 0 {
		// Debian's server wants it, and its service makes it.
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	program, err := exec.LookPath("sshd")
	if err != nil {
		program = "/usr/sbin/sshd" // not on everybody's PATH
	}
	log, err := os.Create(filepath.Join(folder, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	command := exec.Command(program, "-D", "-e", "-f", config)
	command.Stderr = log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		if t.Failed() {
			said, _ := os.ReadFile(filepath.Join(folder, "log"))
			t.Logf("sshd: %s", said)
		}
	})
	address := fmt.Sprintf("127.0.0.1:%d", port)
	eventually(t, func() error {
		connection, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			connection.Close()
		}
		return err
	})
	host, err := os.ReadFile(filepath.Join(folder, "host.pub"))
	if err != nil {
		t.Fatal(err)
	}
	known := write(t, filepath.Join(folder, "known_hosts"), fmt.Sprintf("[127.0.0.1]:%d %s", port, host))
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return sshServer{
		address: fmt.Sprintf("ssh://%s@%s", me.Username, address),
		command: "ssh -F none -o IdentitiesOnly=yes -o UserKnownHostsFile=" + known + " -i ",
		key:     filepath.Join(folder, "key"),
	}
}

func TestSSH(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	folder := w.repository("x")
	s := newSSHServer(t)
	source := w.source(s.address+folder, "GIT_SSH_COMMAND="+s.command+s.key, "GIT_TOKEN="+secret)
	w.pull(source)
	w.wants("name", "x")
	write(t, w.folder+"/mine", "mine")
	w.commit(folder, "name", "news")
	w.pull(source)
	w.wants("name", "news")

	// As it is configured.
	other := w.source(s.address + folder)
	other.Folder += "-other"
	write(t, w.home+"/.gitconfig", "[core]\n\tsshCommand = "+s.command+s.key+"\n")
	w.pull(other)
}

// What would ask at a terminal says what is missing instead.
func TestSSHRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	folder := w.repository("x")
	s := newSSHServer(t)
	stranger := strings.TrimSuffix(s.key, "key") + "stranger"
	w.refused(w.source(s.address+folder, "GIT_SSH_COMMAND="+s.command+stranger), "did not accept an SSH key")
	w.refused(w.source(s.address+folder, "GIT_SSH_COMMAND=ssh -F none -o UserKnownHostsFile=/dev/null -i "+s.key), "SSH key is not known", "known_hosts")
	w.refused(w.source(s.address+folder+"-not", "GIT_SSH_COMMAND="+s.command+s.key), "no such repository")
	w.refused(w.source("ssh://git@no-such-host.invalid/x"), "host no-such-host.invalid was not found")

	// A key with a passphrase.
	if out, err := exec.Command("ssh-keygen", "-q", "-p", "-P", "", "-N", "phrase", "-f", s.key).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %v: %s", err, out)
	}
	w.refused(w.source(s.address+folder, "GIT_SSH_COMMAND="+s.command+s.key), "did not accept an SSH key", "passphrase")
}
