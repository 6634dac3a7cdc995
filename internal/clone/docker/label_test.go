package docker

import (
	"maps"
	"testing"
	"time"

	"github.com/moby/moby/api/types/image"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

func ourCloner(t *testing.T) *Cloner {
	t.Helper()
	c, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func ourLabels(c *Cloner) (map[string]string, key) {
	k := key{"abcdefghjkmn", 3}
	return c.labels(dashboard.CloneRequest{Dashboard: k.dashboard, Revision: k.revision, Owner: "ünï <b>\n"}, "/home/jovyan", 100, time.Now()), k
}

func TestLabels(t *testing.T) {
	t.Parallel()
	c := ourCloner(t)
	labels, want := ourLabels(c)
	if got, ok := c.read(labels); !ok || got != want {
		t.Errorf("%+v, %v", got, ok)
	}
	for name, values := range map[string][]string{
		labelDashboard:  {"", "x", "ABCDEFGHJKMN", "../../../etc", "abcdefghjkm:"},
		labelRevision:   {"", "0", "-1", "x", "03", "+3", "99999999999999999999"},
		labelRepository: {"", "other", "dashboards2"},
	} {
		for _, value := range values {
			changed := maps.Clone(labels)
			changed[name] = value
			if got, ok := c.read(changed); ok {
				t.Errorf("%s=%q is taken for %+v", name, value, got)
			}
		}
	}
	if _, ok := c.read(nil); ok {
		t.Error("what has no labels is ours")
	}
}

func TestSecurityWhatOthersMadeOfOursIsNotOurs(t *testing.T) {
	t.Parallel()
	c := ourCloner(t)
	labels, k := ourLabels(c)
	for _, test := range []struct {
		tags     []string
		ref      string
		complete bool
	}{
		{[]string{"dashboards/abcdefghjkmn:3"}, "dashboards/abcdefghjkmn:3", true},
		{[]string{"mine:latest", "dashboards/abcdefghjkmn:3"}, "dashboards/abcdefghjkmn:3", true},
		{nil, "sha256:1", false},
		{[]string{"<none>:<none>"}, "sha256:1", false},
		{[]string{"dashboards/abcdefghjkmn:3.removed"}, "dashboards/abcdefghjkmn:3.removed", false},
		{[]string{"mine:latest"}, "", false},
		{[]string{"dashboards/abcdefghjkmn:4"}, "", false},
		{[]string{"other/abcdefghjkmn:3"}, "", false},
	} {
		got, ok := c.snapshotOf(image.Summary{ID: "sha256:1", Labels: labels, RepoTags: test.tags, Size: 150})
		if ok != (test.ref != "") || ok && (got.Ref != test.ref || got.Complete != test.complete || got.Bytes != 100 || got.Dashboard != k.dashboard || got.Revision != 3 || got.Folder != "/home/jovyan") {
			t.Errorf("%q: %+v, %v", test.tags, got, ok)
		}
	}
}

func TestKeysAreKeptApart(t *testing.T) {
	t.Parallel()
	c := ourCloner(t)
	k := key{"abcdefghjkmn", 3}
	end, err := c.begin(k)
	if err != nil || !c.isBusy(k) {
		t.Fatal(err)
	}
	if _, err := c.begin(k); dashboard.KindOf(err) != dashboard.Conflict {
		t.Errorf("%v", err)
	}
	if _, err := c.begin(key{k.dashboard, 4}); err != nil {
		t.Error(err)
	}
	end()
	if c.isBusy(k) {
		t.Error("it has not ended")
	}
}
