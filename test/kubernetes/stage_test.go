//go:build e2e

// Package kubernetes_test looks at what is in deploy/kubernetes: built by
// kustomize, held against the types of Kubernetes' API and its own check of pods'
// security, and put to the real KubeSpawner and our own program.
package kubernetes_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

const (
	manifests = "../../deploy/kubernetes"
	cache     = "../../.cache/kubernetes"
)

// variants are those that can be applied.
var variants = []string{"base", "postgres", "shared-volume"}

func TestMain(m *testing.M) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	setup := exec.CommandContext(ctx, "./setup")
	setup.Stdout, setup.Stderr = os.Stderr, os.Stderr
	err := setup.Run()
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "test/kubernetes/setup could not install KubeSpawner:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// cluster is what a variant would make.
type cluster struct {
	accounts    map[string]corev1.ServiceAccount
	settings    map[string]corev1.ConfigMap
	claims      map[string]corev1.PersistentVolumeClaim
	services    map[string]corev1.Service
	deployments map[string]appsv1.Deployment
	policies    map[string]networkingv1.NetworkPolicy
	budgets     map[string]policyv1.PodDisruptionBudget
}

// build makes a variant, and refuses whatever Kubernetes' types do not know.
func build(t *testing.T, variant string) cluster {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join(manifests, variant))
	if err != nil {
		t.Fatal(err)
	}
	all := cluster{
		map[string]corev1.ServiceAccount{}, map[string]corev1.ConfigMap{}, map[string]corev1.PersistentVolumeClaim{}, map[string]corev1.Service{},
		map[string]appsv1.Deployment{}, map[string]networkingv1.NetworkPolicy{}, map[string]policyv1.PodDisruptionBudget{},
	}
	for _, resource := range built.Resources() {
		content, err := resource.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		switch kind := resource.GetGvk().ApiVersion() + " " + resource.GetKind(); kind {
		case "v1 ServiceAccount":
			take(t, content, all.accounts)
		case "v1 ConfigMap":
			take(t, content, all.settings)
		case "v1 PersistentVolumeClaim":
			take(t, content, all.claims)
		case "v1 Service":
			take(t, content, all.services)
		case "apps/v1 Deployment":
			take(t, content, all.deployments)
		case "networking.k8s.io/v1 NetworkPolicy":
			take(t, content, all.policies)
		case "policy/v1 PodDisruptionBudget":
			take(t, content, all.budgets)
		default:
			t.Errorf("%s: what is a %s for?", variant, kind)
		}
	}
	if len(all.deployments) != 1 {
		t.Fatalf("%s has %d deployments", variant, len(all.deployments))
	}
	return all
}

func take[T any](t *testing.T, content []byte, into map[string]T) {
	t.Helper()
	var made T
	if err := yaml.UnmarshalStrict(content, &made); err != nil {
		t.Errorf("%v in\n%s", err, content)
		return
	}
	named := any(&made).(metav1.Object)
	if _, twice := into[named.GetName()]; twice {
		t.Errorf("%s is there twice", named.GetName())
	}
	into[named.GetName()] = made
}

// deployment is the only one.
func (c cluster) deployment() appsv1.Deployment {
	for _, one := range c.deployments {
		return one
	}
	return appsv1.Deployment{}
}

// python runs pod.py.
func python(t *testing.T, input []byte) []byte {
	t.Helper()
	command := exec.CommandContext(t.Context(), filepath.Join(cache, "venv", "bin", "python"), "pod.py")
	command.Stdin = strings.NewReader(string(input))
	command.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "DASHBOARDS_TOKEN="+token, "KUBECONFIG=kubeconfig.yaml")
	var complaints strings.Builder
	command.Stderr = &complaints
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, complaints.String())
	}
	return output
}
