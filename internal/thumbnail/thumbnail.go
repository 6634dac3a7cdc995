// Package thumbnail takes pictures of dashboards, by a Chromium that the operator
// has installed.
//
// A dashboard is somebody's program, and what it shows in a browser is, too. So
// the browser does not get the token: it visits a door of ours on the loopback
// address (door.go), which leads to this one dashboard only and puts the token on
// the requests behind the browser's back.
package thumbnail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
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

// limit is how long a browser may take. Patience is how long, of that, a page has
// to become what it is.
const (
	limit    = 60 * time.Second
	patience = 15 * time.Second
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
	file := filepath.Join(folder, "page.png")
	arguments := append([]string{
		"--headless", "--disable-gpu", "--hide-scrollbars", "--mute-audio", "--no-first-run", "--disable-extensions",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic",
		// The page may load what it likes from where it likes, but nothing of this
		// machine's besides the door.
		"--host-resolver-rules=MAP localhost ~NOTFOUND, MAP *.localhost ~NOTFOUND",
		"--user-data-dir=" + filepath.Join(folder, "profile"),
		fmt.Sprintf("--window-size=%d,%d", width, height),
		fmt.Sprintf("--force-device-scale-factor=%g", zoom),
		"--virtual-time-budget=" + strconv.FormatInt(patience.Milliseconds(), 10),
		"--screenshot=" + file,
	}, c.Arguments...)
	command := exec.CommandContext(ctx, c.Program, append(arguments, "file://"+first)...) // #nosec G204 -- the operator's program
	command.Env = []string{"HOME=" + folder, "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"}
	command.Dir = folder
	command.WaitDelay = 5 * time.Second
	endTogether(command)
	said, err := command.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("the browser took no picture: %w: %.500s", err, said)
	}
	return develop(file)
}

// maxShot is more than such a window can give, in bytes.
const maxShot = 64 << 20

// develop makes the picture of the browser's shot.
func develop(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, errors.New("the browser ended well, but took no picture")
	}
	if info.Size() > maxShot {
		return nil, fmt.Errorf("the browser's picture has %d bytes", info.Size())
	}
	content, err := os.ReadFile(file) // #nosec G304 -- in a folder of ours
	if err != nil {
		return nil, err
	}
	shot, err := png.Decode(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("the browser's picture cannot be read: %w", err)
	}
	var made bytes.Buffer
	if err := jpeg.Encode(&made, shot, &jpeg.Options{Quality: quality}); err != nil {
		return nil, err
	}
	return made.Bytes(), nil
}
