//go:build unix

package git

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/selection"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// warnings shows the owner what else only the operator's log would have: that a
// submodule or large files are missing. It holds no secrets, as git's words go
// through git.Redact.
type warnings struct {
	slog.Handler
	reporter dashboard.Reporter
}

// shown are the attributes that say more to an owner.
var shown = []string{"submodule", "reason"}

// Enabled is part of slog.Handler.
func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn || w.Handler.Enabled(ctx, level)
}

// Handle is part of slog.Handler.
func (w warnings) Handle(ctx context.Context, record slog.Record) error {
	if record.Level >= slog.LevelWarn {
		line := "Warning: " + record.Message
		record.Attrs(func(attribute slog.Attr) bool {
			for _, name := range shown {
				if attribute.Key == name {
					line += fmt.Sprintf(", %s %s", name, selection.Show(attribute.Value.String()))
				}
			}
			return true
		})
		w.reporter.Log(strings.TrimSuffix(line, ".") + ".")
	}
	if !w.Handler.Enabled(ctx, record.Level) {
		return nil
	}
	return w.Handler.Handle(ctx, record)
}

// WithAttrs and WithGroup are part of slog.Handler.
func (w warnings) WithAttrs(attributes []slog.Attr) slog.Handler {
	return warnings{w.Handler.WithAttrs(attributes), w.reporter}
}

// WithGroup is part of slog.Handler.
func (w warnings) WithGroup(name string) slog.Handler {
	return warnings{w.Handler.WithGroup(name), w.reporter}
}
