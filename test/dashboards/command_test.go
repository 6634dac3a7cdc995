//go:build e2e

package dashboards

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/test/dashboards/house"
)

// terminal is a person who types commands, with an environment.
type terminal struct {
	*stage
	who         *house.Person
	environment []string
	hears       func(said string)
}

// terminal is one on somebody's own machine.
func (s *stage) terminal(who *house.Person, token string) terminal {
	return terminal{s, who, []string{"PATH=" + os.Getenv("PATH"), "DASHBOARD_BUILDER_URL=" + s.Page, "DASHBOARD_BUILDER_TOKEN=" + token}, nil}
}

// when has something be done once, as soon as what a command says has a text in it.
func (t terminal) when(text string, do func()) terminal {
	do = sync.OnceFunc(do)
	t.hears = func(said string) {
		if strings.Contains(said, text) {
			do()
		}
	}
	return t
}

// listener keeps what a command says, and passes it on as far as it has come.
type listener struct {
	said  bytes.Buffer
	hears func(said string)
}

func (l *listener) Write(content []byte) (int, error) {
	l.said.Write(content)
	if l.hears != nil {
		l.hears(l.said.String())
	}
	return len(content), nil
}

// typed is what a command did.
type typed struct {
	out, said string
	code      int
}

// run runs a command as the person.
func (t terminal) run(args ...string) typed {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	command := exec.CommandContext(ctx, t.Program, args...) // #nosec G204 -- our program
	command.Env = t.environment
	var out bytes.Buffer
	listener := &listener{hears: t.hears}
	command.Stdout, command.Stderr = &out, listener
	err := command.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatalf("%q: %v", args, err)
	} else if ok && exit.ExitCode() < 0 {
		t.Fatalf("%q was ended: %v", args, err)
	}
	return typed{out.String(), listener.said.String(), command.ProcessState.ExitCode()}
}

// does is run of what has to work. It returns the output.
func (t terminal) does(args ...string) string {
	t.Helper()
	did := t.run(args...)
	if did.code != 0 {
		t.Fatalf("%q ended with %d: %s%s", args, did.code, did.out, did.said)
	}
	return strings.TrimSpace(did.out)
}

// fails is run of what has to fail with a code, and a word of why.
func (t terminal) fails(code int, why string, args ...string) {
	t.Helper()
	if did := t.run(args...); did.code != code || !strings.Contains(did.said, why) {
		t.Errorf("%q ended with %d and not %d, and said: %s%s", args, did.code, code, did.said, did.out)
	}
}

