package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// dashboardPage is one dashboard, for whoever may open it; for its owner, with all
// that can be done.
type dashboardPage struct {
	frame
	card
	// D is the dashboard with all that its owner sees.
	D dashboard.Dashboard
	// Link is what people pass on.
	Link      string
	Form      form
	Rules     dashboard.Rules
	Options   []optionField
	Job       *jobView
	Failed    *failure
	Revisions []revision
	// Changed is when somebody changed it last.
	Changed moment
	// ChangeAccess shows the form of who may open it.
	ChangeAccess bool
	// Fault is what was wrong with a form of this page, and Field where.
	Fault, Field string
}

// Wrong is what is wrong with a field; empty if nothing is.
func (p dashboardPage) Wrong(field string) string {
	if p.Field == field {
		return p.Fault
	}
	return ""
}

// AppTitle is what people call the framework.
func (p dashboardPage) AppTitle() string {
	for _, known := range p.Rules.Frameworks {
		if known.Name == p.D.App.Framework {
			return known.Title
		}
	}
	return p.D.App.Framework
}

// jobView is a job under way.
type jobView struct {
	dashboard.Job
	// Watch is where its events are, and Next where to go when it is done.
	Watch, Next string
	Log         []dashboard.LogLine
	// HasLog says that the visitor may read it.
	HasLog bool
}

// Last is the number of the last line of the log.
func (j jobView) Last() int {
	if len(j.Log) == 0 {
		return 0
	}
	return j.Log[len(j.Log)-1].Number
}

// Known says whether it is known how far it is.
func (j jobView) Known() bool { return j.Percent >= 0 }

// failure is why the last build or start failed.
type failure struct {
	Message string
	Kind    dashboard.JobKind
	Log     []dashboard.LogLine
}

// revision is a snapshot in the table.
type revision struct {
	dashboard.Revision
	Current bool
	Made    moment
}

// logTail is how much of a log a page shows at first.
const logTail = 500

// deleted is what an address says that a page waits for.
const deleted = "deleted"

func (s *site) showDashboard(w http.ResponseWriter, v *visit) error {
	id, err := s.id(v)
	if err != nil {
		return err
	}
	d, err := s.Service.Dashboard(v.Context(), v.who, id)
	if err == nil {
		err = s.showOne(w, v, http.StatusOK, d, formOf(d), "", "")
	}
	// It may also go while its page is made.
	if dashboard.KindOf(err) == dashboard.NotFound && v.URL.Query().Get("until") == deleted {
		return seeOther(w, s.Prefix+"?notice="+deleted)
	}
	return err
}

// showOne shows a dashboard, with what a form of it has, and what is wrong with
// that.
func (s *site) showOne(w http.ResponseWriter, v *visit, status int, d dashboard.Dashboard, f form, fault, field string) error {
	p := dashboardPage{frame: s.frame(v, d.Name), card: s.card(v, d), D: d, Link: s.at("open", d.ID), Form: f, Changed: s.moment(d.Updated), Fault: fault, Field: field}
	p.Notice = s.notice(v)
	p.ChangeAccess = strings.HasPrefix(field, "access") || v.URL.Query().Get("change") == "access"
	if fault != "" {
		p.frame.Title = s.words.text("form.wrong", "title", d.Name)
	}
	var err error
	if p.Rules, err = s.Service.Rules(v.Context(), v.who); err != nil {
		return err
	}
	p.Options = optionFields(p.Rules.Options, formOf(d), false)
	if p.MayChange {
		if err := s.addWork(v, &p); err != nil {
			return err
		}
	}
	return s.show(w, "dashboard", status, p)
}

// addWork adds what is and was done to a dashboard.
func (s *site) addWork(v *visit, p *dashboardPage) error {
	id := p.D.ID
	jobs, err := s.Service.Jobs(v.Context(), v.who, id)
	if err != nil {
		return err
	}
	for _, job := range jobs {
		if job.Viewer != "" {
			continue // of one viewer's own server
		}
		if !job.Done {
			p.Job = &jobView{Job: job, Watch: s.at("api", "v1", "jobs", job.ID), Next: s.at("dashboard", id), HasLog: true}
			if job.Kind == dashboard.Delete {
				p.Job.Next += "?until=" + deleted
			}
			p.Refresh = p.Job.Next
			p.Job.Log = s.tail(v, job.ID)
		} else if p.D.Failure != "" {
			p.Failed = &failure{p.D.Failure, job.Kind, nil}
			if job.Failure != "" {
				p.Failed.Log = s.tail(v, job.ID)
			}
		}
		break
	}
	revisions, err := s.Service.Revisions(v.Context(), v.who, id)
	if err != nil {
		return err
	}
	for _, r := range revisions {
		p.Revisions = append(p.Revisions, revision{r, r.Number == p.D.Revision, s.moment(r.Created)})
	}
	return nil
}

