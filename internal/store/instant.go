package store

import "time"

// instant is how a time is kept: microseconds since 1970, which is as fine as
// PostgreSQL's own; 0 is the zero time.
func instant(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromInstant(kept int64) time.Time {
	if kept == 0 {
		return time.Time{}
	}
	return time.UnixMicro(kept).UTC()
}
