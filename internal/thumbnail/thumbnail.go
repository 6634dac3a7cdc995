// Package thumbnail takes pictures of dashboards, by a Chromium that the operator
// has installed.
//
// A dashboard is somebody's program, and what it shows in a browser is, too. So
// the browser does not get the token: it visits a door of ours on the loopback
// address (door.go), which leads to this one dashboard only and puts the token on
// the requests behind the browser's back.
package thumbnail

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const (
	// width and height are the browser's window's, and zoom how large a picture of
	// it is: twice what the list shows, for sharp screens.
	width, height = 1280, 800
	zoom          = 0.5
	// quality of the JPEG: some 30 KB a picture.
	quality = 80
)

const (
	// limit is how long a browser may take, all in all.
	limit = 60 * time.Second
	// settle is how long a page has to become what it is: what comes by websockets,
	// as with most frameworks, nobody can tell the end of.
	settle = 12 * time.Second
)

// Camera takes pictures.
type Camera struct {
	// Program is the browser: Chromium or Chrome.
	Program string
	// Arguments are further ones, such as --no-sandbox for a container whose only
	// program it is.
	Arguments []string
	// Token opens the dashboards at the hub.
	Token string
	// Transport carries the requests to the hub.
	Transport http.RoundTripper
}

// Look asks for a page and returns its status.
func (c Camera) Look(ctx context.Context, page *url.URL) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, page.String(), nil)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "token "+c.Token)
	answer, err := c.Transport.RoundTrip(request)
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}

// Take takes a picture of the page at an address, a JPEG.
func (c Camera) Take(ctx context.Context, page *url.URL) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	folder, err := os.MkdirTemp("", "thumbnail-")
	if err != nil {
		return nil, fmt.Errorf("cannot make a folder for the browser: %w", err)
	}
	defer os.RemoveAll(folder)
	opened, err := open(page, c.Token, c.Transport)
	if err != nil {
		return nil, err
	}
	defer opened.close()
	// In a file, and not on the command line, which other users of this machine see.
	first := filepath.Join(folder, "first.html")
	if err := os.WriteFile(first, opened.first(), 0o600); err != nil {
		return nil, fmt.Errorf("cannot write the browser's first page: %w", err)
	}
	arguments := append([]string{
		"--headless", "--disable-gpu", "--hide-scrollbars", "--mute-audio", "--no-first-run", "--disable-extensions",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic",
		// The page may load what it likes from where it likes, but nothing of this
		// machine's besides the door.
		"--host-resolver-rules=MAP localhost ~NOTFOUND, MAP *.localhost ~NOTFOUND",
		"--user-data-dir=" + filepath.Join(folder, "profile"),
		"--remote-debugging-pipe",
	}, c.Arguments...)
	browser := exec.CommandContext(ctx, c.Program, append(arguments, "about:blank")...) // #nosec G204 -- the operator's program
	browser.Env = []string{"HOME=" + folder, "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"}
	browser.Dir = folder
	browser.WaitDelay = 5 * time.Second
	endTogether(browser)
	tools, done, err := start(browser)
	if err != nil {
		return nil, fmt.Errorf("the browser cannot be started: %w", err)
	}
	picture, failed := shoot(ctx, tools, "file://"+first)
	cancel() // the browser ends
	done()
	err = browser.Wait() // it was killed, so that is an error
	if failed != nil {
		return nil, fmt.Errorf("%w (the browser: %w)", failed, err)
	}
	return picture, nil
}

// shoot opens a page and takes the picture.
func shoot(ctx context.Context, tools *devtools, address string) ([]byte, error) {
	var target struct{ TargetID string }
	if err := tools.call("", "Target.createTarget", map[string]any{"url": address}, &target); err != nil {
		return nil, err
	}
	var session struct{ SessionID string }
	if err := tools.call("", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &session); err != nil {
		return nil, err
	}
	window := map[string]any{"width": width, "height": height, "deviceScaleFactor": zoom, "mobile": false}
	if err := tools.call(session.SessionID, "Emulation.setDeviceMetricsOverride", window, &struct{}{}); err != nil {
		return nil, err
	}
	select {
	case <-time.After(settle):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	var shot struct{ Data []byte }
	err := tools.call(session.SessionID, "Page.captureScreenshot", map[string]any{"format": "jpeg", "quality": quality}, &shot)
	return shot.Data, err
}
