//go:build e2e

package dropin

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// beforehand starts the app on its own, for programs that are not to start it.
func beforehand(listen func(*running) string) func(*running) error {
	return func(at *running) error {
		app := exec.Command(shared.child, "listen="+listen(at))
		app.Dir, app.Env = at.folder, []string{"HOME=" + at.folder}
		if err := app.Start(); err != nil {
			return err
		}
		go func() { _ = app.Wait() }() // ended with what has the folder as HOME
		return nil
	}
}

// rawWords talks to an app that knows no HTTP.
func rawWords(at *running) string {
	dialer := websocket.Dialer{HandshakeTimeout: patience}
	connection, answer, err := dialer.DialContext(context.Background(), fmt.Sprintf("ws://127.0.0.1:%d%sx", at.port, at.prefix), nil)
	if err != nil {
		if answer != nil {
			return fmt.Sprintf("refused with %d", answer.StatusCode)
		}
		return "no answer"
	}
	defer connection.Close()
	_ = connection.SetReadDeadline(time.Now().Add(patience)) // reading meets the error
	var words []string
	for _, kind := range []int{websocket.BinaryMessage, websocket.TextMessage} {
		if err := connection.WriteMessage(kind, []byte("hello")); err != nil {
			return ending(err)
		}
		back, message, err := connection.ReadMessage()
		if err != nil {
			return ending(err)
		}
		words = append(words, fmt.Sprintf("%s as %s", code(string(message)), map[int]string{websocket.BinaryMessage: "binary", websocket.TextMessage: "text"}[back]))
	}
	return strings.Join(words, ", ")
}

// alone is a command line of standalone alone, and ours gets the same.
func alone(name string, flags []string, app []string, rows ...row) line {
	return line{
		name: "standalone " + name, rows: rows,
		standalone: append(append([]string{"--port=@port@", "--no-authentication"}, flags...), app...),
	}
}

// dictionaries is a line with flags of several values. On its command line
// standalone takes none of them, so it gets them in a file.
func dictionaries(app []string, rows ...row) line {
	l := alone("dictionaries", []string{"--config=@folder@/config.py"}, app, rows...)
	l.before = func(at *running) error {
		return os.WriteFile(at.folder+"/config.py", []byte(`c.StandaloneProxyServer.mappath = {"/a": "/b?c=1", "/": "/index"}
c.StandaloneProxyServer.environment = {"BASE": "{base_url}"}
c.StandaloneProxyServer.request_headers_override = {"X-Own": "ours", "X-At": "{base_url}"}
`), 0o600)
	}
	l.ours = append([]string{
		"--port=@port@", "--no-authentication", `--mappath={"/a": "/b?c=1", "/": "/index"}`, `--environment={"BASE": "{base_url}"}`,
		`--request-headers-override={"X-Own": "ours", "X-At": "{base_url}"}`,
	}, app...)
	return l
}

// repeatedly tells the app's path, if the program runs.
func repeatedly(at *running) string {
	if told := refusal(at); !strings.HasPrefix(told, "200") {
		return told
	}
	return target("GET @c")(at)
}

// ofStandalone is about what jupyter standaloneproxy can and the old program
// cannot.
func ofStandalone() section {
	app := []string{"--", "@child@", "listen={port}"}
	const broken = "standaloneproxy 4.6.0 promises it, and answers 404 to everything"
	absolute := alone("absolute", []string{"--absolute-url"}, app,
		row{what: "`--absolute-url`: the app sees", see: target("GET @x?a=1")},
		row{what: "… on a websocket", see: func(at *running) string {
			o, refused := at.open("ws?a=1", nil)
			if o == nil {
				return refused
			}
			defer o.Close()
			return code(o.seen.Target)
		}},
		row{what: "… a redirect of the app's to `/x`", see: field("GET @redirect?to=/x", "Location")},
		row{what: "… `X-Forwarded-Prefix`", see: headers("GET @h", "X-Forwarded-Prefix", "X-Forwarded-Context")})
	beforePort := alone("no command", []string{"--server-port=@free@"}, nil, row{what: "no command, `--server-port N`: an app that runs already", see: ok, why: broken}, row{what: "… its websocket", see: text("hello"), why: "as above"})
	beforePort.before = beforehand(func(at *running) string { return fmt.Sprint(at.free) })
	beforeSocket := alone("no command socket", []string{"--unix-socket=@folder@/own.sock"}, nil, row{what: "no command, `--unix-socket PATH`", see: ok, why: "as above"})
	beforeSocket.before = beforehand(func(at *running) string { return at.folder + "/own.sock" })
	base := alone("base", []string{"--base-url=/other/place/"}, append(app, "url={base_url}"),
		row{what: "`--base-url /other/place/`", see: answers("GET /other/place/x")},
		row{what: "… and the hub's prefix", see: answers("GET " + prefix + "x")},
		row{what: "… `{base_url}`", see: argument("url=")})
	base.prefix = "/other/place/"
	repeated := alone("repeated", []string{"--mappath=/a=/b", "--mappath=/c=/d"}, app, row{what: "`--mappath /a=/b --mappath /c=/d`", see: repeatedly, why: "standaloneproxy 4.6.0 with traitlets 5.16 takes these three from a file alone"})
	repeated.ends = true
	slow := alone("timeout", []string{"--timeout=1.5"}, append(app, "delay=5s"), row{what: "`--timeout 1.5` and an app that needs 5 s", see: answers("GET @"), why: "a page that waits; the app is started again"})
	slow.asleep = true
	raw := alone("raw", []string{"--raw-socket-proxy"}, append(app, "raw=1"),
		row{what: "`--raw-socket-proxy`: a websocket", see: rawWords},
		row{what: "… GET", see: answers("GET @x")})
	return section{title: "What jupyter standaloneproxy can", lines: []line{
		base,
		alone("socket", []string{"--unix-socket=@folder@/app.sock"}, []string{"--", "@child@", "listen={unix_socket}"},
			row{what: "`--unix-socket PATH`: `{unix_socket}`", see: argument("listen=")},
			row{what: "… a request", see: ok},
			row{what: "… a websocket", see: text("hello")}),
		alone("fresh socket", []string{"--unix-socket=True"}, []string{"--", "@child@", "listen={unix_socket}"},
			row{what: "`--unix-socket True`", see: ok}),
		absolute,
		dictionaries(app,
			row{what: "`--mappath '{\"/a\": \"/b?c=1\", \"/\": \"/index\"}'`: `/a`", see: target("GET @a")},
			row{what: "… `/`", see: target("GET @")},
			row{what: "… `/c`", see: target("GET @c")},
			row{what: "`--request-headers-override '{\"X-Own\": \"ours\", \"X-At\": \"{base_url}\"}'`: `X-Own: theirs`", see: headers("GET @h\nX-Own: theirs", "X-Own")},
			row{what: "… `X-At`", see: headers("GET @h", "X-At")},
			row{what: "`--environment '{\"BASE\": \"{base_url}\"}'`", see: variable("BASE")}),
		repeated,
		raw, beforePort, beforeSocket, slow,
	}}
}
