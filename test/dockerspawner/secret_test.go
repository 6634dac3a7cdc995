//go:build e2e

package dockerspawner

import (
	"encoding/json"
	"strings"
	"testing"
)

// A dashboard's container has no volume of its owner's, and neither it nor its image
// knows anything by which the hub, or others, would take it for its source.
func TestSecurityADashboardHasNothingOfItsSource(t *testing.T) {
	s := open(t)
	sue := s.startServer("sue")
	sue.exec(sue.container, "cd work && mkdir site .ssh && echo shown > site/index.html && echo volume-secret | tee .env .ssh/id_rsa site/.env site/id_rsa")
	// Her home is around the folder of her files, and no volume.
	sue.exec(sue.container, "mkdir -p .ssh .config/gh && echo home-secret | tee .ssh/id_rsa .netrc .git-credentials .config/gh/hosts.yml .env")
	made, _ := s.create(sue.owner, static("Site", "site"))
	if shown := s.shows(sue.owner, made); shown != "shown\n" {
		t.Errorf("it shows %q", shown)
	}

	container, image := containerOf(made), "dashboards/"+made.ID+":1"
	token := sue.exec(sue.container, "printenv JUPYTERHUB_API_TOKEN")
	if len(token) < 32 || token == sue.exec(container, "printenv JUPYTERHUB_API_TOKEN") {
		t.Fatalf("the source has the token %q", token)
	}
	for _, look := range [][]string{
		{"inspect", container},
		{"image", "inspect", image},
		{"image", "history", "--no-trunc", "--format", "{{json .}}", image},
	} {
		if out := s.run(look...); strings.Contains(out, token) {
			t.Errorf("docker %s shows the source's token:\n%s", strings.Join(look, " "), out)
		}
	}
	if env := s.run("image", "inspect", "--format", "{{json .Config.Env}}", image); strings.Contains(env, "JUPYTER") {
		t.Errorf("the image has the environment %s", env)
	}

	var mounts []struct {
		Type, Destination string
		RW                bool
	}
	s.must(json.Unmarshal([]byte(s.run("inspect", "--format", "{{json .Mounts}}", container)), &mounts))
	if len(mounts) != 1 || mounts[0].Type != "bind" || mounts[0].Destination != "/usr/local/bin/dashboard-builder" || mounts[0].RW {
		t.Errorf("the dashboard has the mounts %+v", mounts)
	}
	if found := s.exec(container, "grep -rl -e volume-secret -e home-secret /home /tmp /root 2>/dev/null || true"); found != "" {
		t.Errorf("the dashboard has the secrets in %q", strings.Fields(found))
	}
	s.exec(container, "echo changed > work/site/index.html && echo more > work/more")
	if left := sue.exec(sue.container, "cat work/site/index.html; ls work"); left != "shown\nsite" {
		t.Errorf("the source has %q", left)
	}
	s.delete(sue.owner, made)
}
