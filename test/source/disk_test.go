//go:build e2e

package source

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/git"
)

// fullDisk is set in a copy of this program that has a file system of its own.
const fullDisk = "SOURCE_TEST_FULL_DISK"

// A disk that is full is said to be, and what is there stays.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	folder := w.repository("x")
	mount := t.TempDir()
	big := make([]byte, 3<<20)
	_, _ = rand.Read(big)
	w.git(folder, "checkout", "--quiet", "-b", "big")
	w.commit(folder, "big", string(big))
	// A mount is for root; elsewhere a user can be root of a namespace.
	flags := "--mount"
	if os.Geteuid() != 0 {
		flags = "--mount --map-root-user"
	}
	command := exec.Command("unshare", append(strings.Fields(flags), "sh", "-c",
		`mount -t tmpfs -o size=2m none "$1" && exec "$2"`, "sh", mount, os.Args[0])...)
	command.Env = append(w.env, fullDisk+"="+mount, "REPOSITORY="+folder)
	if out, err := command.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("fine")) {
		t.Errorf("%v: %s", err, out)
	}
}

// pullOnFullDisk plays the test's part on the small file system.
func pullOnFullDisk() int {
	place := os.Getenv(fullDisk) + "/clone"
	source := git.Source{URL: os.Getenv("REPOSITORY"), Branch: "big", Folder: place, Depth: 1}
	if err := source.Pull(context.Background(), nil); err == nil || !strings.Contains(err.Error(), "no space left") {
		fmt.Println("the clone ended with", err)
		return 1
	}
	if _, err := os.Stat(place); err == nil {
		fmt.Println("the clone left its folder")
		return 1
	}
	source.Branch = "main"
	if err := source.Pull(context.Background(), nil); err != nil {
		fmt.Println("the small clone ended with", err)
		return 1
	}
	if err := os.WriteFile(place+"/name", []byte("mine"), 0o600); err != nil {
		fmt.Println(err)
		return 1
	}
	source.Branch = "big"
	if err := source.Pull(context.Background(), nil); err == nil || !strings.Contains(err.Error(), "no space left") {
		fmt.Println("the update ended with", err)
		return 1
	}
	source.Branch = "main"
	if err := source.Pull(context.Background(), nil); err != nil {
		fmt.Println("the update back ended with", err)
		return 1
	}
	if content, err := os.ReadFile(place + "/name"); string(content) != "mine" {
		fmt.Printf("the file is %q, %v\n", content, err)
		return 1
	}
	fmt.Println("fine")
	return 0
}
