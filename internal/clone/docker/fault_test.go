package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"

	cerrdefs "github.com/containerd/errdefs"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

func TestSecurityExplanationsTellNothingOfTheHost(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		says string
	}{
		{errors.New("Error response from daemon: write /var/lib/docker/overlay2/1/x: no space left on device"), "no space left"},
		{fmt.Errorf("/var/lib: %w", context.DeadlineExceeded), "in time"},
		{&net.OpError{Op: "dial", Net: "unix", Addr: &net.UnixAddr{Name: "/var/lib/docker.sock"}, Err: syscall.ENOENT}, "cannot be reached"},
		{fmt.Errorf("/var/lib: %w", io.ErrUnexpectedEOF), "cannot be reached"},
		{fmt.Errorf("/var/lib: %w", cerrdefs.ErrPermissionDenied), "not allowed"},
		{fmt.Errorf("/var/lib: %w", cerrdefs.ErrNotFound), "went away"},
		{fmt.Errorf("/var/lib: %w", cerrdefs.ErrConflict), "is being"},
		{fmt.Errorf("/var/lib: %w", errTooLarge), "too many files"},
		{&unfinished{cause: errTooLong}, "stand still"},
		{errors.New("/var/lib: something else"), "could not make the snapshot"},
	} {
		err := explain(test.err)
		if dashboard.KindOf(err) != dashboard.Unavailable || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "/var/lib") {
			t.Errorf("%v is %v", test.err, err)
		}
		if !errors.Is(err, test.err) {
			t.Errorf("%v is not its cause", test.err)
		}
	}
	known := dashboard.InvalidField("app.path", "A sentence.")
	if err := explain(known); err != error(known) || explain(nil) != nil {
		t.Errorf("%v", err)
	}
}
