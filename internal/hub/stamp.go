package hub

import (
	"encoding/json"
	"time"
)

// stamp is a time in a model: ISO 8601 in UTC, or null (utils.py, isoformat).
// What is neither is no time, as nothing is decided by it.
type stamp time.Time

func (s *stamp) UnmarshalJSON(data []byte) error {
	*s = stamp{}
	var text string
	if json.Unmarshal(data, &text) != nil {
		return nil
	}
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		*s = stamp(at.UTC())
	}
	return nil
}
