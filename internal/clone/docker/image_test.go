package docker

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	"github.com/moby/moby/client"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

func theirBase() base {
	var b base
	b.name = "jupyter/base"
	b.RootFS.Layers = []string{"sha256:a"}
	b.Config = &dockerspec.DockerOCIImageConfig{ImageConfig: ocispec.ImageConfig{
		Env: []string{"PATH=/bin", "LANG=C"}, Cmd: []string{"start.sh"}, User: "1000", WorkingDir: "/home/jovyan",
		Labels:  map[string]string{"maker": "them", labelOwner: "somebody else"},
		Volumes: map[string]struct{}{"/home/jovyan": {}, "/home": {}, "/data": {}, "/home/jovyan/work": {}},
	}, DockerOCIImageConfigExt: dockerspec.DockerOCIImageConfigExt{OnBuild: []string{"RUN x"}}}
	return b
}

func TestSecurityTheImageHasNothingOfTheServersEnvironment(t *testing.T) {
	t.Parallel()
	b := theirBase()
	config := b.config(map[string]string{labelOwner: "ada"}, nil)
	made := forCommit(config, []string{"PATH=/evil", "LANG=C", "JUPYTERHUB_API_TOKEN=secret", "EMPTY", "TWO=a=secret"})
	if want := []string{"PATH=/bin", "LANG=C", "JUPYTERHUB_API_TOKEN=", "EMPTY=", "TWO="}; !slices.Equal(made.Env, want) {
		t.Errorf("%q, not %q", made.Env, want)
	}
	if !slices.Equal(b.Config.Env, []string{"PATH=/bin", "LANG=C"}) || b.Config.Labels[labelOwner] != "somebody else" {
		t.Error("the base's own was changed")
	}
	if config.Labels["maker"] != "them" || config.Labels[labelOwner] != "ada" || config.OnBuild != nil {
		t.Errorf("%+v", config)
	}
}

func TestVolumesThatAreFilledAreNoneAnyMore(t *testing.T) {
	t.Parallel()
	b := theirBase()
	left := b.config(nil, []string{"/home/jovyan"}).Volumes
	if _, data := left["/data"]; !data || len(left) != 1 {
		t.Errorf("%v", left)
	}
	if left := b.config(nil, nil).Volumes; len(left) != 4 || len(b.Config.Volumes) != 4 {
		t.Errorf("%v", left)
	}
}

func TestArchiveOf(t *testing.T) {
	t.Parallel()
	var from client.ImageInspectResult
	from.Architecture, from.Os = "amd64", "linux"
	from.RootFS.Layers = []string{"sha256:a", "sha256:b"}
	archive, id, err := archiveOf(from, theirBase(), theirBase().config(nil, nil), time.Unix(1, 0).UTC())
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for in := tar.NewReader(archive); ; {
		header, err := in.Next()
		if err != nil {
			break
		}
		files[header.Name], _ = io.ReadAll(in)
	}
	content := files[strings.TrimPrefix(id, "sha256:")+".json"]
	if sum := sha256.Sum256(content); id != "sha256:"+hex.EncodeToString(sum[:]) {
		t.Errorf("%s is not the digest of %s", id, content)
	}
	var image dockerspec.DockerOCIImage
	if err := json.Unmarshal(content, &image); err != nil {
		t.Fatal(err)
	}
	if len(image.RootFS.DiffIDs) != 2 || len(image.History) != 2 || image.History[0].CreatedBy != "jupyter/base" || image.Architecture != "amd64" || image.Config.User != "1000" {
		t.Errorf("%s", content)
	}
	var manifest []struct{ Layers, RepoTags []string }
	if err := json.Unmarshal(files["manifest.json"], &manifest); err != nil || len(manifest) != 1 || len(manifest[0].Layers) != 2 || len(manifest[0].RepoTags) != 0 {
		t.Errorf("%s: %v", files["manifest.json"], err)
	}
}

func TestReadResult(t *testing.T) {
	t.Parallel()
	for answer, ok := range map[string]bool{
		"": true, `{"stream":"Loaded image ID: sha256:1\n"}`: true,
		`{"stream":"x"}` + "\n" + `{"errorDetail":{"message":"no space left on device"},"error":"no space left on device"}`: false,
		"<html>":        false,
		`{"stream":"x"`: false,
	} {
		if err := readResult(strings.NewReader(answer)); (err == nil) != ok {
			t.Errorf("%q: %v", answer, err)
		}
	}
}