// checkCommands plays the story on a command line, and compares with what the page
// shows.
func (s *stage) checkCommands() {
	s.write("erin", "site/index.html", "typed, version 1", "other/index.html", "another one")
	erin := s.person("erin")
	bob := s.person("bob")
	as, asBob := s.terminal(erin, erin.Token), s.terminal(bob, bob.Token)

	// Of a step that is over at once nothing may be seen.
	made := as.when("Starting the dashboard", s.hold("erin")).run("create", "Typed", "--folder", "site", "--framework", "static", "--description", "By hand", "--user", "bob")
	if made.code != 0 {
		s.Fatalf("create ended with %d: %s", made.code, made.said)
	}
	s.wantText("the progress", made.said, "Starting the dashboard", "Typed is ready.")
	var list struct {
		Items []api.Dashboard
		Total int
	}
	s.must(json.Unmarshal([]byte(as.does("list", "--json")), &list))
	if list.Total != 1 || len(list.Items) != 1 || list.Items[0].Name != "Typed" || list.Items[0].State != dashboard.Running {
		s.Fatalf("the list is %+v", list)
	}
	d := list.Items[0]
	if link := strings.TrimSpace(made.out); link != s.Page+"open/"+d.ID || d.Open != link {
		s.Errorf("create wrote the link %q, and the list has %q", link, d.Open)
	}
	s.wantText("show", as.does("show", "typed"), "Typed", "By hand", "static", "bob", d.Open)
	s.checkPage(erin, d.ID, "Typed", "By hand", "bob")

	link := as.does("open", "typed")
	s.wantShown(erin, link, "typed, version 1")
	s.wantText("bob's list", asBob.does("list"), "Typed", "erin")
	s.wantShown(bob, asBob.does("open", "erin/typed"), "typed, version 1")

	s.write("erin", "site/index.html", "typed, version 2")
	s.wantShown(erin, link, "typed, version 1")
	// What is over too soon is in the log only.
	s.wantText("the rebuild", as.run("rebuild", "Typed").said, "Typed shows what its source is now.")
	s.wantShown(bob, link, "typed, version 2")
	s.wantText("the log", as.does("log", "typed"), "Making snapshot 2", "Letting viewers in")

	s.wantText("share", as.does("share", "typed", "--group", "team", "--json"), `"team"`, `"bob"`)
	as.does("unshare", "typed", "bob")
	s.eventually("bob is refused", func() error {
		if answer, err := s.Visit(s.Context(), bob, strings.TrimPrefix(link, s.URL)); err != nil || answer.Status != http.StatusForbidden {
			return errors.Join(err, errors.New("he is let in"))
		}
		return nil
	})
	asBob.fails(66, "erin/typed", "open", "erin/typed")
	as.does("rename", "typed", "Typed anew")
	s.checkPage(erin, d.ID, "Typed anew", "By hand", "team")

	as.does("stop", "typed-anew")
	s.wantText("stopped", as.does("show", "typed-anew"), "stopped")
	as.does("start", "typed-anew")
	s.wantShown(erin, link, "typed, version 2")

	file := filepath.Join(s.TempDir(), "dashboards.json")
	s.must(os.WriteFile(file, []byte(as.does("export", "typed-anew")), 0o600))
	as.fails(64, "--yes", "delete", "typed-anew")
	as.does("delete", "typed-anew", "--yes")
	s.checkNothingLeft("erin", d.ID)
	as.fails(66, "typed-anew", "show", "typed-anew")
	as.does("import", file)
	s.must(json.Unmarshal([]byte(as.does("list", "--json")), &list))
	if list.Total != 1 || list.Items[0].Name != "Typed anew" || list.Items[0].ID == d.ID || !slices.Equal(list.Items[0].Detail.Access.Groups, []string{"team"}) {
		s.Fatalf("after the import, the list is %+v", list)
	}
	s.wantShown(erin, as.does("open", "typed-anew"), "typed, version 2")

	s.checkExitCodes(as)
	as.does("delete", "typed-anew", "--yes")
	s.checkNothingLeft("erin", list.Items[0].ID)
}

// checkExitCodes tries what cannot be done.
func (s *stage) checkExitCodes(as terminal) {
	as.fails(64, "did you mean --folder", "create", "x", "--foldr", "y")
	as.fails(65, "101 characters", "create", strings.Repeat("x", 101), "--folder", "site", "--framework", "static")
	as.fails(65, "“..”", "create", "Out", "--folder", "../bob", "--framework", "static")
	as.fails(73, "typed ANEW", "create", "typed ANEW", "--folder", "site", "--framework", "static")
	as.fails(1, "nowhere", "create", "Nowhere", "--folder", "nowhere", "--framework", "static")
	as.does("delete", "nowhere", "--yes")
	as.fails(66, "there is no", "rebuild", "nothing")
	stranger := s.terminal(as.who, "0123456789abcdef")
	stranger.fails(77, "not known to JupyterHub", "list")
	narrow, err := s.NewToken(s.Context(), "erin", "read:users:name!user")
	s.must(err)
	s.terminal(as.who, narrow).fails(77, house.Access, "list")
	as.fails(69, "", "list", "--url", "http://127.0.0.1:1/services/dashboards/", "--token-file", s.tokenFile(as.who.Token))
}

func (s *stage) tokenFile(token string) string {
	s.Helper()
	name := filepath.Join(s.TempDir(), "token")
	s.must(os.WriteFile(name, []byte(token), 0o600))
	return name
}

// checkPage checks that the page of a dashboard says something to its owner.
func (s *stage) checkPage(owner *house.Person, id string, parts ...string) {
	s.Helper()
	session := s.NewSession(owner.Name)
	answer, err := session.Get(s.Context(), "/services/dashboards/dashboard/"+id)
	s.must(err)
	if answer.Status != http.StatusOK {
		s.Errorf("the page answers %d", answer.Status)
	}
	s.wantText("the page", string(answer.Body), parts...)
}
