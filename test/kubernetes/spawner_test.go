//go:build e2e

package kubernetes_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"

	"github.com/ideonate/jhsingle-native-proxy/internal/hubconfig"
	"github.com/ideonate/jhsingle-native-proxy/internal/ticket"
)

// token is the service's, which the hub has in DASHBOARDS_TOKEN.
const token = "0123456789abcdef0123456789abcdef"

// values are those of the chart that hub.yaml and its like set.
type values struct {
	Singleuser map[string]any `json:"singleuser"`
	Hub        struct {
		AllowNamedServers bool                     `json:"allowNamedServers"`
		ExtraEnv          map[string]corev1.EnvVar `json:"extraEnv"`
		ExtraConfig       map[string]string        `json:"extraConfig"`
	} `json:"hub"`
}

// merge reads the values of files, as helm does with several --values.
func merge(t *testing.T, names ...string) values {
	t.Helper()
	var merged values
	merged.Hub.ExtraConfig = map[string]string{}
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(manifests, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.UnmarshalStrict(content, &merged); err != nil { // which merges maps
			t.Fatalf("%s: %v", name, err)
		}
	}
	return merged
}

// start is a server that somebody asks the hub for.
type start struct {
	User    string         `json:"user"`
	Server  string         `json:"server"`
	Options map[string]any `json:"options"`
}

type made struct {
	Pods []struct {
		Pod   json.RawMessage `json:"pod"`
		Error string          `json:"error"`
	} `json:"pods"`
	Services []map[string]any `json:"services"`
	Roles    []map[string]any `json:"roles"`
}

// spawn has the hub of a set of values make pods.
func spawn(t *testing.T, chart values, starts ...start) made {
	t.Helper()
	text, err := hubconfig.Render(hubconfig.Options{
		Spawner: hubconfig.Kube, URL: "http://dashboard-builder:10101", TokenVariable: "DASHBOARDS_TOKEN",
	})
	if err != nil {
		t.Fatal(err)
	}
	chart.Hub.ExtraConfig["zz-dashboards"] = text // --set-file
	if _, ok := chart.Singleuser["storage"]; !ok {
		chart.Singleuser["storage"] = map[string]any{"static": map[string]string{"pvcName": "homes", "subPath": "home/{username}"}}
	}
	// However long the hub takes to begin.
	input, err := json.Marshal(map[string]any{"values": chart, "starts": starts, "now": time.Now().Unix()})
	if err != nil {
		t.Fatal(err)
	}
	var got made
	if err := json.Unmarshal(python(t, input), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Pods) != len(starts) {
		t.Fatalf("there are %d pods", len(got.Pods))
	}
	return got
}

// pod is one that was made, by Kubernetes' own type.
func (m made) pod(t *testing.T, i int) corev1.Pod {
	t.Helper()
	if m.Pods[i].Error != "" {
		t.Fatalf("the hub refuses it: %s", m.Pods[i].Error)
	}
	var pod corev1.Pod
	if err := yaml.UnmarshalStrict(m.Pods[i].Pod, &pod); err != nil {
		t.Fatalf("%v in\n%s", err, m.Pods[i].Pod)
	}
	return pod
}

func sign(t *testing.T, said ticket.Ticket) map[string]any {
	t.Helper()
	signed, err := ticket.NewSigner(token).Sign(said)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{ticket.Option: signed}
}

// sales is a dashboard of ada's, of a commit.
func sales() ticket.Ticket {
	return ticket.Ticket{
		User: "ada", Server: "dashboard-sales-abcdef", Dashboard: "abcdefghijkm", Revision: 3, Title: "Sales",
		Arguments: []string{
			"--forward-identity=user", "--repo", "https://example.org/team/$(HOME)/app.git", "--repobranch", "0123456789012345678901234567890123456789",
			"--repofolder", "dashboard-abcdefghijkm", "voila", "dashboard-abcdefghijkm/{username}.ipynb",
		},
		Environment: map[string]string{"GREETING": "$(HOSTNAME) {username}"},
	}
}