// tail is the end of a job's log. A page is no worse for lacking it.
func (s *site) tail(v *visit, job string) []dashboard.LogLine {
	found, err := s.Service.Log(v.Context(), v.who, job, 0)
	if err != nil {
		s.Log.Debug("a page lacks the log of a job", "job", job, "error", err)
		return nil
	}
	return found[max(0, len(found)-logTail):]
}

// postAction begins something, and shows how far it is.
func (s *site) postAction(action func(context.Context, dashboard.Visitor, string) (dashboard.Job, error)) func(http.ResponseWriter, *visit) error {
	return func(w http.ResponseWriter, v *visit) error {
		id, err := s.id(v)
		if err != nil {
			return err
		}
		if _, err := action(v.Context(), v.who, id); err != nil {
			return err
		}
		return seeOther(w, s.at("dashboard", id))
	}
}

// postAccess changes who may open a dashboard.
func (s *site) postAccess(w http.ResponseWriter, v *visit) error {
	d, err := s.own(v)
	if err != nil {
		return err
	}
	sent := readForm(v.PostForm)
	_, err = s.Service.Edit(v.Context(), v.who, d.ID, func(d *dashboard.Dashboard) error {
		d.Access = sent.access()
		return nil
	})
	if err == nil {
		return seeOther(w, s.at("dashboard", d.ID)+"?notice=shared")
	}
	if _, ok := errors.AsType[*dashboard.Error](err); !ok {
		return err
	}
	found := s.problem(v, err)
	if found.Field == "" {
		found.Field = "access"
	}
	f := formOf(d)
	f.Access, f.Users, f.Groups = sent.Access, sent.Users, sent.Groups
	return s.showOne(w, v, found.Status, d, f, found.Detail, found.Field)
}

// postPicture sets a dashboard's picture, or takes it away.
func (s *site) postPicture(w http.ResponseWriter, v *visit) error {
	d, err := s.own(v)
	if err != nil {
		return err
	}
	content, err := s.sentPicture(v)
	if err == nil {
		err = s.Service.SetThumbnail(v.Context(), v.who, d.ID, content)
	}
	if err == nil {
		return seeOther(w, s.at("dashboard", d.ID)+"?notice=picture")
	}
	if _, ok := errors.AsType[*dashboard.Error](err); !ok {
		return err
	}
	found := s.problem(v, err)
	return s.showOne(w, v, found.Status, d, formOf(d), found.Detail, "picture")
}

// sentPicture is the picture in a form; empty where it is to be taken away.
func (s *site) sentPicture(v *visit) ([]byte, error) {
	if v.PostForm.Get("remove") != "" {
		return nil, nil
	}
	file, header, err := v.FormFile("picture")
	if err != nil || header.Size == 0 {
		return nil, dashboard.InvalidField("picture", "%s", s.words.text("error.choose_picture"))
	}
	defer file.Close()
	if header.Size > maxPicture {
		return nil, s.refused(http.StatusRequestEntityTooLarge, "error.large_picture", "size", size(header.Size), "most", size(maxPicture))
	}
	content, err := io.ReadAll(io.LimitReader(file, maxPicture))
	if err != nil {
		return nil, s.malformed(err)
	}
	return content, nil
}

// deletePage asks whether a dashboard is to be deleted.
type deletePage struct {
	frame
	card
}

func (s *site) showDelete(w http.ResponseWriter, v *visit) error {
	d, err := s.own(v)
	if err != nil {
		return err
	}
	return s.show(w, "delete", http.StatusOK, deletePage{s.frame(v, s.words.text("delete.title", "name", d.Name)), s.card(v, d)})
}

func (s *site) postDelete(w http.ResponseWriter, v *visit) error {
	id, err := s.id(v)
	if err != nil {
		return err
	}
	if _, err := s.Service.Delete(v.Context(), v.who, id); err != nil {
		return err
	}
	return seeOther(w, s.at("dashboard", id)+"?until="+deleted)
}
