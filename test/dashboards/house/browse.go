package house

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"time"
)

// Complaint is what a browser did not like.
type Complaint struct {
	Who, Kind, Text, URL, Page string
}

// Ours says whether it is about a page of the service's.
func (c Complaint) Ours() bool {
	return strings.Contains(c.Page, "/services/dashboards/") || c.Kind == "overflow"
}

func (c Complaint) String() string {
	return fmt.Sprintf("%s complains: %s %s (%s at %s)", c.Who, c.Kind, c.Text, c.URL, c.Page)
}

// Browse plays a scenario in Chromium, a script that uses browser/people.mjs, by
// its path in the project, and reads what it tells into result. Its pictures go to
// a folder of its name in the house's output.
func (h *House) Browse(ctx context.Context, script string, tell map[string]any, result any) ([]Complaint, error) {
	tell = maps.Clone(tell)
	if tell == nil {
		tell = map[string]any{}
	}
	maps.Copy(tell, map[string]any{
		"page": h.Page, "hub": h.URL, "password": h.Password, "holds": h.holds(),
		"output": filepath.Join(h.Output, strings.TrimSuffix(filepath.Base(script), ".mjs")),
	})
	ctx, cancel := context.WithTimeout(ctx, 15*time.Minute)
	defer cancel()
	var answer json.RawMessage
	err := h.bed.Browse(ctx, script, tell, &answer)
	var ended struct{ Complaints []Complaint }
	if len(answer) > 0 {
		err = errors.Join(err, json.Unmarshal(answer, &ended), json.Unmarshal(answer, result))
	}
	return ended.Complaints, err
}
