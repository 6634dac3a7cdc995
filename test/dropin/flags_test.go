//go:build e2e

package dropin

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// reaches says on which addresses of this machine a program listens.
func reaches(at *running) string {
	var found []string
	for _, host := range []string{"127.0.0.1", "127.0.0.2", "::1"} {
		connection, err := net.DialTimeout("tcp", net.JoinHostPort(host, fmt.Sprint(at.port)), patience)
		if err == nil {
			connection.Close()
			found = append(found, host)
		}
	}
	switch strings.Join(found, " ") {
	case "127.0.0.1":
		return "127.0.0.1 alone"
	case "127.0.0.1 127.0.0.2 ::1", "127.0.0.1 127.0.0.2":
		return "all" // a machine may be without IPv6
	}
	return strings.Join(found, " ")
}

// probe is the first thing that the app was asked.
func probe(at *running) string {
	told, err := at.reported()
	if err != nil {
		return err.Error()
	}
	for _, request := range told.Requests {
		if !strings.HasSuffix(request, "/report") {
			return code(request)
		}
	}
	return "none"
}

// logHas says whether a text is in a program's log.
func logHas(text string) func(*running) string {
	return func(at *running) string {
		for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			if strings.Contains(at.output.String(), text) {
				return "in the log"
			}
		}
		return "not in the log"
	}
}

// activity tells the reports that the hub gets within some seconds, without
// and then with a request.
func activity(unused time.Duration) func(*running) string {
	return func(at *running) string {
		count := func() int { _, count := at.hub.last(); return count }
		await := func(before int, limit time.Duration) string {
			for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
				if servers, count := at.hub.last(); count > before {
					for name := range servers {
						return fmt.Sprintf("for the server %s", code(name))
					}
				}
			}
			return "none"
		}
		text := "unused: " + await(count(), unused)
		before := count()
		// Where nothing was to be asked before, the app may not be up.
		for deadline := time.Now().Add(patience); !at.get("use").fromApp() && time.Now().Before(deadline); {
			time.Sleep(100 * time.Millisecond)
		}
		return text + "; used: " + await(before, 8*time.Second)
	}
}

// underStub is the environment of a server whose hub takes reports.
func underStub(more ...string) map[string]string {
	environment := map[string]string{
		"JUPYTERHUB_API_TOKEN": "secret", "JUPYTERHUB_API_URL": "@hub@/hub/api",
		"JUPYTERHUB_ACTIVITY_URL": "@hub@/hub/api/users/alice/activity",
	}
	for i := 0; i+1 < len(more); i += 2 {
		environment[more[i]] = more[i+1]
	}
	return environment
}

// open is a command line of the old program without logins, with more flags.
func open(flags ...string) []string {
	return append(append([]string{"--port=@port@", "--authtype=none"}, flags...), "@child@", "listen={port}")
}

// openAlone is the same of standalone.
func openAlone(flags ...string) []string {
	return append(append([]string{"--port=@port@", "--no-authentication"}, flags...), "--", "@child@", "listen={port}")
}

// ok says whether the app answers.
func ok(at *running) string { return at.get("x").String() }

func firstWord(at *running) string {
	r := at.get("stream?count=2&ms=10000")
	switch {
	case string(r.body) != "word.word.":
		return r.String()
	case r.first < 8*time.Second:
		return "shown at once"
	}
	return "held back"
}

