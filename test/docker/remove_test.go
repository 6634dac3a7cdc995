//go:build e2e

package docker

import (
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/docker"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

func TestRemoveWhileItIsUsed(t *testing.T) {
	h := shared(t)
	s := h.start("ada", "", "jupyter-ada", "")
	c := h.cloner()
	snapshot, _ := h.clone(c, s.request(""))
	used := h.run("create", snapshot.Ref)
	for range 2 { // again is no error
		if err := c.Remove(t.Context(), snapshot); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.Engine.Docker("image", "inspect", snapshot.Ref); err == nil {
		t.Error("it has its name still")
	}
	found, err := c.Snapshots(t.Context())
	if err != nil || len(found) != 1 || found[0].Complete || found[0].Ref == snapshot.Ref {
		t.Fatalf("%+v, %v", found, err)
	}
	h.run("start", used) // what uses it goes on
	h.run("rm", "--force", "--volumes", used)
	if err := c.Recover(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if err := h.left(); err != nil {
		t.Error(err)
	}
}

func TestRemoveWhatIsNotThere(t *testing.T) {
	h := shared(t)
	c := h.cloner()
	id := dashboard.NewID()
	for _, ref := range []string{"", "dashboards/" + id + ":7", "sha256:0000000000000000000000000000000000000000000000000000000000000000", "container:dashboard-clone-" + id + "-7"} {
		if err := c.Remove(t.Context(), dashboard.Snapshot{Kind: dashboard.Image, Ref: ref, Dashboard: id, Revision: 7}); err != nil {
			t.Errorf("%q: %v", ref, err)
		}
	}
	// A dashboard may have snapshots of others' making as well.
	for _, kind := range []dashboard.SnapshotKind{dashboard.Commit, dashboard.Folder} {
		if err := c.Remove(t.Context(), dashboard.Snapshot{Kind: kind, Ref: "0123456789abcdef0123456789abcdef01234567", Dashboard: id, Revision: 7}); err != nil {
			t.Errorf("a %s: %v", kind, err)
		}
	}
}

func TestSecurityOnlyOursIsRemoved(t *testing.T) {
	h := shared(t)
	s := h.start("ada", "", "jupyter-ada", "")
	c := h.cloner()
	snapshot, _ := h.clone(c, s.request(""))
	others, err := docker.New(docker.Config{Host: h.Host, Repository: "other"})
	if err != nil {
		t.Fatal(err)
	}
	theirs, _ := h.clone(others, s.request(""))
	// Somebody makes an image and containers of ours: they have its labels.
	h.run("tag", snapshot.Ref, "mine:1")
	container := h.run("create", "--name", "dashboard-clone-mine", snapshot.Ref)
	derived := h.run("commit", container, "mine:2")
	h.run("volume", "create", "--label", "org.jhsingle.dashboard.repository=dashboards", "mine")
	paused := h.start("eve", "", "jupyter-eve", "")
	h.run("pause", paused.id)
	h.run("volume", "create", "dashboard-pause-"+paused.id)
	h.Cleanup(func() {
		_, _ = h.Engine.Docker("rmi", theirs.Ref)
		_, _ = h.Engine.Docker("rm", "--force", "--volumes", container)
		_, _ = h.Engine.Docker("rmi", "mine:1", "mine:2")
		_, _ = h.Engine.Docker("volume", "rm", "mine", "dashboard-pause-"+paused.id)
	})
	for _, ref := range []string{
		baseImage, "mine:1", "mine:2", derived, theirs.Ref, h.run("image", "inspect", "--format", "{{.Id}}", baseImage),
		"container:dashboard-clone-mine", "container:" + s.id, "container:jupyter-ada", "volume:mine", "volume:dashboard-pause-" + paused.id,
	} {
		_ = c.Remove(t.Context(), dashboard.Snapshot{Kind: dashboard.Image, Ref: ref, Dashboard: snapshot.Dashboard, Revision: 1})
	}
	if err := c.Recover(t.Context(), nil); err != nil {
		t.Error(err)
	}
	for _, look := range [][]string{
		{"image", "inspect", baseImage, "mine:1", "mine:2", derived, theirs.Ref, snapshot.Ref}, {"inspect", container, s.id}, {"volume", "inspect", "mine", "dashboard-pause-" + paused.id},
	} {
		if _, err := h.Engine.Docker(look...); err != nil {
			t.Error(err)
		}
	}
	if got := paused.state(); got != "paused" {
		t.Errorf("somebody else's server is %s", got)
	}
	found, err := c.Snapshots(t.Context())
	if err != nil || len(found) != 1 || found[0].Ref != snapshot.Ref {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestRecoverLeavesAloneWhatIsBeingMade(t *testing.T) {
	h := shared(t)
	s := h.start("ada", "", "jupyter-ada", "")
	c := h.cloner()
	snapshot, _ := h.clone(c, s.request(""))
	h.run("tag", snapshot.Ref, "kept:1")
	h.run("rmi", snapshot.Ref)
	h.run("create", "--name", "dashboard-clone-"+snapshot.Dashboard+"-1", "kept:1")
	var asked []int
	if err := c.Recover(t.Context(), func(id string, revision int) bool {
		asked = append(asked, revision)
		return id == snapshot.Dashboard
	}); err != nil || len(asked) != 1 {
		t.Errorf("%v, %v", asked, err)
	}
	h.run("inspect", "dashboard-clone-"+snapshot.Dashboard+"-1")
	if err := c.Recover(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if _, err := h.Engine.Docker("inspect", "dashboard-clone-"+snapshot.Dashboard+"-1"); err == nil {
		t.Error("it is there still")
	}
	h.run("rmi", "kept:1")
}
