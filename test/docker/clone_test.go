//go:build e2e

package docker

import (
	"strings"
	"testing"
)

func TestClone(t *testing.T) {
	h := shared(t)
	s := h.start("ada", "", "jupyter-ada", "mkdir work; echo notebook > work/nb.ipynb; echo installed > /opt/work/package")
	s.exec("until [ -e /opt/work/package ]; do sleep 0.05; done")
	c := h.cloner()
	request := s.request("work/nb.ipynb")
	snapshot, told := h.clone(c, request)
	t.Logf("%+v\n%s", snapshot, told)
	if out := h.shell(snapshot.Ref, "cat "+snapshot.Folder+"/work/nb.ipynb /opt/work/package; id -u; pwd"); out != "notebook\ninstalled\n1000\n/home/jovyan" {
		t.Errorf("the image has %q", out)
	}
	if got := s.state(); got != "running" {
		t.Errorf("the server is %s", got)
	}
	found, err := c.Snapshots(t.Context())
	if err != nil || len(found) != 1 {
		t.Fatalf("%+v, %v", found, err)
	}
	want := snapshot
	want.Paused = 0
	if found[0] != want {
		t.Errorf("it is listed as %+v, not as %+v", found[0], want)
	}
	_ = strings.TrimSpace
}
