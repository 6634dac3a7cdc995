//go:build e2e

package attack

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// verdict is our log's line on a request.
type verdict struct {
	Message string `json:"msg"`
	ID      string `json:"id"`
	Method  string `json:"method"`
	Path    string `json:"path"`
	Status  int    `json:"status"`
}

// verdicts are the requests that our program says it has seen, by their ids.
func (s *server) verdicts(t *testing.T) map[string][]verdict {
	t.Helper()
	all := map[string][]verdict{}
	for line := range strings.Lines(s.log()) {
		var v verdict
		if json.Unmarshal([]byte(line), &v) == nil && v.Message == "request" {
			all[v.ID] = append(all[v.ID], v)
		}
	}
	if len(all) == 0 {
		t.Fatal("the log of our program tells of no requests, so that nothing can be compared")
	}
	return all
}

// checkJudged compares what the app received with what our program judged.
// Read strictly, every request of the app must be one that our program saw as
// that request, and did not turn away. So none can have been hidden in another.
func (s *server) checkJudged(t *testing.T) {
	t.Helper()
	requests := s.requests(t)
	// The log's line comes after the answer.
	eventually(t, func() error {
		known := s.verdicts(t)
		for _, request := range requests {
			if id := requestID(request.Values("X-Request-Id")); id != "" && known[id] == nil {
				return fmt.Errorf("%s %.200s was passed on without our program's knowledge of %s", request.Method, request.Target, id)
			}
		}
		return nil
	})
	known := s.verdicts(t)
	for _, request := range requests {
		ids := request.Values("X-Request-Id")
		if len(ids) == 0 && request.Target == "/" && len(request.Fields) < 6 {
			continue // the question whether the app is ready
		}
		of := known[requestID(ids)]
		if len(of) != 1 {
			t.Errorf("%s %.200s has the ids %q, and of them the log has %d", request.Method, request.Target, ids, len(of))
			continue
		}
		if of[0].Method != request.Method || !isSamePath(of[0].Path, s.prefix, request.Target) {
			t.Errorf("judged was %s %.200s, and passed on %s %.200s", of[0].Method, of[0].Path, request.Method, request.Target)
		}
		if slices.Contains([]int{302, 401, 403, 404, 429}, of[0].Status) {
			t.Errorf("%s %.200s was refused with %d, and yet passed on", request.Method, request.Target, of[0].Status)
		}
	}
	for _, request := range requests {
		if strings.Contains(request.Target, "smuggled") {
			t.Errorf("a smuggled request reached the app: %s %.200s", request.Method, request.Target)
		}
	}
}

func requestID(ids []string) string {
	if len(ids) != 1 {
		return ""
	}
	return ids[0]
}

// isSamePath compares a path of the log, which is decoded, with a target.
func isSamePath(logged, prefix, target string) bool {
	path, _, _ := strings.Cut(target, "?")
	decoded, err := url.PathUnescape(strings.TrimSuffix(prefix, "/") + path)
	// What is no UTF-8 has another spelling in JSON.
	return err != nil || string([]rune(decoded)) == logged
}
