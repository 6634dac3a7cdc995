package web

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// openPage is what a visitor sees while a dashboard is being started for them.
type openPage struct {
	frame
	card
	Job *jobView
	// Failure is why it did not start; then the page waits for nothing.
	Failure string
	// Again is the link that tries once more.
	Again string
}

// maxTries is how often one visitor's page starts a dashboard that does not stay.
const maxTries = 3

// showOpen is the link that people pass on, so that it has to work from mails and
// other sites: it is the one GET here that does something. That is safe, as it
// does no more than what its visitor may do at any time, and nothing that could
// hurt them: it lets them in where the owner said that they may come, and starts
// the snapshot that the owner made, once, however often it is asked for. It takes
// nothing from the address but which dashboard; it stops, changes and deletes
// nothing; its answer cannot be read by other sites; and as for pages in general,
// it takes navigations, not pictures, frames or scripts (admitPage). What a browser
// fetches before somebody clicked starts nothing either.
func (s *site) showOpen(w http.ResponseWriter, v *visit) error {
	id, err := s.id(v)
	if err != nil {
		return err
	}
	if strings.Contains(v.Header.Get("Sec-Purpose")+v.Header.Get("Purpose"), "prefetch") {
		return s.refused(http.StatusServiceUnavailable, "error.prefetch")
	}
	d, err := s.Service.Dashboard(v.Context(), v.who, id)
	if err != nil {
		return err
	}
	p := openPage{frame: s.frame(v, s.words.text("open.title", "name", d.Name)), card: s.card(v, d), Again: s.at("open", id)}
	query := v.URL.Query()
	try, _ := strconv.Atoi(query.Get("try"))
	try = max(try, 0)
	if job := query.Get("job"); job != "" && len(job) <= maxJobID {
		found, err := s.Service.Job(v.Context(), v.who, job)
		switch {
		case err != nil || found.Dashboard != id: // gone, or not for this visitor: ask anew
		case !found.Done:
			return s.showStarting(w, v, p, &found, try)
		case found.Failure != "":
			return s.showNotStarted(w, p, found.Failure)
		case try >= maxTries:
			return s.showNotStarted(w, p, s.words.text("open.unstable"))
		}
		try++
	}
	opening, err := s.Service.Open(v.Context(), v.who, id)
	switch kind := dashboard.KindOf(err); {
	case err != nil && (kind == "" || kind == dashboard.NotFound):
		return err
	case err != nil:
		found := s.problem(v, err)
		if found.Status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", retryAfter)
		}
		p.Failure = found.Detail
		return s.show(w, "open", found.Status, p)
	case opening.Ready:
		return seeOther(w, opening.URL)
	}
	return s.showStarting(w, v, p, opening.Job, try)
}

// showStarting shows how far it is, and goes on by itself.
func (s *site) showStarting(w http.ResponseWriter, v *visit, p openPage, job *dashboard.Job, try int) error {
	p.Refresh = p.Again
	p.Job = &jobView{Job: dashboard.Job{Percent: -1}}
	if job != nil {
		p.Refresh += "?job=" + job.ID + "&try=" + strconv.Itoa(try)
		p.Job = &jobView{Job: *job, Watch: s.at("api", "v1", "jobs", job.ID), HasLog: p.MayChange}
		if p.MayChange {
			p.Job.Log = s.tail(v, job.ID)
		}
	}
	p.Job.Next = p.Refresh
	return s.show(w, "open", http.StatusOK, p)
}

func (s *site) showNotStarted(w http.ResponseWriter, p openPage, why string) error {
	p.Failure = why
	return s.show(w, "open", http.StatusOK, p)
}
