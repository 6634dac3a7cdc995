//go:build e2e || hubs

package dashboards

import (
	"errors"
	"net/http"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/test/bed"
	"github.com/ideonate/jhsingle-native-proxy/test/dashboards/house"
)

// wantText checks that a text has some parts.
func (s *stage) wantText(what, text string, parts ...string) {
	s.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			s.Errorf("%s: there is no %q in %q", what, part, text)
		}
	}
}

// wantShown checks what a dashboard shows to somebody at its link, when it does.
func (s *stage) wantShown(who *house.Person, link, text string) {
	s.Helper()
	s.eventually(link+" shows "+text, func() error {
		answer, err := s.Visit(s.Context(), who, strings.TrimPrefix(link, s.URL))
		if err == nil && (answer.Status != http.StatusOK || string(answer.Body) != text) {
			err = errors.New(describe(answer))
		}
		return err
	})
}

// describe is an answer in short.
func describe(answer *bed.Answer) string {
	return answer.URL.String() + " answers " + http.StatusText(answer.Status) + ": " + string(answer.Body[:min(len(answer.Body), 300)])
}

// address is where a dashboard is.
func (s *stage) address(owner *house.Person, d api.Dashboard) string {
	return s.URL + bed.Prefix(owner.Name, s.get(owner, d.ID).Detail.Server)
}

// deleteAs takes a dashboard away.
func (s *stage) deleteAs(owner *house.Person, d api.Dashboard) error {
	job, err := owner.Delete(s.Context(), d.ID)
	if err != nil {
		return err
	}
	// It goes with its dashboard.
	if _, err = owner.Follow(s.Context(), job.ID, 0, api.Follower{}); codeOf(err) == http.StatusNotFound {
		return nil
	}
	return err
}

// codeOf is the status of a service's refusal; 0 of other errors.
func codeOf(err error) int {
	if problem, ok := errors.AsType[*api.Problem](err); ok {
		return problem.Status
	}
	return 0
}
