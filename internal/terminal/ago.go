package terminal

import (
	"fmt"
	"time"
)

// Ago says when something was, as people do. The zero time is never.
func Ago(at, now time.Time) string {
	const day = 24 * time.Hour
	passed := now.Sub(at)
	switch {
	case at.IsZero():
		return "never"
	case passed < -5*time.Minute: // a clock is wrong
		return at.In(now.Location()).Format("2006-01-02 15:04")
	case passed < time.Minute:
		return "just now"
	case passed < time.Hour:
		return fmt.Sprintf("%d min ago", int(passed.Minutes()))
	case passed < day:
		return fmt.Sprintf("%d h ago", int(passed.Hours()))
	case passed < 2*day:
		return "1 day ago"
	case passed < 31*day:
		return fmt.Sprintf("%d days ago", int(passed/day))
	}
	return at.In(now.Location()).Format("2006-01-02")
}

// Bytes says how large something is.
func Bytes(size int64) string {
	const unit = 1000
	if size < unit {
		return fmt.Sprintf("%d B", max(size, 0))
	}
	value, at := float64(size)/unit, 0
	for value >= 999.5 && at < len("kMGTPE")-1 {
		value, at = value/unit, at+1
	}
	return fmt.Sprintf("%.3g %cB", value, "kMGTPE"[at])
}
