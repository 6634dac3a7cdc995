//go:build e2e || hubs

package dashboards

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// script is a script in a page of the service's, in the session of somebody who
// has logged in by the hub's form.
type script struct {
	*stage
	session *bed.Session
	csrf    string
}

var csrfToken = regexp.MustCompile(`<meta name="csrf-token" content="([^"]+)">`)

// script opens the page as somebody.
func (s *stage) script(user string) script {
	s.Helper()
	session := s.NewSession(user)
	answer, err := session.Get(s.Context(), s.Page)
	s.must(err)
	found := csrfToken.FindSubmatch(answer.Body)
	if answer.Status != http.StatusOK || found == nil {
		s.Fatalf("%s opens %s: %d %.500s", user, answer.URL, answer.Status, answer.Body)
	}
	return script{s, session, string(found[1])}
}

// ask calls the API.
func (s script) ask(method, path string, body any) *bed.Answer {
	s.Helper()
	sent, err := json.Marshal(body)
	s.must(err)
	if body == nil {
		sent = nil
	}
	request := s.session.NewRequest(s.Context(), method, s.Page+api.Path+path, string(sent))
	for name, value := range map[string]string{
		"Accept": api.JSON, "Content-Type": api.JSON, api.CSRFHeader: s.csrf, "Origin": strings.TrimSuffix(s.Page, "/services/dashboards/"),
		"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty",
	} {
		request.Header.Set(name, value)
	}
	answer, err := s.session.Once(request)
	s.must(err)
	return answer
}

// call is ask of what has to work.
func (s script) call(method, path string, body, into any) {
	s.Helper()
	answer := s.ask(method, path, body)
	if answer.Status > 299 {
		s.Fatalf("%s %s: %d %s", method, path, answer.Status, answer.Body)
	}
	if into != nil {
		s.must(answer.JSON(into))
	}
}

// finish waits for a job, which has to end well.
func (s script) finish(job api.Job) {
	s.Helper()
	s.eventually("the job "+string(job.Kind), func() error {
		s.call(http.MethodGet, "jobs/"+job.ID, nil, &job)
		if !job.Done {
			return fmt.Errorf("it is at %q", job.Title)
		}
		return nil
	})
	if job.Failure != "" {
		s.Fatalf("the job %s failed: %s", job.Kind, job.Failure)
	}
}

// reads checks what a path of the hub's host, or an address, shows to somebody, who logs in and
// agrees if need be.
func (s script) reads(path string, status int, text string) {
	s.Helper()
	s.eventually(path+" shows "+text, func() error {
		answer, err := s.session.Get(s.Context(), path)
		if err == nil && (answer.Status != status || text != "" && string(answer.Body) != text) {
			err = fmt.Errorf("%d at %s: %.300s", answer.Status, answer.URL, answer.Body)
		}
		return err
	})
}
