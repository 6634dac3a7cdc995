//go:build e2e

package way

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// sight is what a scenario saw; each fills in what it looks at.
type sight struct {
	Complaints []struct {
		Kind string `json:"kind"`
		Text string `json:"text"`
		URL  string `json:"url"`
	} `json:"complaints"`

	Text   string `json:"text"`
	Widths []int  `json:"widths"`
	// Posts are the requests by which the app was started again, ByScript and
	// ByForm the addresses that they led to.
	Posts    []string `json:"posts"`
	ByScript string   `json:"byScript"`
	ByForm   string   `json:"byForm"`
	Tall     float64  `json:"tall"`
	// Values are those of the bar, Filled how much of it was full, of 1, and
	// Loads how often the page was loaded again meanwhile.
	Values []int   `json:"values"`
	Filled float64 `json:"filled"`
	Loads  int     `json:"loads"`
	Body   string  `json:"body"`
}

// browse plays a scenario in a real Chromium; its pictures go to test/output/way.
func browse(t *testing.T, scenario string, tell map[string]string) sight {
	t.Helper()
	tell["output"] = shared.output
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var saw sight
	if err := shared.Browse(ctx, "test/way/"+scenario+".mjs", tell, &saw); err != nil {
		t.Fatal(err)
	}
	for _, complaint := range saw.Complaints {
		// The page's own status, and what the console makes of it; there is no
		// icon, and an app that is made to exit may not answer.
		if !strings.Contains(complaint.Text, "503") && !strings.HasSuffix(complaint.URL, "/favicon.ico") && !strings.HasSuffix(complaint.URL, "/exit?code=3") {
			t.Errorf("the browser complained: %+v", complaint)
		}
	}
	if len(saw.Widths) != 2 || saw.Widths[0] > 1280 || saw.Widths[1] > 390 {
		t.Errorf("on a desktop of 1280 and a phone of 390 the page is %v wide", saw.Widths)
	}
	return saw
}

func mustShow(t *testing.T, pictures ...string) {
	t.Helper()
	for _, name := range pictures {
		if info, err := os.Stat(filepath.Join(shared.output, name+".png")); err != nil || info.Size() == 0 {
			t.Errorf("there is no picture %s: %v", name, err)
		}
	}
}

// A visitor starts an app that has failed by the button, with and without
// scripts.
func TestFailedAppIsTriedAgainInABrowser(t *testing.T) {
	release := filepath.Join(t.TempDir(), "release")
	script := `echo "Traceback (most recent call last):"; echo "ModuleNotFoundError: No module named 'pandas'"; test -e ` + release + ` || exit 3; exec "$0" "--port=$1"`
	s := launch(t, []string{"--restart-limit=1", "--restart-delay=10"}, "sh", "{-}c", script, shared.echo, "{port}")
	s.awaitState("failed")
	saw := browse(t, "failed", map[string]string{"url": s.url(""), "release": release})

	for _, want := range []string{"The app does not run", "exit code 3", "Try again", "ModuleNotFoundError"} {
		if !strings.Contains(saw.Text, want) {
			t.Errorf("no %q on the page: %s", want, saw.Text)
		}
	}
	const retry = "/user/ada%40x/.jhsingle/retry"
	if !slices.Equal(saw.Posts, []string{"script " + retry, "script " + retry, "form " + retry}) {
		t.Errorf("posted: %q", saw.Posts)
	}
	if saw.ByScript != s.url("deep?x=1#part") || saw.ByForm != s.url("deep") {
		t.Errorf("the script led to %s, the form to %s", saw.ByScript, saw.ByForm)
	}
	if saw.Tall < 38 {
		t.Errorf("for a thumb, a button of %v px is small", saw.Tall)
	}
	mustShow(t, "failed-1-desktop", "failed-2-phone", "failed-3-phone-dark", "failed-4-dark", "failed-5-backoff")
}

// inPieces lets of every answer only a piece through, and one more for each byte of
// a file, so that there is time to watch.
func inPieces(next http.Handler, size int64, file string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&pieces{ResponseWriter: w, visit: r.Context(), size: size, file: file}, r)
	})
}

type pieces struct {
	http.ResponseWriter
	visit   context.Context
	size    int64
	file    string
	written int64
}

func (p *pieces) Write(content []byte) (int, error) {
	n := 0
	for n < len(content) {
		wanted, err := os.Stat(p.file)
		if err != nil {
			return n, err
		}
		most := int(min(int64(len(content)-n), (wanted.Size()+1)*p.size-p.written))
		if most == 0 {
			select {
			case <-p.visit.Done():
				return n, p.visit.Err()
			case <-time.After(20 * time.Millisecond):
			}
			continue
		}
		more, err := p.ResponseWriter.Write(content[n : n+most])
		n, p.written = n+more, p.written+int64(more)
		if err != nil {
			return n, err
		}
		if err := http.NewResponseController(p.ResponseWriter).Flush(); err != nil {
			return n, err
		}
	}
	return n, nil
}

// A repository that takes long is shown as it comes, by git's own figures.
func TestPreparingIsShownInABrowser(t *testing.T) {
	folder := t.TempDir()
	git := func(arguments ...string) string {
		command := exec.Command("git", append([]string{"-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main"}, arguments...)...)
		command.Dir = folder
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("git %q: %v\n%s", arguments, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "-q")
	content := make([]byte, 20_000) // which does not compress
	for i := range 100 {
		rand.Read(content)
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("data%d", i)), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "index.html"), []byte("what was fetched"), 0o644); err != nil {
		t.Fatal(err)
	}
	git("add", "-A")
	git("commit", "-q", "-m", "all")

	backend := &cgi.Handler{
		Path: filepath.Join(git("--exec-path"), "git-http-backend"),
		Env:  []string{"GIT_PROJECT_ROOT=" + folder, "GIT_HTTP_EXPORT_ALL=1"},
	}
	pieces := filepath.Join(t.TempDir(), "pieces")
	if err := os.WriteFile(pieces, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	remote := httptest.NewServer(inPieces(backend, 60_000, pieces))
	defer remote.Close()

	s := launch(t, []string{"--repo=" + remote.URL + "/.git", "--repofolder=fetched"},
		python(t), "-m", "http.server", "--bind", "127.0.0.1", "{port}")
	saw := browse(t, "preparing", map[string]string{"url": s.url(""), "pieces": pieces})

	if len(saw.Values) < 3 || !slices.IsSorted(saw.Values) || saw.Values[len(saw.Values)-1] > 100 {
		t.Errorf("the bar went %v", saw.Values)
	}
	if saw.Filled < 0.25 || saw.Filled > 1 {
		t.Errorf("the bar is full by %v where it says 30 %% or more", saw.Filled)
	}
	if !strings.Contains(saw.Text, "The app is being prepared") || !strings.Contains(saw.Text, " %") {
		t.Errorf("the page says: %s", saw.Text)
	}
	if saw.Loads > 1 {
		t.Errorf("the page was loaded again %d times", saw.Loads)
	}
	if !strings.Contains(saw.Body, "what was fetched") {
		t.Errorf("at the end there is: %s", saw.Body)
	}
	mustShow(t, "preparing-1-desktop", "preparing-2-phone", "preparing-3-phone-dark")
}
