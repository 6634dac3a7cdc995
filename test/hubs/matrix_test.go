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

// versions are the last of every major version, and the newest pre-release,
// which is older than the newest release: on the index, in November 2026, there
// is none of what comes after 6.1.1.
var versions = []string{"6.1.1", "6.0.0b3", "5.5.4", "4.1.6", "3.1.1", "2.3.1", "1.5.1"}

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
	{name: "browser: owner, websocket, logout", run: browserOwner},
	{name: "browser: owner with a very odd name", run: browserName},
	{name: "browser: guest says yes to the hub", run: browserGuest},
	{name: "browser: guest by a share", run: browserShare, since: 5, lacks: "no shares"},
	{name: "owner: login, back at the very URL", run: ownerLogsIn},
	{name: "owner: named server", run: ownerAtNamedServer},
	{name: "owner: websocket", run: ownerWebsocket},
	{name: "owner: logout kills the cookie", run: ownerLogsOut},
	{name: "owner: logout at the hub", run: ownerLogsOutAtTheHub},
	{name: "name: with @", run: ownerCalled("ann@example.org")},
	{name: "name: with a space", run: ownerCalled("ann lee")},
	{name: "name: with é", run: ownerCalled("zoé")},
	{name: "name: with 李", run: ownerCalled("李明")},
	{name: "name: with ~", run: ownerCalled("~ann")},
	{name: "name: with . and +", run: ownerCalled("ann.lee+x")},
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
	{name: "group: role for a user's servers", run: groupForUser, since: 2, lacks: "no roles"},
	{name: "group: role for one server", run: groupForServer, since: 2, lacks: "no roles"},
	{name: "group: role for a group's servers", run: groupForGroup, since: 2, lacks: "no roles"},
	{name: "group: the same by plain token 403", run: groupForGroupToken, since: 2, lacks: "no roles"},
	{name: "group: no longer a member 403", run: groupLeft, since: 2, lacks: "no roles"},
	{name: "share: enters, and not after the end", run: shareEnds, since: 5, lacks: "no shares"},
	{name: "share: to a group", run: groupShare, since: 5, lacks: "no shares"},
	{name: "JUPYTERHUB_USER: enters", run: userVariable},
	{name: "JUPYTERHUB_GROUP: member enters", run: groupVariable},
	{name: "JUPYTERHUB_ANYONE: everybody enters", run: anyoneVariable},
	{name: "--allow-user: only they", run: allowUser},
	{name: "--allow-group: only they", run: allowGroup},
	{name: "server stopped, started again", run: serverStops},
	{name: "server not started", run: serverNotStarted},
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
	turns := make(turns, 2)
	var results table
	file := filepath.Join(ready.Root, "test", "output", "hubs.md")
	// After all versions, which run at once.
	t.Cleanup(func() {
		text := results.markdown()
		t.Log("\n" + text)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644),
			showInREADME(filepath.Join(ready.Root, "README.md"), text)); err != nil {
			t.Error(err)
		}
	})
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			for _, check := range checks {
				results.set(check.name, version, noHub)
			}
			h := startHub(t, ready, turns, version, proxy, echo)
			for _, check := range checks {
				results.set(check.name, version, notRun) // -run may leave it out
				if h.major < check.since {
					results.set(check.name, version, "n/a: "+check.lacks)
					continue
				}
				t.Run(strings.ReplaceAll(check.name, "/", "-"), func(t *testing.T) {
					h.said = passed
					t.Cleanup(func() {
						result := h.said
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
