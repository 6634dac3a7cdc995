//go:build unix

package git

import (
	"context"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/selection"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// glance is the time between two looks at what was fetched, at least.
const glance = 300 * time.Millisecond

// watch ends the context, with an error for people, when what git writes to a folder
// is more than may be. It ends with stop, which can be called more than once.
func watch(ctx context.Context, folder string, limits Limits) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		pause := glance
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(pause):
			}
			begin := time.Now()
			if err := measure(folder, limits); err != nil {
				cancel(err)
				return
			}
			pause = max(glance, 10*time.Since(begin)) // no more than a tenth of a core
		}
	}()
	return ctx, func() {
		cancel(nil)
		<-done
	}
}

// measure says that there is more in a folder than may be. What git keeps for itself
// and what it has checked out are measured each on its own: the former goes.
func measure(folder string, limits Limits) error {
	var own, files int64
	count := 0
	err := filepath.WalkDir(folder, func(at string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil // git removes it at the same time
		}
		bytes := int64(0)
		if entry.Type().IsRegular() {
			if info, err := entry.Info(); err == nil {
				bytes = info.Size()
			}
		}
		if strings.Contains(at[len(folder):]+"/", "/.git/") {
			own += bytes
		} else {
			files += bytes
			count++
		}
		if limits.Bytes > 0 && max(own, files) > limits.Bytes {
			return dashboard.Errorf(dashboard.Limit, "The repository is larger than %s, which is the limit. Choose a smaller one, or a branch of it with fewer files.", selection.Size(limits.Bytes))
		}
		const margin = 100 // what git has there besides while it works
		if limits.Files > 0 && count > limits.Files+margin {
			return dashboard.Errorf(dashboard.Limit, "The repository has more than %s files, which is the limit. Choose a smaller one, or a branch of it with fewer files.", selection.Count(limits.Files))
		}
		return nil
	})
	return err
}
