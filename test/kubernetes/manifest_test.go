//go:build e2e

package kubernetes_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/ideonate/jhsingle-native-proxy/internal/settings"
)

// fits says whether a selector selects the pods of the deployment, and not all
// there are.
func fits(t *testing.T, what string, selector *metav1.LabelSelector, pod map[string]string) {
	t.Helper()
	made, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil || made.Empty() || !made.Matches(labels.Set(pod)) {
		t.Errorf("%s selects %v, %v, but the pods have %v", what, selector, err, pod)
	}
}

func TestManifestsAgree(t *testing.T) {
	for _, variant := range variants {
		t.Run(variant, func(t *testing.T) {
			all := build(t, variant)
			deployment := all.deployment()
			pod := deployment.Spec.Template
			container := pod.Spec.Containers[0]
			fits(t, "the deployment", deployment.Spec.Selector, pod.Labels)
			if _, ok := all.accounts[pod.Spec.ServiceAccountName]; !ok {
				t.Errorf("there is no account %q", pod.Spec.ServiceAccountName)
			}

			ports := map[string]int32{}
			for _, port := range container.Ports {
				ports[port.Name] = port.ContainerPort
			}
			known := func(what string, port intstr.IntOrString) {
				if port.Type != intstr.String || ports[port.StrVal] == 0 {
					t.Errorf("%s has the port %s, but the container %v", what, port.String(), ports)
				}
			}
			for name, service := range all.services {
				fits(t, "the service "+name, &metav1.LabelSelector{MatchLabels: service.Spec.Selector}, pod.Labels)
				for _, port := range service.Spec.Ports {
					known("the service "+name, port.TargetPort)
				}
			}
			if service, ok := all.services["dashboard-builder"]; !ok || service.Spec.Ports[0].Port != 10101 {
				t.Errorf("http://dashboard-builder:10101 is not there: %+v", all.services)
			}
			for name, network := range all.policies {
				fits(t, "the policy "+name, &network.Spec.PodSelector, pod.Labels)
				if !slices.Equal(network.Spec.PolicyTypes, []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}) {
					t.Errorf("the policy is for %v", network.Spec.PolicyTypes)
				}
				for _, rule := range network.Spec.Ingress {
					if len(rule.From) == 0 || len(rule.Ports) == 0 {
						t.Error("everybody is let in, or to every port")
					}
					for _, port := range rule.Ports {
						known("the policy "+name, *port.Port)
					}
				}
				for _, rule := range network.Spec.Egress {
					if len(rule.Ports) == 0 {
						t.Error("every port of others can be reached")
					}
				}
			}
			for name, budget := range all.budgets {
				fits(t, "the budget "+name, budget.Spec.Selector, pod.Labels)
			}
			for _, spread := range pod.Spec.TopologySpreadConstraints {
				fits(t, "the spreading", spread.LabelSelector, pod.Labels)
			}
			probes := []*corev1.Probe{container.StartupProbe, container.ReadinessProbe, container.LivenessProbe}
			for i, probe := range probes {
				switch {
				case probe == nil:
					t.Errorf("there is no probe %d", i)
				case probe.HTTPGet != nil:
					known("a probe", probe.HTTPGet.Port)
				case probe.TCPSocket != nil:
					known("a probe", probe.TCPSocket.Port)
				default:
					t.Errorf("the probe %d asks nothing", i)
				}
			}
			if container.Resources.Requests.Cpu().IsZero() || container.Resources.Requests.Memory().IsZero() || container.Resources.Limits.Memory().IsZero() {
				t.Errorf("the resources are %+v", container.Resources)
			}
			checkVolumes(t, all, pod.Spec)
		})
	}
}