func TestKubeSpawner(t *testing.T) {
	said := sales()
	other := said
	other.Image = "ours/dashboard:1"
	forged := sign(t, said)
	forged[ticket.Option] = forged[ticket.Option].(string) + "x"
	got := spawn(t, merge(t, "hub.yaml"),
		start{"ada", said.Server, sign(t, said)},
		start{"ada", "", map[string]any{}},
		start{"ada", said.Server, sign(t, other)},
		start{"ada", said.Server, forged},
		start{"bob", said.Server, sign(t, said)},
		start{"ada", said.Server, map[string]any{}},
	)
	pod := got.pod(t, 0)
	container := pod.Spec.Containers[0]
	if container.Image != "your-notebook:your-tag" {
		t.Errorf("the image is %q", container.Image)
	}
	command := append(container.Command, container.Args...)
	want := append([]string{"dashboard-builder", "launch"}, said.Arguments...)
	want[4] = strings.ReplaceAll(said.Arguments[2], "$(", "$$(") // Kubernetes makes $( of it
	if !slices.Equal(command, want) {
		t.Errorf("the command is\n%q\nwant\n%q", command, want)
	}
	environment := map[string]string{}
	for _, variable := range container.Env {
		environment[variable.Name] = variable.Value
	}
	if environment["GREETING"] != "$$(HOSTNAME) {username}" || environment["JUPYTERHUB_SERVER_NAME"] != said.Server || environment["JUPYTERHUB_USER"] != "ada" {
		t.Errorf("the environment is %q", environment)
	}
	if len(pod.Spec.Volumes) != 1 || pod.Spec.Volumes[0].PersistentVolumeClaim.ClaimName != "homes" || container.VolumeMounts[0].SubPath != "home/ada" {
		t.Errorf("the volumes are %+v, mounted as %+v", pod.Spec.Volumes, container.VolumeMounts)
	}
	judge, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range judge.EvaluatePod(api.LevelVersion{Level: api.LevelBaseline, Version: api.LatestVersion()}, &pod.ObjectMeta, &pod.Spec) {
		if !result.Allowed {
			t.Errorf("%s: %s", result.ForbiddenReason, result.ForbiddenDetail)
		}
	}

	// A server like any other is as it was.
	if ordinary := got.pod(t, 1).Spec.Containers[0]; slices.Contains(append(ordinary.Command, ordinary.Args...), "launch") {
		t.Errorf("a notebook is started by %q %q", ordinary.Command, ordinary.Args)
	}
	if image := got.pod(t, 2).Spec.Containers[0].Image; image != other.Image {
		t.Errorf("the image is %q", image)
	}
	for i, what := range map[int]string{3: "a forged ticket", 4: "a ticket of somebody else's", 5: "no ticket"} {
		if !strings.Contains(got.Pods[i].Error, ticket.Refused) {
			t.Errorf("%s is answered by %q", what, got.Pods[i].Error)
		}
	}
	if len(got.Services) != 1 || got.Services[0]["url"] != "http://dashboard-builder:10101" || got.Services[0]["api_token"] != token {
		t.Errorf("the services are %v", got.Services)
	}
}

// The variable with the token comes from the Secret that the deployment mounts.
func TestHubHasTheToken(t *testing.T) {
	chart := merge(t, "hub.yaml")
	variable, ok := chart.Hub.ExtraEnv["DASHBOARDS_TOKEN"]
	if !ok || variable.ValueFrom == nil || variable.ValueFrom.SecretKeyRef == nil || !chart.Hub.AllowNamedServers {
		t.Fatalf("%+v", chart.Hub)
	}
	mounted := slices.IndexFunc(build(t, "base").deployment().Spec.Template.Spec.Volumes, func(volume corev1.Volume) bool {
		return volume.Secret != nil && volume.Secret.SecretName == variable.ValueFrom.SecretKeyRef.Name && volume.Secret.Items[0].Key == variable.ValueFrom.SecretKeyRef.Key
	})
	if mounted < 0 {
		t.Errorf("the deployment does not mount %+v", variable.ValueFrom.SecretKeyRef)
	}
}

// With a shared volume, a dashboard's pod has the one snapshot that it shows.
func TestSecuritySharedVolume(t *testing.T) {
	said := sales()
	said.Arguments = []string{"--workdir", "/srv/dashboards/abcdefghijkm/3/reports", "voila", "sales.ipynb"}
	got := spawn(t, merge(t, "hub.yaml", "shared-volume/hub.yaml"),
		start{"ada", said.Server, sign(t, said)},
		start{"eve", "", sign(t, sales())}, // as a server of one's own
		start{"eve", "work", map[string]any{"dashboard_accepted": "x"}},
		start{"eve", "dashboard-mine", map[string]any{ticket.Option: "dashboard1.eyJkYXNoYm9hcmQiOiAiLi4vLi4iLCAicmV2aXNpb24iOiAxfQ.x"}},
	)
	pod := got.pod(t, 0)
	mounts := pod.Spec.Containers[0].VolumeMounts
	last := mounts[len(mounts)-1]
	if last.MountPath != "/srv/dashboards/abcdefghijkm/3" || last.SubPath != "abcdefghijkm/3" || !last.ReadOnly || len(mounts) != 2 {
		t.Errorf("the mounts are %+v", mounts)
	}
	claim := pod.Spec.Volumes[len(pod.Spec.Volumes)-1].PersistentVolumeClaim
	all := build(t, "shared-volume")
	if _, ok := all.claims[claim.ClaimName]; !ok || !claim.ReadOnly {
		t.Errorf("the claim is %+v", claim)
	}
	// Where the builder has them, too.
	container := all.deployment().Spec.Template.Spec.Containers[0]
	if !slices.Contains(container.Args, "--snapshots=/srv/dashboards") || !slices.Contains(container.Args, "--cloner=folder") {
		t.Errorf("the builder is started by %q", container.Args)
	}
	for _, i := range []int{1, 3} {
		if got.Pods[i].Error == "" {
			t.Errorf("the hub makes %s", got.Pods[i].Pod)
		}
	}
	for _, mount := range got.pod(t, 2).Spec.Containers[0].VolumeMounts {
		if strings.HasPrefix(mount.MountPath, "/srv/dashboards") {
			t.Errorf("an ordinary server has %+v", mount)
		}
	}
}