// flags is about the old program's flags, each at least once.
func flags() section {
	return section{title: "Flags of jhsingle-native-proxy 0.8.3", explains: "Where standalone has the ability under another name, it got that.", lines: []line{
		{
			name:       "none",
			old:        open(),
			standalone: openAlone(),
			rows: []row{
				{what: "`--port`", see: ok},
				{what: "no `--ip`: addresses that it listens on", see: reaches},
				{what: "no `--ready-check-path`: the app's first request", see: probe,
					why: "a `GET` makes Voila run the whole notebook for nobody; `GET` follows if the app breaks off at `HEAD`"},
				{what: "`--logs`: what the app says on stdout", see: logHas("child on stdout")},
				{what: "`--logs`: what it says on stderr", see: logHas("child on stderr")},
				{what: "no `--progressive`: the first word of a slow answer", see: firstWord, why: "answers always stream"},
			},
		},
		{
			name:       "many",
			old:        open("--ip=127.0.0.1", "--destport=@free@", "--ready-check-path=/ready?x=1", "--no-logs", "--progressive", "--aiohttp-request-timeout=1", "--aiohttp-no-ssl-connector"),
			standalone: openAlone("--address=127.0.0.1", "--server-port=@free@"),
			rows: []row{
				{what: "`--ip 127.0.0.1`; standalone: `--address`", see: reaches},
				{what: "`--destport N`; standalone: `--server-port`: the app is told", see: argument("listen")},
				{what: "`--ready-check-path /ready?x=1`", see: probe, why: "as no `--ready-check-path`"},
				{what: "`--no-logs`: stdout", see: logHas("child on stdout"), why: "the flag says that no output of the app is wanted"},
				{what: "`--no-logs`: stderr", see: logHas("child on stderr"), why: "as above"},
				{what: "`--progressive`", see: firstWord},
				{what: "`--aiohttp-request-timeout 1`, an answer that takes 2 s", see: answers("GET @slow?ms=2000")},
				{what: "`--aiohttp-no-ssl-connector`", see: ok},
			},
		},
		{
			name: "switches",
			old: open("--allow-root", "--no-allow-root", "--NotebookApp.allow_origin", "--no-NotebookApp.allow_origin", "--debug", "--no-debug", "--no-logs", "--logs",
				"--no-force-alive", "--force-alive", "--forward-user-info", "--no-forward-user-info", "--query-user-info", "--no-query-user-info", "--no-progressive",
				"--repo=", "--repobranch=main", "--repofolder=.", "--conda-env=", "--websocket-max-message-size=0", "--aiohttp-request-timeout=0", "--last-activity-interval=0",
				"--request-timeout=0", "--presentation-path="),
			rows: []row{
				{what: "every switch and its `--no-` form, and every default given by hand: `--allow-root`, `--NotebookApp.allow_origin`, `--debug`, …", see: ok},
				{what: "`--request-timeout 0`, an answer that takes 1 s", see: answers("GET @slow?ms=1000")},
			},
		},
		{
			name: "hub one",
			old:  open("--notebook-dir=/srv", "--SingleUserNotebookApp.default_url=/tree", "--disable-user-config", "--debug"),
			ends: true,
			rows: []row{{what: "what JupyterHub 1 gives to a server: `--notebook-dir`, `--SingleUserNotebookApp.default_url`, `--disable-user-config`", see: refusal,
				why: "they mean nothing to an app, and the hub's configuration may have them for other servers"}},
		},
		{
			name:       "service url",
			old:        []string{"--authtype=none", "@child@", "listen={port}"},
			standalone: []string{"--no-authentication", "--", "@child@", "listen={port}"},
			environment: map[string]string{
				"JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:@port@" + prefix,
			},
			rows: []row{
				{what: "`JUPYTERHUB_SERVICE_URL=http://127.0.0.1:N/…` and no `--port`", see: ok},
				{what: "… and no `--ip`: addresses that it listens on", see: reaches, why: "the hub says which it wants"},
			},
		},
		{
			name:        "service url overridden",
			old:         open("--ip=0.0.0.0"),
			environment: map[string]string{"JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:1" + prefix},
			rows: []row{
				{what: "`JUPYTERHUB_SERVICE_URL` of another address, `--port N --ip 0.0.0.0`", see: reaches},
			},
		},
		{
			name:   "ready timeout",
			old:    append(open("--ready-timeout", "1"), "delay=4s"),
			asleep: true,
			rows: []row{
				{what: "`--ready-timeout 1` and an app that needs 4 s", see: within(5*time.Second, answers("GET @")), why: "a page that waits; the app is started again. The old program waits for the end of an app that goes on"},
			},
		},
		{
			name:       "ready timeout by default",
			old:        append(open(), "delay=11s"),
			standalone: append(openAlone(), "delay=11s"),
			asleep:     true,
			rows: []row{
				{what: "no `--ready-timeout`, an app that needs 11 s: within 20 s", see: within(20*time.Second, func(at *running) string {
					r := at.get("x")
					for deadline := time.Now().Add(20 * time.Second); r.status == http.StatusServiceUnavailable && time.Now().Before(deadline); r = at.get("x") {
						time.Sleep(100 * time.Millisecond)
					}
					return r.String()
				}), why: "60 s, as the old program's help says; notebooks import for longer than 10"},
			},
		},
		{
			name: "request timeout",
			old:  open("--request-timeout=5"),
			rows: []row{
				{what: "`--request-timeout 5`, no word for 15 s", see: answers("GET @slow?ms=15000"), why: "what the number means: the app is late"},
				{what: "`--request-timeout 5`, an answer of 8 s that moves", see: func(at *running) string {
					r := at.get("stream?count=5&ms=2000")
					return fmt.Sprintf("%s, %d of 5 words", r, strings.Count(string(r.body), "word."))
				}, why: "bounds silence; what moves is not cut, such as a long download"},
			},
		},
		{
			name: "activity", old: open("--last-activity-interval=1"), standalone: openAlone("--activity-interval=1"),
			environment: underStub(),
			rows:        []row{{what: "`--last-activity-interval 1`; standalone: `--activity-interval`: reports to the hub", see: activity(5 * time.Second)}},
		},
		{
			name: "no force alive", old: open("--last-activity-interval=1", "--no-force-alive"), asleep: true,
			environment: underStub(),
			rows:        []row{{what: "`--no-force-alive`", see: activity(3 * time.Second)}},
		},
		{
			name: "activity of the default server", old: open("--last-activity-interval=1"), standalone: openAlone("--activity-interval=1"),
			environment: underStub("JUPYTERHUB_SERVER_NAME", ""),
			rows: []row{{what: "the same of the default server, whose name is empty", see: activity(4 * time.Second),
				why: "a name that is empty is a name"}},
		},
		{
			name: "no activity", old: open("--last-activity-interval=0"), standalone: openAlone("--activity-interval=0"),
			environment: underStub(),
			rows:        []row{{what: "`--last-activity-interval 0`", see: activity(3 * time.Second)}},
		},
	}}
}
