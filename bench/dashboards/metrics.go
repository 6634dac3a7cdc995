package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/dashboards/house"
)

// listRoute is the list's name in the service's metrics.
const listRoute = `{code="200",route="{$}"}`

// times are how many requests a route had, and how many seconds these took, as the
// service has measured it.
type times struct{ count, seconds float64 }

func readTimes(ctx context.Context, h *house.House, route string) (times, error) {
	answer, err := h.Service.ReadMetrics(ctx)
	if err != nil {
		return times{}, err
	}
	defer answer.Body.Close()
	var found times
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), "dashboards_request_duration_seconds_")
		if !ok {
			continue
		}
		for prefix, into := range map[string]*float64{"count" + route: &found.count, "sum" + route: &found.seconds} {
			if value, ok := strings.CutPrefix(rest, prefix); ok {
				if _, err := fmt.Sscan(value, into); err != nil {
					return found, err
				}
			}
		}
	}
	return found, lines.Err()
}

// since is the mean of what came after an earlier look.
func (t times) since(before times) time.Duration {
	if t.count == before.count {
		return 0
	}
	return time.Duration((t.seconds - before.seconds) / (t.count - before.count) * float64(time.Second))
}
