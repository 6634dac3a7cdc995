//go:build e2e

package dropin

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// prefix is where the programs serve unless a line says otherwise.
const prefix = "/user/alice/lab/"

// running is a program with the app behind it.
type running struct {
	column
	prefix string
	port   int // where it listens
	free   int // a further port that nobody listens on
	folder string
	// server is its name at the real hub, if that runs it.
	server string
	// hub gets the reports of activity, if the line has a place for it.
	hub *hubStub
	// held is a listener that stands in its way, if the line wants one.
	held net.Listener
	// given is its environment.
	given []string
	dial  func() (net.Conn, error)
	// dialBare and dialPlain lack a certificate, and TLS, where the line has it.
	dialBare, dialPlain func() (net.Conn, error)
	// limit is how long an answer is waited for, if not as long as anything else.
	limit time.Duration
	// header is added to each request: credentials.
	header string

	command *exec.Cmd
	output  *buffer
	ended   chan struct{}
}

// starting bounds how many programs start at once: that is work for the
// processor, and all else is waiting.
var starting = make(chan struct{}, 3)

// start starts a program and waits until it listens or has ended, and, unless
// told otherwise, until its app answers.
func start(ctx context.Context, l line, of column) (at *running, err error) {
	if l.underHub {
		return startByHub(ctx, l, of)
	}
	ports, err := bed.FreePorts(2)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "dropin-")
	if err != nil {
		return nil, err
	}
	at = &running{column: of, prefix: prefix, port: ports[0], free: ports[1], folder: folder, output: &buffer{}, ended: make(chan struct{})}
	at.dial = func() (net.Conn, error) {
		return net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", at.port), patience)
	}
	at.hub = newHubStub()
	if l.before != nil {
		if err := l.before(at); err != nil {
			return at, err
		}
	}
	variables := map[string]string{
		"HOME": folder, "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1",
		"PATH":                      filepath.Dir(shared.programs[of]) + string(os.PathListSeparator) + os.Getenv("PATH"),
		"JUPYTERHUB_SERVICE_PREFIX": prefix,
		"JUPYTERHUB_SERVER_NAME":    "lab",
	}
	for name, value := range l.environment {
		variables[name] = at.fill(value)
	}
	for name, value := range variables {
		if value != "" {
			at.given = append(at.given, name+"="+value)
		}
	}
	if value, given := l.environment["JUPYTERHUB_SERVICE_PREFIX"]; given {
		at.prefix = strings.TrimSuffix(value, "/") + "/"
	}
	at.prefix = cmp.Or(l.prefix, at.prefix)
	var arguments []string
	for _, argument := range l.arguments(of) {
		arguments = append(arguments, at.fill(argument))
	}
	at.command = exec.Command(shared.programs[of], arguments...)
	at.command.Dir, at.command.Env = folder, at.given
	at.command.Stdout, at.command.Stderr = at.output, at.output
	at.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}

	starting <- struct{}{}
	defer func() { <-starting }()
	if err := at.command.Start(); err != nil {
		close(at.ended)
		return at, err
	}
	go func() {
		_ = at.command.Wait() // how it ended is in ProcessState
		close(at.ended)
	}()
	if l.ends {
		return at, nil
	}
	return at, at.awaitStart(ctx, !l.asleep)
}

func (at *running) awaitStart(ctx context.Context, app bool) error {
	deadline := time.After(patience)
	for {
		if connection, err := at.dial(); err == nil {
			connection.Close()
			if !app {
				return nil
			}
			switch r := at.get("report"); {
			case strings.Contains(string(r.body), "Pulling content from git"): // the old program's page
			case r.header.Get("X-Child") != "":
				return nil
			case r.status != http.StatusServiceUnavailable && r.status != 0:
				return nil // an answer like any other, for the rows to look at
			}
		}
		select {
		case <-at.ended:
			return nil // likewise
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline:
			log := at.output.String()
			return fmt.Errorf("%s does not come up:\n%s", at.column, log[max(0, len(log)-2000):])
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// fill puts in what differs from run to run.
func (at *running) fill(text string) string {
	return strings.NewReplacer(
		"@port@", strconv.Itoa(at.port), "@free@", strconv.Itoa(at.free),
		"@child@", shared.child, "@folder@", at.folder, "@hub@", at.hub.url(), "@origin@", at.folder+".origin",
	).Replace(text)
}

// tell is fill backwards: what differs from run to run is taken out.
func (at *running) tell(text string) string {
	text = strings.ReplaceAll(text, at.folder, "FOLDER")
	if at.server != "" {
		text = strings.ReplaceAll(text, at.server, "NAME")
	}
	text = strings.ReplaceAll(text, shared.child, "CHILD")
	text = regexp.MustCompile(`\b(`+strconv.Itoa(at.port)+`)\b`).ReplaceAllString(text, "PORT")
	text = regexp.MustCompile(`\b(`+strconv.Itoa(at.free)+`)\b`).ReplaceAllString(text, "FREE")
	return text
}

// exit is how a program ended by itself, and its last words; "" while it runs.
func (at *running) exit() string {
	select {
	case <-at.ended:
	default:
		return ""
	}
	lines := strings.Split(strings.TrimSpace(at.output.String()), "\n")
	return fmt.Sprintf("exit %d: %s", at.command.ProcessState.ExitCode(), at.tell(lines[len(lines)-1]))
}

// end ends a program and everything below it, and keeps its log.
func (at *running) end(name string) error {
	var failures []error
	if at.server != "" {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		failures = append(failures, shared.hub.StopServer(ctx, owner, at.server))
	}
	if at.command != nil && at.command.Process != nil {
		_ = syscall.Kill(-at.command.Process.Pid, syscall.SIGKILL) // gone already, perhaps
		<-at.ended
		// What left the group has the folder in its environment, as HOME.
		left, err := bed.ProcessesWith("HOME=" + at.folder + "\x00")
		failures = append(failures, err)
		for _, process := range left {
			_ = syscall.Kill(process.ID, syscall.SIGKILL)
		}
	}
	if at.held != nil {
		failures = append(failures, at.held.Close())
	}
	at.hub.close()
	file := filepath.Join(shared.output, fmt.Sprintf("%s.%d.log", name, at.column))
	failures = append(failures, os.WriteFile(file, []byte(at.output.String()), 0o600), os.RemoveAll(at.folder), os.RemoveAll(at.folder+".origin"))
	return errors.Join(failures...)
}

// buffer takes what a program writes while others read it.
type buffer struct {
	mutex sync.Mutex
	bytes bytes.Buffer
}

func (b *buffer) Write(text []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.bytes.Write(text)
}

func (b *buffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.bytes.String()
}
