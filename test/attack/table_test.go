//go:build attacktable

package attack

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestAttackTable sends the same to three programs and writes docs/attacks.md.
// What ours answers is asserted, what the others answer is written down.
func TestAttackTable(t *testing.T) {
	columns := targets(t)
	halfHead := hold(t, columns, "GET {P}held HTTP/1.1\r\nHost: {H}\r\n")
	halfBody := hold(t, columns, "POST {P}held HTTP/1.1\r\nHost: {H}\r\nContent-Length: 400\r\n\r\nbody")
	var table strings.Builder
	for i, r := range rows() {
		if r.try == nil {
			table.WriteString(heading(r.vector, columns))
			continue
		}
		line := "| " + r.vector
		for _, at := range columns[:2] {
			line += " | " + r.try(t, at, fmt.Sprintf("row-%d.", i))
		}
		r.check(t, columns[2], fmt.Sprintf("row-%d.", i))
		line += " | " + r.ours + " |"
		table.WriteString(line + "\n")
		t.Log(line)
	}
	table.WriteString(heading("Holding connections without a login", columns))
	table.WriteString(heldRow(t, "half a head, and nothing more", "closed after 30 s", halfHead))
	table.WriteString(heldRow(t, "half a body, and nothing more", "401, closed after 30 s", halfBody))
	if t.Failed() {
		return // a table that is not as it has to be is not written
	}
	text := fmt.Sprintf(introduction, columns[0].title, columns[1].title, hubVersion(t)) + table.String()
	if err := os.WriteFile(filepath.Join(shared.Root, "docs", "attacks.md"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

const introduction = `# Under attack

The same attacks, sent by raw sockets to three programs that put a web app behind
JupyterHub:

- %s, as it is on PyPI, with its defaults;
- %s, likewise (package jupyter-server-proxy);
- this program.

Each was started by the same real JupyterHub %s as a server of alice's, around an
app that records every byte it receives, and was attacked at its own port. The last
column is what our tests demand; the other two are what was seen in the same run.
"Passed on" says that the app got the request; what is in bold should not be.

Written by ` + "`go test -tags attacktable -run TestAttackTable ./test/attack/`" + `. The
attacks here are a choice: the suite in test/attack sends some hundreds, to our port
and through JupyterHub's proxy.
`

// heading begins a part of the table.
func heading(title string, columns []*target) string {
	return fmt.Sprintf("\n## %s\n\n| attack | %s | %s | %s |\n|---|---|---|---|\n", title, columns[0].title, columns[1].title, columns[2].title)
}

// hold sends an attack that is not finished to each program, and tells what came
// and how long the connection was held.
func hold(t *testing.T, columns []*target, template string) []chan string {
	t.Helper()
	const limit = 45 * time.Second
	told := make([]chan string, len(columns))
	for i, at := range columns {
		told[i] = make(chan string, 1)
		go func() {
			defer close(told[i]) // if the test ends in here, too
			begin := time.Now()
			r := send(t, at.direct, payload(template, at.server, "", ""), stays, limit)
			text := fmt.Sprintf("closed after %.0f s", time.Since(begin).Seconds())
			if r.end == "open" {
				text = fmt.Sprintf("held for more than %.0f s", limit.Seconds())
			}
			if r.status() != 0 {
				text = describe(r) + ", " + text
			}
			told[i] <- text
		}()
	}
	return told
}

// heldRow waits for what became of held connections. The seconds of ours may be
// more on a busy machine, and are written as they have to be.
func heldRow(t *testing.T, attack, ours string, told []chan string) string {
	t.Helper()
	line := "| " + attack
	for i, channel := range told {
		came := <-channel
		if i == len(told)-1 {
			if strings.Split(came, " after ")[0] != strings.Split(ours, " after ")[0] {
				t.Errorf("%s: ours: %s; it has to be: %s", attack, came, ours)
			}
			came = ours
		}
		line += " | " + came
	}
	return line + " |\n"
}

func hubVersion(t *testing.T) string {
	t.Helper()
	answer, err := shared.hub.API(t.Context(), http.MethodGet, "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	var told struct{ Version string }
	if err := answer.JSON(&told); err != nil {
		t.Fatal(err)
	}
	return told.Version
}
