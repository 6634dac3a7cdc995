package builder

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/ticket"
)

// atOnce is a hub's fault by which it answers a start with an error.
func atOnce(status int, message string) func(http.ResponseWriter, *http.Request) bool {
	return func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		refuseWith(rw, status, message)
		return true
	}
}

// inItsProgress is one by which it says so only to whoever follows the start.
func inItsProgress(message string) func(http.ResponseWriter, *http.Request) bool {
	return func(rw http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/progress") {
			return false
		}
		failSpawn(rw, message)
		return true
	}
}

// What a launch says of itself is all that its owner reads, whichever way the hub
// tells it, and nothing that anybody else does.
func TestALaunchsOwnWordsAreTold(t *testing.T) {
	t.Parallel()
	const reason = "voila is not installed. Install it, then press Rebuild."
	said := ticket.Failed + reason
	for name, fault := range map[string]func(http.ResponseWriter, *http.Request) bool{
		"at once":         atOnce(http.StatusFailedDependency, said),
		"in its progress": inItsProgress("Spawn failed: " + said),
	} {
		w := newWorld(t)
		d := w.create(t, "ada", "Sales", dashboard.Access{Users: []string{"bob"}})
		if job, err := w.Stop(t.Context(), visitor("ada"), d.ID); err != nil || w.await(t, job).Failure != "" {
			t.Fatal(err)
		}
		w.hub.mu.Lock()
		w.hub.fault = fault
		w.hub.mu.Unlock()
		opening, err := w.Open(t.Context(), visitor("bob"), d.ID)
		if err != nil {
			t.Fatal(err)
		}
		if ended := w.await(t, *opening.Job); ended.Failure != reason {
			t.Errorf("%s: it ended with %q", name, ended.Failure)
		}
		if now := w.get(t, d.ID); now.Failure != reason || now.State != dashboard.Stopped {
			t.Errorf("%s: it is %s, for %q", name, now.State, now.Failure)
		}
		if seen, err := w.Job(t.Context(), visitor("bob"), opening.Job.ID); err != nil || seen.Failure == "" || strings.Contains(seen.Failure, "voila") {
			t.Errorf("%s: the viewer reads %q, %v", name, seen.Failure, err)
		}
		if lines, err := w.Log(t.Context(), visitor("bob"), opening.Job.ID, 0); err != nil || len(lines) > 0 {
			t.Errorf("%s: the viewer reads the log: %+v, %v", name, lines, err)
		}
	}
}

// A hub takes no ticket of the second in which it began, or of before (see read_ticket
// in its configuration): it gets another one, a moment later.
func TestATicketThatIsNotTakenIsFollowedByAnother(t *testing.T) {
	t.Parallel()
	refused, failed := atOnce(http.StatusForbidden, ticket.Refused), inItsProgress("Spawn failed: "+ticket.Refused)
	for name, given := range map[string]struct {
		refuse  func(http.ResponseWriter, *http.Request) bool
		times   int
		tickets int
		failure string
	}{
		// With the token of whoever asked and with the service's, which is one try.
		"at once, and then taken":         {refused, 2, 2, ""},
		"in its progress, and then taken": {failed, 2, 3, ""},
		"at once, ever again":             {refused, 1000, launchTries, "dashboards: refused to start"},
		"in its progress, ever again":     {failed, 1000, launchTries, "dashboards: refused to start"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			offered := map[string]bool{}
			w.hub.fault = func(rw http.ResponseWriter, r *http.Request) bool {
				if r.Method == http.MethodPost {
					body, err := io.ReadAll(r.Body)
					if err != nil {
						t.Error(err)
					}
					r.Body = io.NopCloser(bytes.NewReader(body))
					offered[string(body)] = true
				}
				if given.times == 0 || !given.refuse(rw, r) {
					return false
				}
				given.times--
				return true
			}
			_, job, err := w.Create(t.Context(), visitor("ada"), draft("Sales"))
			if err != nil {
				t.Fatal(err)
			}
			ended := w.await(t, job)
			if given.failure == "" && ended.Failure != "" || !strings.Contains(ended.Failure, given.failure) {
				t.Errorf("it ended with %q", ended.Failure)
			}
			w.hub.mu.Lock()
			if len(offered) != given.tickets {
				t.Errorf("%d tickets were offered", len(offered))
			}
			w.hub.mu.Unlock()
		})
	}
}
