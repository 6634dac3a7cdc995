package hub

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// versionLife is for how long a version is taken to be the hub's: hubs change
// theirs by a restart.
const versionLife = time.Minute

// version is what the hub last said that it is.
type version struct {
	mu    sync.Mutex
	known string
	asked time.Time
}

// Version asks for the hub's version, by the path without a last slash, which
// only newer hubs know as well. The call needs no token (JupyterHub
// apihandlers/hub.py, RootAPIHandler).
func (c *Client) Version(ctx context.Context) (string, error) {
	var root struct {
		Version string `json:"version"`
	}
	if _, err := c.call(ctx, request{address: c.URL("")}, &root); err != nil {
		return "", unusable(err)
	}
	if root.Version == "" {
		return "", fmt.Errorf("%w: it did not tell its version", ErrUnavailable)
	}
	return root.Version, nil
}

// RecentVersion is the hub's version as it was at most a minute ago.
func (c *Client) RecentVersion(ctx context.Context) (string, error) {
	c.version.mu.Lock()
	known, asked := c.version.known, c.version.asked
	c.version.mu.Unlock()
	if known != "" && time.Since(asked) < versionLife {
		return known, nil
	}
	// Not under the lock: who has no patience must not wait for who has.
	known, err := c.Version(ctx)
	if err != nil {
		return "", err
	}
	c.version.mu.Lock()
	defer c.version.mu.Unlock()
	c.version.known, c.version.asked = known, time.Now()
	return known, nil
}

// Major is the first number of a version such as "5.5.4" or "6.0.0b3"; 0 of what
// is none.
func Major(version string) int {
	digits, _, _ := strings.Cut(version, ".")
	major, err := strconv.Atoi(digits)
	if err != nil || major < 0 {
		return 0
	}
	return major
}
