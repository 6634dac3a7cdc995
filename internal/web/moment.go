package web

import (
	"fmt"
	"hash/fnv"
	"time"
)

// moment is a time for people. Scripts turn it into the browser's own zone.
type moment struct{ time.Time }

// ISO is for machines.
func (m moment) ISO() string { return m.UTC().Format(time.RFC3339) }

// Full is for who wants to know exactly, and has no scripts.
func (m moment) Full() string { return m.UTC().Format("2006-01-02 15:04 UTC") }

// ago says how long ago something was; the day, where that is long.
func (s *site) ago(at moment) string {
	switch since := s.now().Sub(at.Time); {
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

// tint and chart choose the colour and the drawing that stand for a dashboard
// without a picture: always the same ones for the same dashboard.
func tint(id string) int { return int(hash(id) % tints) }

func chart(id string) int { return int(hash(id) / tints % charts) }

// How many colours and drawings there are: in style.css and parts/charts.html.
const (
	tints  = 8
	charts = 6
)

func hash(text string) uint32 {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(text)) // never fails
	return sum.Sum32()
}
