package process

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// checkHealth asks the app at every interval, and tells when it has to be given
// up.
func (r *run) checkHealth(ctx context.Context, sick chan<- error) {
	health := r.config.Health
	if health.Path == "" {
		return
	}
	ticker := time.NewTicker(health.Interval)
	defer ticker.Stop()
	for failures := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := r.healthy(ctx, r.place())
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			failures = 0
			r.setHealth("")
			continue
		}
		failures++
		r.config.Log.Warn("a health check of the app failed", "path", health.Path, "error", err, "in_a_row", failures, "tolerated", health.Failures-1)
		if failures >= health.Failures {
			sick <- fmt.Errorf("failed %d health checks in a row on path %s: %w", failures, health.Path, err)
			return
		}
		r.setHealth(err.Error())
	}
}

// setHealth says what is wrong with an app that is still ready.
func (a *App) setHealth(text string) {
	a.change(func(s *Status) {
		if s.State == Ready {
			s.Health = text
		}
	})
}

// healthy asks once. A status from 500 is an app's own word that it is not.
func (a *App) healthy(ctx context.Context, at place) error {
	ctx, cancel := context.WithTimeout(ctx, a.config.Health.Timeout)
	defer cancel()
	status, err := newProbe(at).ask(ctx, http.MethodGet, a.config.Health.Path)
	if err == nil && status >= http.StatusInternalServerError {
		err = fmt.Errorf("it answered with status %d", status)
	}
	return err
}
