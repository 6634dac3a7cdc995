//go:build e2e

package image

import (
	"errors"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/engine"
)

// pythonImage is what the dashboard's Dockerfile stands on.
const pythonImage = "image-test/python"

// makeBases makes the images that the Dockerfiles stand on.
func makeBases(t *testing.T, e *daemon) {
	t.Helper()
	if err := errors.Join(e.MakeDebian(), e.MakeGo()); err != nil {
		t.Fatal(err)
	}
	e.docker(t, 10*time.Second, "tag", engine.DebianImage, pythonImage)
}
