//go:build hubs

// Package hubs runs our program under real JupyterHubs of many versions, and
// writes down what works with which.
//
//	go test -tags hubs -timeout 30m -v ./test/hubs/
package hubs

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// versions are the last of every major version.
var versions = []string{"6.1.1", "5.5.4", "4.1.6", "3.1.1", "2.3.1", "1.5.1"}

// check is one row of the matrix.
type check struct {
	name string
	run  func(t *testing.T, h *hub)
	// since is the first major version that has what is checked, and lacks
	// says what the older ones are without.
	since int
	lacks string
}

// checks run one after the other, in this order.
var checks = []check{
	{name: "start: hub is told the version", run: tellsVersion},
	{name: "start: listens on loopback only", run: listensNarrowly},
	{name: "start: app in Spawner.cmd, {--} spelling", run: startsByCommandOnly},
	{name: "start: default_url, notebook_dir, debug set", run: startsWithSettings},
	{name: "owner: login, back at the very URL", run: ownerLogsIn},
	{name: "owner: named server", run: ownerAtNamedServer},
	{name: "owner: websocket", run: ownerWebsocket},
	{name: "owner: name with @", run: ownerWithAt},
	{name: "owner: logout kills the cookie", run: ownerLogsOut},
	{name: "owner: logout at the hub", run: ownerLogsOutAtTheHub},
	{name: "admin: enters", run: adminEnters},
	{name: "stranger: 403, app unseen", run: strangerStaysOut},
	{name: "no login: navigation", run: nobodyNavigates},
	{name: "no login: fetch 401", run: nobodyFetches},
	{name: "no login: websocket 403", run: nobodyDials},
	{name: "token: owner's 200", run: ownersToken},
	{name: "token: stranger's 403", run: strangersToken},
	{name: "token: unknown 401", run: unknownToken},
	{name: "token: revoked 401", run: revokedToken},
	{name: "token: without access 403", run: narrowToken, since: 3, lacks: "tokens have no scopes"},
	{name: "token: service with access:servers 200", run: robotsToken, since: 2, lacks: "no scopes"},
	{name: "token: service without access 403", run: powerlessService},
	{name: "share: enters, and not after the end", run: shareEnds, since: 5, lacks: "no shares"},
	{name: "activity: taken by the hub", run: activityArrives},
}

func TestHubs(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	ready, err := bed.Setup(ctx, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	proxy, err := ready.Build(ctx, "./cmd/jhsingle-native-proxy", false)
	if err != nil {
		t.Fatal(err)
	}
	echo, err := ready.Build(ctx, "./test/apps/echo", false)
	if err != nil {
		t.Fatal(err)
	}
	var results table
	file := filepath.Join(ready.Root, "test", "output", "hubs.md")
	// After all versions, which run at once.
	t.Cleanup(func() {
		text := results.markdown()
		t.Log("\n" + text)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
			t.Error(err)
		}
	})
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			for _, check := range checks {
				results.set(check.name, version, noHub)
			}
			h := startHub(t, ready, version, proxy, echo)
			for _, check := range checks {
				results.set(check.name, version, notRun) // -run may leave it out
				if h.major < check.since {
					results.set(check.name, version, "n/a: "+check.lacks)
					continue
				}
				t.Run(strings.ReplaceAll(check.name, "/", "-"), func(t *testing.T) {
					t.Cleanup(func() {
						result := passed
						if t.Failed() {
							result = failed
						}
						results.set(check.name, version, result)
					})
					check.run(t, h)
				})
			}
		})
	}
}
