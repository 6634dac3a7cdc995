package framework

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// site is a folder with all that may be in one.
func site(t *testing.T) string {
	t.Helper()
	outside := t.TempDir()
	folder := t.TempDir()
	files := map[string]string{
		filepath.Join(outside, "secret.txt"):      "a secret",
		filepath.Join(folder, "index.html"):       "<h1>home</h1>",
		filepath.Join(folder, "data/table.csv"):   "0123456789",
		filepath.Join(folder, "data/.hidden"):     "a secret",
		filepath.Join(folder, "data/..strange"):   "a secret",
		filepath.Join(folder, ".env"):             "a secret",
		filepath.Join(folder, ".git/config"):      "a secret",
		filepath.Join(folder, "data/a?b#c 1.txt"): "odd",
	}
	for path, text := range files {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{
		"out": filepath.Join(outside, "secret.txt"), "outfolder": outside, "up": "..", "in.csv": "data/table.csv", "loop": "loop",
		"hiding": ".env",
	} {
		if err := os.Symlink(to, filepath.Join(folder, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(folder, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

func ask(t *testing.T, handler http.Handler, method, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequest(method, "http://x/", nil)
	request.URL.Path = path
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	return answer
}

func openSite(t *testing.T) *Folder {
	t.Helper()
	handler, err := NewFolder(site(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { handler.Close() })
	return handler
}

func TestFolder(t *testing.T) {
	handler := openSite(t)
	for path, want := range map[string]string{
		"/": "<h1>home</h1>", "/data/table.csv": "0123456789", "/in.csv": "0123456789", "/data/a?b#c 1.txt": "odd",
	} {
		if answer := ask(t, handler, "GET", path); answer.Code != 200 || answer.Body.String() != want {
			t.Errorf("%s: %d %s", path, answer.Code, answer.Body)
		}
	}
	list := ask(t, handler, "GET", "/data/").Body.String()
	if !strings.Contains(list, "table.csv") || strings.Contains(list, "hidden") || strings.Contains(list, "strange") {
		t.Errorf("the list is %s", list)
	}
	// Redirects are relative: the path that the visitor sees has a prefix.
	if answer := ask(t, handler, "GET", "/data"); answer.Code != 301 || answer.Header().Get("Location") != "data/" {
		t.Errorf("/data: %d %v", answer.Code, answer.Header())
	}
	if got := ask(t, handler, "GET", "/data/table.csv").Header().Get("Cache-Control"); got != "private, no-cache" {
		t.Errorf("Cache-Control: %s", got)
	}
}

func TestFolderRanges(t *testing.T) {
	handler := openSite(t)
	answer := ask(t, handler, "GET", "/data/table.csv", "Range", "bytes=2-4")
	if answer.Code != http.StatusPartialContent || answer.Body.String() != "234" || answer.Header().Get("Content-Range") != "bytes 2-4/10" {
		t.Errorf("a range: %d %q %v", answer.Code, answer.Body, answer.Header())
	}
	answer = ask(t, handler, "GET", "/data/table.csv", "Range", "bytes=99-")
	if answer.Code != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("a range beyond the end: %d", answer.Code)
	}
	since := ask(t, handler, "GET", "/data/table.csv").Header().Get("Last-Modified")
	if answer = ask(t, handler, "GET", "/data/table.csv", "If-Modified-Since", since); answer.Code != http.StatusNotModified {
		t.Errorf("what did not change: %d", answer.Code)
	}
}

func TestFolderOnlyReads(t *testing.T) {
	handler := openSite(t)
	for _, method := range []string{"POST", "PUT", "DELETE", "PROPFIND", "OPTIONS"} {
		if answer := ask(t, handler, method, "/index.html"); answer.Code != http.StatusMethodNotAllowed || answer.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %d %v", method, answer.Code, answer.Header())
		}
	}
	if answer := ask(t, handler, "HEAD", "/data/table.csv"); answer.Code != 200 || answer.Body.Len() > 0 || answer.Header().Get("Content-Length") != "10" {
		t.Errorf("HEAD: %d %v", answer.Code, answer.Header())
	}
}

// Hidden names, and everything that is outside, are as if they were not there.
func TestSecurityFolderHides(t *testing.T) {
	handler := openSite(t)
	for _, path := range []string{
		"/.env", "/.git/config", "/.git/", "/.git", "/data/.hidden", "/data/..strange", "/data/../.env", "//.env", "/data//.hidden",
		"/../secret.txt", "/data/../../secret.txt", "/out", "/outfolder/", "/outfolder/secret.txt", "/up/", "/loop", "/hiding/.env",
		"/pipe", "/nothing", "/..", "/data/\x00", `/data\..\..\.env`, "/.",
	} {
		done := make(chan *httptest.ResponseRecorder, 1)
		go func() { done <- ask(t, handler, "GET", path) }()
		select {
		case answer := <-done:
			if strings.Contains(answer.Body.String(), "secret") || answer.Code == 200 && path != "/.." && path != "/." {
				t.Errorf("%q: %d %s", path, answer.Code, answer.Body)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%q hangs", path)
		}
	}
}

// A link with a harmless name to a hidden file of the same folder is the
// owner's wish; what matters is that it stays inside.
func TestFolderFollowsLinksInside(t *testing.T) {
	if answer := ask(t, openSite(t), "GET", "/hiding"); answer.Code != 200 {
		t.Errorf("%d", answer.Code)
	}
}

func TestServeFolder(t *testing.T) {
	folder := site(t)
	socket := filepath.Join(t.TempDir(), "app.sock")
	// What an earlier run left, which was killed.
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	left.Close()

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- ServeFolder(ctx, socket, folder, slog.New(slog.DiscardHandler)) }()
	client := http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, "unix", socket)
		},
	}}
	deadline := time.Now().Add(10 * time.Second)
	for {
		answer, err := client.Get("http://app/data/table.csv")
		if err == nil {
			body, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			if err != nil || string(body) != "0123456789" {
				t.Errorf("%q, %v", body, err)
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(socket); err == nil {
		t.Error("the socket was left")
	}
}

func TestServeFolderRefuses(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ socket, folder, want string }{
		"no folder":    {filepath.Join(folder, "s"), filepath.Join(folder, "missing"), "cannot serve the folder " + folder + "/missing: no such file"},
		"a file":       {filepath.Join(folder, "s"), file, "cannot serve the folder " + file + ": not a directory"},
		"no socket":    {filepath.Join(folder, "missing", "s"), folder, "cannot listen on the unix socket " + folder + "/missing/s"},
		"a file there": {file, folder, "cannot listen on the unix socket " + file},
	} {
		t.Run(name, func(t *testing.T) {
			err := ServeFolder(t.Context(), test.socket, test.folder, slog.New(slog.DiscardHandler))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, without %q", err, test.want)
			}
		})
	}
	if _, err := os.Stat(file); err != nil {
		t.Error("a file was taken for an old socket")
	}
}
