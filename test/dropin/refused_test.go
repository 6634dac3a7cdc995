//go:build e2e

package dropin

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// refusal is how a program ends by itself at once, or that it does not. The
// app's command is never reached by one whose flags are wrong.
func refusal(at *running) string {
	for deadline := time.Now().Add(2 * patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if exit := at.exit(); exit != "" {
			return strings.NewReplacer("|", "\\|", "<", "&lt;").Replace(exit)
		}
		if r := at.ask(page); r.status != 0 && (r.fromApp() || r.status != http.StatusServiceUnavailable) {
			return r.String()
		}
		if strings.Contains(at.output.String(), "Starting jhsingle-native-proxy") && at.ask(page).status == 0 {
			return "goes on, and listens elsewhere"
		}
	}
	return "nothing"
}

// wrong is a line whose flags are wrong, with the same for all programs.
func wrong(name, what, why string, arguments ...string) line {
	return line{name: "wrong " + name, old: arguments, ends: true, rows: []row{{what: what, see: refusal, why: why}}}
}

const named = "says what was expected, and how to mend it; 64 is what sysexits.h has for a wrong command line"

// refused is about values that are wrong.
func refused() section {
	app := []string{"@child@", "listen={port}"}
	with := func(flags ...string) []string { return append(append([]string{"--authtype=none"}, flags...), app...) }
	portTaken := wrong("taken", "a port that is taken", "one sentence, no traceback", open()...)
	portTaken.before = func(at *running) (err error) {
		listener, err := net.Listen("tcp", fmt.Sprintf(":%d", at.port))
		at.held = listener
		return err
	}
	unknown := wrong("flag", "`--prot 1`", named, with("--port=@port@", "--prot", "1")...)
	unknown.standalone = []string{"--prot=1", "--port=@port@", "--no-authentication", "--", "@child@", "listen={port}"}
	port := wrong("port", "`--port x`", "as above", with("--port=x")...)
	port.standalone = []string{"--port=x", "--no-authentication", "--", "@child@", "listen={port}"}
	portTaken.rows[0].see = within(time.Second, refusal) // who has the port takes calls and says nothing
	return section{title: "What is refused", explains: "The exit code and the last line that is written; a program that goes on shows its answer to the first request.", lines: []line{
		unknown,
		port,
		wrong("range", "`--port 70000`", "as above", with("--port=70000")...),
		wrong("seconds", "`--last-activity-interval x`", "as above", with("--last-activity-interval=x")...),
		wrong("authtype", "`--authtype ldap`", "as above", with("--authtype=ldap")...),
		wrong("missing", "`--port` without a value", "as above", append(app, "--authtype=none", "--port")...),
		wrong("no command", "no command", "as above", "--port=@port@", "--authtype=none"),
		wrong("short", "`-p 1`", "as above", with("-p", "1")...),
		wrong("abbreviated", "`--dest 1`", "as above", with("--dest", "1")...),
		wrong("no", "`--no-port`", "as above", with("--no-port")...),
		wrong("substitution", "`{nope}` in the command", "said at the start, in the spawner's log", append(open(), "{nope}")...),
		wrong("brace", "`{` in the command", "as above", append(open(), "{")...),
		portTaken,
	}}
}
