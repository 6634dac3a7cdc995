package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	"github.com/moby/moby/client"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// ownsLayers says whether Docker keeps images in its own store, where the
// configuration of a commit has that of the container beside it, environment and
// all, until the image is made anew (moby image/image.go: NewChildImage). The
// newer store, which is containerd's, keeps what it is given and no more.
func (c *Cloner) ownsLayers(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	info, err := c.engine.Info(ctx, client.InfoOptions{})
	if err != nil {
		return false, err
	}
	for _, pair := range info.Info.DriverStatus {
		if pair[0] == "driver-type" && strings.HasPrefix(pair[1], "io.containerd.") {
			return false, nil
		}
	}
	return true, nil
}

// remake makes a new image of an image's layers. What is loaded has a
// configuration and names of layers; those that Docker has already are taken
// without being sent (moby image/tarexport/load.go), so it takes moments. The new
// one has no parent, and no history but its own.
func (c *Cloner) remake(ctx context.Context, id string, b base, config dockerspec.DockerOCIImageConfig) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	from, err := c.engine.ImageInspect(ctx, id)
	if err != nil {
		return "", err
	}
	archive, made, err := archiveOf(from, b, config, time.Now().UTC())
	if err != nil {
		return "", err
	}
	result, err := c.engine.ImageLoad(ctx, archive, client.ImageLoadWithQuiet(true))
	if err != nil {
		return "", err
	}
	defer result.Close()
	if err := readResult(result); err != nil {
		return "", err
	}
	found, err := c.engine.ImageInspect(ctx, made)
	if err != nil {
		return "", fmt.Errorf("the image that was loaded is not there: %w", err)
	}
	return found.ID, nil
}

// archiveOf is what docker load takes: the configuration, whose digest is the
// image's identifier, and a manifest.
func archiveOf(from client.ImageInspectResult, b base, config dockerspec.DockerOCIImageConfig, now time.Time) (io.Reader, string, error) {
	made := dockerspec.DockerOCIImage{
		Image: ocispec.Image{
			Created: &now,
			Platform: ocispec.Platform{
				Architecture: from.Architecture, OS: from.Os, OSVersion: from.OsVersion, Variant: from.Variant,
			},
			RootFS: ocispec.RootFS{Type: "layers"},
		},
		Config: config,
	}
	var files []string
	for i, layer := range from.RootFS.Layers {
		made.RootFS.DiffIDs = append(made.RootFS.DiffIDs, digest.Digest(layer))
		files = append(files, fmt.Sprintf("%d/layer.tar", i)) // is not looked for
		origin := "dashboard-builder"
		if i < len(b.RootFS.Layers) {
			origin = b.name
		}
		made.History = append(made.History, ocispec.History{Created: &now, CreatedBy: origin})
	}
	content, err := json.Marshal(made)
	if err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256(content)
	id := hex.EncodeToString(sum[:])
	manifest, err := json.Marshal([]map[string]any{{"Config": id + ".json", "RepoTags": []string{}, "Layers": files}})
	if err != nil {
		return nil, "", err
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, file := range []struct {
		name    string
		content []byte
	}{{id + ".json", content}, {"manifest.json", manifest}} {
		err = errors.Join(err, w.WriteHeader(&tar.Header{Name: file.name, Mode: 0o644, Size: int64(len(file.content)), Typeflag: tar.TypeReg}))
		_, failed := w.Write(file.content)
		err = errors.Join(err, failed)
	}
	return &archive, "sha256:" + id, errors.Join(err, w.Close())
}

// readResult reads what Docker says while it loads, an error among it.
func readResult(result io.Reader) error {
	messages := json.NewDecoder(io.LimitReader(result, 1<<20))
	for {
		var message struct {
			Error string `json:"error"`
		}
		err := messages.Decode(&message)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("docker's answer to a load cannot be read: %w", err)
		case message.Error != "":
			return fmt.Errorf("docker cannot load the image: %s", message.Error)
		}
	}
}
