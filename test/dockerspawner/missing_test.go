//go:build e2e

package dockerspawner

import (
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// What a container lacks is said to the dashboard's owner, not to the hub's log only.
func TestMissingInAContainer(t *testing.T) {
	s := open(t)
	mia := s.startServer("mia")
	mia.exec(mia.container, "mkdir -p work/site && echo 'import streamlit' > work/site/app.py && echo shown > work/site/index.html")
	wanted := static("Missing", "site")
	wanted.App = api.App{Framework: "streamlit", Path: "app.py"}
	made, err := mia.owner.Create(t.Context(), wanted)
	s.must(err)
	ended := s.follow(mia.owner, made.Job)
	for _, words := range []string{"streamlit cannot run where this dashboard does: streamlit is not installed", "Install it there (pip install streamlit)", "press Rebuild"} {
		if !strings.Contains(ended.Failure, words) {
			t.Errorf("it says %q, and not %q", ended.Failure, words)
		}
	}
	if d := s.get(mia.owner, made.Dashboard.ID); d.State != dashboard.Stopped || d.Detail.Failure != ended.Failure {
		t.Errorf("it is %+v %+v", d, d.Detail)
	}
	s.wantNothingBetween()
	s.delete(mia.owner, made.Dashboard)
	d, _ := s.create(mia.owner, static("There", "site"))
	if shown := s.shows(mia.owner, d); shown != "shown\n" {
		t.Errorf("it shows %q", shown)
	}
	s.delete(mia.owner, d)
}
