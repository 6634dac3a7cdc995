package web

import (
	"fmt"
	"time"
)

// moment is a time for people; empty where it is not known. Scripts tell it
// exactly, in the browser's own zone.
type moment struct {
	// ISO is for machines, and Ago for people.
	ISO, Ago string
}

func (s *site) moment(at time.Time) moment {
	if at.IsZero() {
		return moment{}
	}
	return moment{at.UTC().Format(time.RFC3339), s.ago(at)}
}

// ago says how long ago something was; the day, where that is long.
func (s *site) ago(at time.Time) string {
	switch since := s.now().Sub(at); {
	case since < time.Minute:
		return s.words.text("time.now")
	case since < time.Hour:
		return s.words.count("time.minutes", int(since/time.Minute))
	case since < 24*time.Hour:
		return s.words.count("time.hours", int(since/time.Hour))
	case since < 30*24*time.Hour:
		return s.words.count("time.days", int(since/(24*time.Hour)))
	}
	return at.UTC().Format("2 Jan 2006")
}

// size is a number of bytes for people.
func size(bytes int64) string {
	const unit = 1024
	if bytes < unit {
		return fmt.Sprintf("%d B", bytes)
	}
	value, prefixes := float64(bytes)/unit, "KMGTPE"
	at := 0
	for ; value >= unit && at < len(prefixes)-1; at++ {
		value /= unit
	}
	return fmt.Sprintf("%.1f %ciB", value, prefixes[at])
}
