package bed

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Build compiles a command of the project, such as "./cmd/jhsingle-native-proxy",
// into the bed and returns the path of the binary. With race it gets the race
// detector, which needs a C compiler.
func (b *Bed) Build(ctx context.Context, pkg string, race bool) (string, error) {
	folder := b.Binaries()
	if strings.HasPrefix(pkg, "./test/") {
		// Not on the PATH of servers: an app of the tests may be called as a
		// program of the system is.
		folder = filepath.Join(b.Folder, "apps")
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	binary := filepath.Join(folder, filepath.Base(pkg))
	// Next to its place first: a hub that runs may be starting the old one.
	fresh, err := os.CreateTemp(folder, ".building-*")
	if err != nil {
		return "", err
	}
	defer os.Remove(fresh.Name())
	if err := fresh.Close(); err != nil {
		return "", err
	}
	args := []string{"build", "-o", fresh.Name()}
	if race {
		args = append(args, "-race")
	}
	command := exec.CommandContext(ctx, "go", append(args, pkg)...)
	command.Dir = b.Root
	command.Env = os.Environ()
	if !race {
		command.Env = append(command.Env, "CGO_ENABLED=0") // as it is released
	}
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build %s: %w\n%s", pkg, err, out)
	}
	return binary, os.Rename(fresh.Name(), binary)
}
