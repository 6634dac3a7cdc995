//go:build e2e

package dropin

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// owner is whose servers they are. mallory may not enter them; nor may carol,
// but for being one of the group that a line names.
const (
	owner    = "alice"
	stranger = "mallory"
	member   = "carol"
)

// startByHub lets the hub start a program as a server of the owner's, and
// waits until the owner gets to its app.
func startByHub(ctx context.Context, l line, of column) (*running, error) {
	name := strings.ReplaceAll(l.name, " ", "-") + fmt.Sprintf("-%d", of)
	folder, err := os.MkdirTemp("", "dropin-")
	if err != nil {
		return nil, err
	}
	at := &running{column: of, server: name, prefix: bed.Prefix(owner, name), folder: folder, ended: make(chan struct{}), output: &buffer{}, hub: newHubStub()}
	at.dial = func() (net.Conn, error) { return net.DialTimeout("tcp", shared.hub.Host, patience) }
	if _, err := fmt.Sscanf(shared.hub.Host, "127.0.0.1:%d", &at.port); err != nil {
		return at, err
	}
	line := []string{shared.programs[of]}
	for _, argument := range l.arguments(of) {
		line = append(line, at.fill(argument))
	}
	starting <- struct{}{}
	defer func() { <-starting }()
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	if err := shared.hub.StartServer(ctx, owner, name, bed.Server{Command: line, Environment: l.environment}); err != nil {
		return at, err
	}
	for {
		cookies, answer, err := at.enter(ctx, owner)
		if err != nil {
			return at, err
		}
		if answer.Status == http.StatusOK && answer.Header.Get("X-Child") != "" {
			at.header = cookies
			return at, nil
		}
		if answer.Status != http.StatusServiceUnavailable {
			return at, fmt.Errorf("%s of %s answers its owner %d at %s: %.500s", name, of, answer.Status, answer.URL, answer.Body)
		}
		select {
		case <-ctx.Done():
			return at, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// enter opens a server as a user with a browser does, and returns the cookies
// that this brought, as a header, and the last answer.
func (at *running) enter(ctx context.Context, user string) (cookies string, last *bed.Answer, err error) {
	session := shared.hub.NewSession(user)
	last, err = session.Get(ctx, at.prefix)
	if err != nil {
		return "", nil, err
	}
	var pairs []string
	for _, cookie := range session.Cookies(at.prefix) {
		pairs = append(pairs, cookie.Name+"="+cookie.Value)
	}
	return "Cookie: " + strings.Join(pairs, "; ") + "\n", last, nil
}

// as does something with other credentials than the owner's cookies.
func as(header func() string, see func(*running) string) func(*running) string {
	return func(at *running) string {
		other := *at
		other.header = header()
		return see(&other)
	}
}

func nobody() string { return "" }

// token is a header with an API token of a user's.
func token(user string) func() string {
	return func() string {
		made, err := shared.hub.NewToken(context.Background(), user)
		if err != nil {
			return "X-Failed: " + strings.ReplaceAll(err.Error(), "\n", " ") + "\n"
		}
		return "Authorization: token " + made + "\n"
	}
}

// byBrowser is where a user ends up who opens the server.
func byBrowser(user string) func(*running) string {
	return func(at *running) string {
		_, answer, err := at.enter(context.Background(), user)
		if err != nil {
			return "lost: " + at.tell(err.Error())
		}
		if answer.Header.Get("X-Child") != "" {
			return "the app"
		}
		by := "by the program"
		if strings.HasPrefix(answer.URL.Path, "/hub/") {
			by = "by the hub"
		}
		return fmt.Sprintf("%d %s", answer.Status, by)
	}
}

// entered tells an answer of a server that the hub runs: where it leads to the
// hub's login it says so.
func entered(head, body string) func(*running) string {
	return func(at *running) string {
		r := at.send(head, body)
		if strings.Contains(r.header.Get("Location"), "/hub/api/oauth2/authorize") {
			return fmt.Sprintf("%d to the login", r.status)
		}
		return at.tell(r.String())
	}
}

const page = "GET @x\nAccept: text/html\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: document"

// has says whether the app has a variable.
func has(name string) func(*running) string {
	return func(at *running) string {
		r, err := at.reported()
		if err != nil {
			return err.Error()
		}
		if slices.ContainsFunc(r.Environment, func(variable string) bool { return strings.HasPrefix(variable, name+"=") }) {
			return "there"
		}
		return "not there"
	}
}

// cookieNames are those that the app sees.
var cookieNames = asSeen("GET @x", "", func(s seen) string {
	request := http.Request{Header: s.Header}
	var names []string
	for _, cookie := range request.Cookies() {
		switch {
		case strings.HasPrefix(cookie.Name, "jupyterhub-user-"):
			names = append(names, "the login's")
		case cookie.Name == "jupyterhub-session-id":
			names = append(names, "the hub session's")
		}
	}
	slices.Sort(names)
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(slices.Compact(names), ", ")
})

// compact takes blanks out of JSON, in which there is none in a name.
func compact(text string) string { return strings.ReplaceAll(text, " ", "") }

var userInfo = asSeen("GET @x", "", func(s seen) string { return infoOf(s) })

// infoOf shows what the header says of the user.
func infoOf(s seen) string {
	text := s.Header.Get("X-Cdsdashboards-Jh-User")
	if text == "" {
		return "none"
	}
	return code(compact(text))
}

// queryInfo shows what the query says of the user.
var queryInfo = asSeen("GET @x?a=1", "", func(s seen) string {
	request, err := http.NewRequest(http.MethodGet, s.Target, nil)
	if err != nil {
		return err.Error()
	}
	query := request.URL.Query()
	text := query.Get("CDSDASHBOARDS_JH_USER")
	var user any
	if err := json.Unmarshal([]byte(text), &user); err != nil || query.Get("a") != "1" {
		return "not as it has to be: " + code(s.Target)
	}
	return code(compact(text)) + ", and `a=1`"
})

// entrance is about who may enter; a real hub runs the programs.
func entrance() section {
	app := []string{"@child@", "listen={port}"}
	dashed := append([]string{"--"}, app...)
	underGroup := func(name string, environment map[string]string, rows ...row) line {
		return line{name: name, underHub: true, old: app, standalone: dashed, environment: environment, rows: rows}
	}
	return section{title: "Who may enter, under a real hub", explains: "Alice owns the server, Mallory may not enter it, Carol is in the group `analysts`. JupyterHub 6.1.1 runs the programs.", lines: []line{
		{
			name: "hub", underHub: true, old: app, standalone: dashed,
			rows: []row{
				{what: "Alice opens the page", see: byBrowser(owner)},
				{what: "Alice's GET", see: entered("GET @x", "")},
				{what: "Alice's POST", see: entered("POST @x", "body")},
				{what: "Alice's websocket", see: text("hello")},
				{what: "`Authorization: token` of Alice's", see: as(token(owner), entered("GET @x", ""))},
				{what: "… and a websocket", see: as(token(owner), text("hello"))},
				{what: "Mallory opens the page", see: byBrowser(stranger)},
				{what: "`Authorization: token` of Mallory's", see: as(token(stranger), entered("GET @x", ""))},
				{what: "… and a websocket", see: as(token(stranger), text("hello")), why: "nobody who may not enter gets to the app"},
				{what: "nobody opens the page", see: as(nobody, entered(page, ""))},
				{what: "nobody's GET by a script", see: as(nobody, entered("GET @x", "")), why: "a script cannot log in; 401 tells it so"},
				{what: "nobody's POST", see: as(nobody, entered("POST @x", "body")), why: "401 is the status for a missing login"},
				{what: "nobody's OPTIONS", see: as(nobody, entered("OPTIONS @x", "")), why: "as above"},
				{what: "nobody's websocket", see: as(nobody, text("hello")), why: "anybody could use the app"},
				{what: "a made-up token", see: as(func() string { return "Authorization: token no-such\n" }, entered("GET @x", "")), why: "as for nobody's GET"},
				{what: "Alice's POST from a page of another origin", see: entered("POST @x\nOrigin: https://elsewhere.example", "body"), why: "a page elsewhere could use her login; `--allow-origin` names those that may"},
				{what: "her websocket from there", see: func(at *running) string {
					o, refused := at.open("ws", http.Header{"Origin": {"https://elsewhere.example"}})
					if o == nil {
						return refused
					}
					defer o.Close()
					return "opened"
				}},
				{what: "her websocket from a page of ours", see: func(at *running) string {
					o, refused := at.open("ws", http.Header{"Origin": {shared.hub.URL}})
					if o == nil {
						return refused
					}
					defer o.Close()
					return "opened"
				}, why: "the old program with tornado 6.6 refuses every page's websocket, also its own"},
				{what: "a redirect of the app's to `/hub/home`", see: field("GET @redirect?to=/hub/home", "Location")},
				{what: "`api` below the prefix, Alice", see: entered("GET @api", "")},
				{what: "`api`, nobody", see: as(nobody, entered("GET @api", "")), why: "the hub's probe"},
				{what: "cookies of the hub's at the app", see: cookieNames, why: "the app does not need them"},
				{what: "`Authorization` at the app", see: as(token(owner), asSeen("GET @x", "", func(s seen) string {
					if strings.HasPrefix(s.Header.Get("Authorization"), "token ") {
						return "the hub's token"
					}
					return "none"
				})), why: "as above"},
				{what: "`JUPYTERHUB_API_TOKEN` in the app's environment", see: has("JUPYTERHUB_API_TOKEN"), why: "it is the server's own; `--pass-hub-token` gives it"},
				{what: "`JUPYTERHUB_USER` there", see: has("JUPYTERHUB_USER")},
				{what: "`JUPYTERHUB_SERVICE_PREFIX` there", see: has("JUPYTERHUB_SERVICE_PREFIX")},
				{what: "`X-CDSDASHBOARDS-JH-USER` without being asked for", see: userInfo},
			},
		},
		{
			name: "hub none", underHub: true, old: append([]string{"--authtype=none"}, app...), standalone: append([]string{"--no-authentication"}, dashed...),
			rows: []row{
				{what: "`--authtype none`; standalone: `--no-authentication`: nobody's GET", see: as(nobody, entered("GET @x", ""))},
				{what: "nobody's websocket", see: as(nobody, text("hello"))},
			},
		},
		{
			name: "hub info", underHub: true, old: append([]string{"--forward-user-info", "--query-user-info"}, app...),
			rows: []row{
				{what: "`--forward-user-info`", see: userInfo},
				{what: "… on a websocket", see: func(at *running) string {
					o, refused := at.open("ws", nil)
					if o == nil {
						return refused
					}
					defer o.Close()
					return infoOf(o.seen)
				}, why: "who is asking is known there as well"},
				{what: "`--query-user-info`", see: queryInfo},
			},
		},
		underGroup("hub group", map[string]string{"JUPYTERHUB_GROUP": "analysts"},
			row{what: "`JUPYTERHUB_GROUP=analysts`: token of Carol's, who is in it", see: as(token(member), entered("GET @x", "")), why: "the variable says so; since JupyterHub 2 the old program goes by the hub's scopes alone"},
			row{what: "… of Mallory's, who is not", see: as(token(stranger), entered("GET @x", ""))}),
		underGroup("hub user", map[string]string{"JUPYTERHUB_USER": stranger},
			row{what: "`JUPYTERHUB_USER=mallory`: token of Mallory's", see: as(token(stranger), entered("GET @x", "")), why: "as for the group"},
			row{what: "… of Alice's", see: as(token(owner), entered("GET @x", ""))},
			row{what: "… and the app's `JUPYTERHUB_USER`", see: variable("JUPYTERHUB_USER")}),
		underGroup("hub anyone", map[string]string{"JUPYTERHUB_ANYONE": "1"},
			row{what: "`JUPYTERHUB_ANYONE=1`: token of Mallory's", see: as(token(stranger), entered("GET @x", ""))},
			row{what: "… nobody's page", see: as(nobody, entered(page, ""))}),
	}}
}