// checkVolumes follows what is mounted to what there is.
func checkVolumes(t *testing.T, all cluster, pod corev1.PodSpec) {
	t.Helper()
	// Those that the operator brings along: see README.md.
	brought := []string{"homes"}
	volumes := map[string]bool{}
	for _, volume := range pod.Volumes {
		if volumes[volume.Name] {
			t.Errorf("the volume %s is there twice", volume.Name)
		}
		volumes[volume.Name] = true
		source := volume.VolumeSource
		switch {
		case source.PersistentVolumeClaim != nil && (source.ConfigMap != nil || source.Secret != nil || source.EmptyDir != nil):
			t.Errorf("the volume %s is two things", volume.Name)
		case source.PersistentVolumeClaim != nil:
			name := source.PersistentVolumeClaim.ClaimName
			if _, ok := all.claims[name]; !ok && !slices.Contains(brought, name) {
				t.Errorf("there is no claim %s", name)
			}
		case source.ConfigMap != nil:
			if _, ok := all.settings[source.ConfigMap.Name]; !ok {
				t.Errorf("there are no settings %s", source.ConfigMap.Name)
			}
		case source.Secret != nil:
			if source.Secret.SecretName != "dashboard-builder" {
				t.Errorf("the secret %s is not said in README.md", source.Secret.SecretName)
			}
		case source.EmptyDir == nil:
			t.Errorf("the volume %s is nothing", volume.Name)
		}
	}
	for _, mount := range pod.Containers[0].VolumeMounts {
		if !volumes[mount.Name] {
			t.Errorf("there is no volume %s", mount.Name)
		}
		delete(volumes, mount.Name)
	}
	if len(volumes) > 0 {
		t.Errorf("not mounted: %v", volumes)
	}
	for name := range all.claims {
		if !slices.ContainsFunc(pod.Volumes, func(volume corev1.Volume) bool {
			return volume.PersistentVolumeClaim != nil && volume.PersistentVolumeClaim.ClaimName == name
		}) {
			t.Errorf("the claim %s is of no use", name)
		}
	}
}

// Kubernetes' own judgement: policy "restricted" of Pod Security Admission.
func TestSecurityPodsAreRestricted(t *testing.T) {
	judge, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	for _, variant := range variants {
		pod := build(t, variant).deployment().Spec.Template
		for _, result := range judge.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec) {
			if !result.Allowed {
				t.Errorf("%s: %s: %s", variant, result.ForbiddenReason, result.ForbiddenDetail)
			}
		}
		if !*pod.Spec.Containers[0].SecurityContext.ReadOnlyRootFilesystem {
			t.Errorf("%s: its files can be written", variant)
		}
		if mounted := pod.Spec.AutomountServiceAccountToken; mounted == nil || *mounted {
			t.Errorf("%s: the account's token is mounted", variant)
		}
	}
}

// SQLite has one user at a time; several replicas have PostgreSQL.
func TestReplicas(t *testing.T) {
	for _, variant := range variants {
		deployment := build(t, variant).deployment()
		shared := slices.ContainsFunc(deployment.Spec.Template.Spec.Containers[0].Env, func(variable corev1.EnvVar) bool {
			return variable.Name == "DASHBOARD_BUILDER_STORE"
		})
		if replicas := *deployment.Spec.Replicas; (replicas > 1) != shared {
			t.Errorf("%s has %d replicas", variant, replicas)
		}
		if one := deployment.Spec.Strategy.Type == "Recreate"; one == shared {
			t.Errorf("%s is replaced by %s", variant, deployment.Spec.Strategy.Type)
		}
	}
}

func TestSettings(t *testing.T) {
	for _, variant := range variants {
		path := filepath.Join(t.TempDir(), "dashboard-builder.yaml")
		if err := os.WriteFile(path, []byte(build(t, variant).settings["dashboard-builder"].Data[filepath.Base(path)]), 0o600); err != nil {
			t.Fatal(err)
		}
		loaded, err := settings.Load(path)
		if err != nil {
			t.Errorf("%s: %v", variant, err)
		}
		// Only where the files of people's servers can be had.
		if loaded.Sources.Servers != (variant == "shared-volume") || !loaded.Sources.Git {
			t.Errorf("%s: %+v", variant, loaded.Sources)
		}
	}
}
