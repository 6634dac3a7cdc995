package web

import (
	"net/http"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// problemPage is what went wrong, and the ways on from there.
type problemPage struct {
	frame
	Heading, Detail, Hint string
	Status                int
	// Back is the dashboard that it is about; empty if none is.
	Back string
	// Retry says that the page tries again by itself.
	Retry bool
}

func (s *site) showProblem(w http.ResponseWriter, v *visit, found api.Problem) {
	p := problemPage{Heading: s.words.of("problem", found.Status), Detail: found.Detail, Hint: s.words.of("hint", found.Status), Status: found.Status}
	p.frame = s.frame(v, p.Heading)
	p.CSRF = "" // there is no form to prove
	if id := v.PathValue("id"); dashboard.IsID(id) && found.Kind != dashboard.NotFound {
		p.Back = s.at("dashboard", id)
	}
	if found.Status == http.StatusServiceUnavailable {
		p.Hint = s.words.text("hint.later")
		if isSafe(v.Method) { // what was sent with others would be lost
			p.Retry, p.Refresh = true, v.URL.RequestURI()
			p.Hint = s.words.text("hint.503")
		}
	}
	if err := s.show(w, "problem", found.Status, p); err != nil {
		s.Log.Error("a page could not be shown", "path", v.URL.Path, "error", err)
		http.Error(w, found.Detail, found.Status)
	}
}
