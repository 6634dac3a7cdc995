//go:build e2e

// Package image builds the Docker images as a user does, looks at what is in them,
// and runs a dashboard with the one and the service with the other. It needs root, dockerd and debootstrap; it brings
// its own daemon and never touches another.
package image

import (
	"debug/elf"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// top is the folder of the Dockerfile, seen from here.
const top = "../.."

func TestImage(t *testing.T) {
	e := startDaemon(t)
	makeBases(t, e)

	t.Run("both builders make the same binary of the Dockerfile", func(t *testing.T) {
		var binaries []string
		for i, b := range builders() {
			name := ourImage
			if i > 0 {
				name += "-again"
			}
			b.build(t, e, "Dockerfile", name)
			binaries = append(binaries, readFile(t, copyBinary(t, e, name, ourBinary)))
		}
		if binaries[0] != binaries[1] {
			t.Error("two builds of the same source differ: the build is not reproducible")
		}
	})
	if t.Failed() {
		return
	}
	t.Run("the image is small and says what it is", func(t *testing.T) { checkConfig(t, e) })
	t.Run("the image holds one binary and no shell", func(t *testing.T) { checkFiles(t, e) })
	t.Run("the binary is static", func(t *testing.T) { checkStatic(t, copyBinary(t, e, ourImage, ourBinary)) })
	t.Run("the binary runs where nothing is allowed", func(t *testing.T) { checkRuns(t, e) })
	t.Run("a dashboard image", func(t *testing.T) { checkDashboard(t, e) })
	t.Run("the image of the service", func(t *testing.T) { checkService(t, e) })
	prune(t, e)
}

// checkConfig reads what the image promises to those who run it.
func checkConfig(t *testing.T, e *daemon) {
	var images []struct {
		Size   int64
		Config struct {
			User        string
			Entrypoint  []string
			Healthcheck *struct{}
			Labels      map[string]string
		}
	}
	if err := json.Unmarshal([]byte(e.docker(t, 10*time.Second, "image", "inspect", ourImage)), &images); err != nil {
		t.Fatal(err)
	}
	image := images[0]
	t.Logf("the image has %s", megabytes(image.Size))
	if image.Size > 30e6 {
		t.Errorf("the image has %s, more than 30 MB", megabytes(image.Size))
	}
	if image.Config.User != "65532:65532" {
		t.Errorf("the image runs as %q, not as 65532:65532", image.Config.User)
	}
	if want := []string{ourBinary}; !slices.Equal(image.Config.Entrypoint, want) {
		t.Errorf("the entrypoint is %q, want %q", image.Config.Entrypoint, want)
	}
	if image.Config.Healthcheck != nil {
		t.Error("the image has a HEALTHCHECK, which nothing in it can run")
	}
	for name, want := range map[string]string{
		"title": "jhsingle-native-proxy", "licenses": "BSD-3-Clause", "version": version,
		"source": "https://github.com/ideonate/jhsingle-native-proxy",
	} {
		if got := image.Config.Labels["org.opencontainers.image."+name]; got != want {
			t.Errorf("the label %s is %q, want %q", name, got, want)
		}
	}
}

// checkFiles compares the image, file by file, with what should be in it.
func checkFiles(t *testing.T, e *daemon) {
	want := []string{
		"LICENSE", "etc/", "etc/group", "etc/passwd", "etc/ssl/", "etc/ssl/certs/", "etc/ssl/certs/ca-certificates.crt",
		"jhsingle-native-proxy", "tmp/",
	}
	files := imageFiles(t, e, ourImage)
	var got []string
	for _, header := range files {
		got = append(got, header.Name)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the image holds\n%q\nwant\n%q", got, want)
	}
	for _, header := range files {
		mode := header.FileInfo().Mode()
		switch {
		case header.Name == "tmp/" && (mode.Perm() != 0o777 || mode&os.ModeSticky == 0):
			t.Errorf("/tmp has mode %v: not everybody may write there, or delete what others wrote", mode)
		case header.Name != "tmp/" && mode.Perm()&0o022 != 0:
			t.Errorf("%s has mode %v: the user it runs as could change it", header.Name, mode)
		}
		if header.Uid != 0 || header.Gid != 0 || mode&(os.ModeSetuid|os.ModeSetgid) != 0 {
			t.Errorf("%s belongs to %d:%d with mode %v", header.Name, header.Uid, header.Gid, mode)
		}
	}
}

func checkStatic(t *testing.T, binary string) {
	file, err := elf.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, prog := range file.Progs {
		if prog.Type == elf.PT_INTERP || prog.Type == elf.PT_DYNAMIC {
			t.Errorf("the binary has a %v segment: it needs a loader or libraries", prog.Type)
		}
	}
	for _, name := range []string{".dynamic", ".symtab", ".debug_info"} {
		if file.Section(name) != nil {
			t.Errorf("the binary has a section %s", name)
		}
	}
	if info, err := os.Stat(binary); err == nil {
		t.Logf("the binary has %s", megabytes(info.Size()))
	}
}

// checkRuns calls the binary in the narrowest container that there is.
func checkRuns(t *testing.T, e *daemon) {
	for _, c := range []struct{ flag, want string }{
		{"--version", version},
		{"--help", "--authtype"},
	} {
		out := e.docker(t, 30*time.Second, "run", "--rm", "--network", "none", "--read-only", "--cap-drop", "ALL",
			"--security-opt", "no-new-privileges", "--pids-limit", "64", "--memory", "64m", ourImage, c.flag)
		if !strings.Contains(out, c.want) {
			t.Errorf("%s prints %q, without %q", c.flag, out, c.want)
		}
	}
}
