package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// id is the dashboard that an address names.
func (s *site) id(v *visit) (string, error) {
	id := v.PathValue("id")
	if !dashboard.IsID(id) {
		return "", s.notFound("error.no_dashboard")
	}
	return id, nil
}

// at is the path of something below the prefix.
func (s *site) at(parts ...string) string {
	escaped := make([]string, len(parts))
	for i, part := range parts {
		escaped[i] = url.PathEscape(part)
	}
	return s.Prefix + strings.Join(escaped, "/")
}

// seen is a dashboard as the visitor may see it.
func (s *site) seen(v *visit, d dashboard.Dashboard) api.Dashboard {
	made := api.Dashboard{
		ID: d.ID, Name: d.Name, Description: d.Description, Owner: d.Owner, State: d.State,
		Page: s.at("dashboard", d.ID), Open: s.at("open", d.ID), PerViewer: d.PerViewer,
		Created: d.Created, Updated: d.Updated, MayChange: v.who.Owns(d),
	}
	if d.Thumbnail != "" {
		made.Thumbnail = s.at("picture", d.ID, d.Thumbnail)
	}
	if !d.LastUsed.IsZero() {
		made.LastUsed = &d.LastUsed
	}
	if made.MayChange {
		made.Detail = &api.Detail{
			Server: d.Server, Source: api.SourceOf(d.Source), App: api.AppOf(d.App), Access: api.AccessOf(d.Access),
			Options: d.Options, Revision: d.Revision, Failure: d.Failure,
		}
	}
	return made
}

func (s *site) getDashboards(w http.ResponseWriter, v *visit) error {
	wanted, err := parseListing(v.URL.Query())
	if err != nil {
		return err
	}
	found, total, err := s.Service.List(v.Context(), v.who, wanted.query(v.who.Name))
	if err != nil {
		return err
	}
	items := make([]api.Dashboard, len(found))
	for i, d := range found {
		items[i] = s.seen(v, d)
	}
	w.Header().Set("Link", links(wanted, total))
	writeJSON(w, api.JSON, http.StatusOK, api.Page{Items: items, Total: total, Page: wanted.Page, PerPage: wanted.PerPage})
	return nil
}

// links names the neighbours of a page (RFC 8288), relative to it.
func links(l listing, total int) string {
	last := l.pages(total)
	var made []string
	add := func(relation string, page int) {
		made = append(made, fmt.Sprintf("<?%s>; rel=%q", l.at(page), relation))
	}
	add("first", 1)
	if l.Page > 1 {
		add("prev", min(l.Page-1, last))
	}
	if l.Page < last {
		add("next", l.Page+1)
	}
	add("last", last)
	return strings.Join(made, ", ")
}

func (s *site) createDashboard(w http.ResponseWriter, v *visit) error {
	body, err := s.readBody(v.Request, api.JSON)
	if err != nil {
		return err
	}
	var sent api.New
	if err := decode(body, &sent); err != nil {
		return err
	}
	wanted := dashboard.Dashboard{
		Name: sent.Name, Description: sent.Description, Source: sent.Source.Plain(), App: sent.App.Plain(),
		PerViewer: sent.PerViewer, Options: sent.Options,
	}
	if sent.Access != nil {
		wanted.Access = sent.Access.Plain()
	} else {
		rules, err := s.Service.Rules(v.Context(), v.who)
		if err != nil {
			return err
		}
		wanted.Access = rules.DefaultAccess
	}
	made, job, err := s.Service.Create(v.Context(), v.who, wanted)
	if err != nil {
		return err
	}
	w.Header().Set("Location", s.Prefix+api.Path+"dashboards/"+made.ID)
	writeJSON(w, api.JSON, http.StatusCreated, api.Created{Dashboard: s.seen(v, made), Job: api.JobOf(job)})
	return nil
}

func (s *site) getDashboard(w http.ResponseWriter, v *visit) error {
	id, err := s.id(v)
	if err != nil {
		return err
	}
	found, err := s.Service.Dashboard(v.Context(), v.who, id)
	if err != nil {
		return err
	}
	writeJSON(w, api.JSON, http.StatusOK, s.seen(v, found))
	return nil
}

// editDashboard applies a merge patch to what can be changed of a dashboard.
func (s *site) editDashboard(w http.ResponseWriter, v *visit) error {
	body, err := s.readBody(v.Request, api.MergePatch, api.JSON)
	if err != nil {
		return err
	}
	if err := decode(body, &api.Change{}); err != nil {
		return err // fields that are not known, before anything is asked
	}
	var patch any
	if err := json.Unmarshal(body, &patch); err != nil {
		return s.malformed(err)
	}
	return s.change(w, v, func(d *dashboard.Dashboard) error {
		now := api.New{
			Name: d.Name, Description: d.Description, Source: api.SourceOf(d.Source), App: api.AppOf(d.App),
			PerViewer: d.PerViewer, Options: d.Options,
		}
		access := api.AccessOf(d.Access)
		now.Access = &access
		wanted, err := patched(now, patch)
		if err != nil {
			return err
		}
		d.Name, d.Description, d.Source, d.App = wanted.Name, wanted.Description, wanted.Source.Plain(), wanted.App.Plain()
		d.PerViewer, d.Options, d.Access = wanted.PerViewer, wanted.Options, dashboard.Access{}
		if wanted.Access != nil {
			d.Access = wanted.Access.Plain()
		}
		return nil
	})
}

// patched is a value with a merge patch applied.
func patched(now api.New, patch any) (api.New, error) {
	var plain any
	encoded, err := json.Marshal(now)
	if err != nil {
		return now, fmt.Errorf("cannot write a dashboard as JSON: %w", err)
	}
	if err := json.Unmarshal(encoded, &plain); err != nil {
		return now, fmt.Errorf("cannot read a dashboard's own JSON: %w", err)
	}
	if encoded, err = json.Marshal(merge(plain, patch)); err != nil {
		return now, fmt.Errorf("cannot write a changed dashboard as JSON: %w", err)
	}
	var wanted api.New
	return wanted, decode(encoded, &wanted)
}

// change edits a dashboard and answers with what became of it.
func (s *site) change(w http.ResponseWriter, v *visit, change func(*dashboard.Dashboard) error) error {
	id, err := s.id(v)
	if err != nil {
		return err
	}
	changed, err := s.Service.Edit(v.Context(), v.who, id, change)
	if err != nil {
		return err
	}
	writeJSON(w, api.JSON, http.StatusOK, s.seen(v, changed))
	return nil
}

func (s *site) share(w http.ResponseWriter, v *visit) error {
	return s.reshare(w, v, func(now *dashboard.Access, more dashboard.Access) {
		now.Everyone = now.Everyone || more.Everyone
		now.Users = slices.Concat(now.Users, more.Users)
		now.Groups = slices.Concat(now.Groups, more.Groups)
	})
}

func (s *site) unshare(w http.ResponseWriter, v *visit) error {
	return s.reshare(w, v, func(now *dashboard.Access, less dashboard.Access) {
		now.Everyone = now.Everyone && !less.Everyone
		now.Users = without(now.Users, less.Users)
		now.Groups = without(now.Groups, less.Groups)
	})
}

func without(names, less []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(less, name) })
}

func (s *site) reshare(w http.ResponseWriter, v *visit, apply func(now *dashboard.Access, sent dashboard.Access)) error {
	body, err := s.readBody(v.Request, api.JSON)
	if err != nil {
		return err
	}
	var sent api.Access
	if err := decode(body, &sent); err != nil {
		return err
	}
	return s.change(w, v, func(d *dashboard.Dashboard) error {
		apply(&d.Access, sent.Plain())
		return nil
	})
}

// begin answers with the job that does something to a dashboard.
func (s *site) begin(action func(context.Context, dashboard.Visitor, string) (dashboard.Job, error)) func(http.ResponseWriter, *visit) error {
	return func(w http.ResponseWriter, v *visit) error {
		id, err := s.id(v)
		if err != nil {
			return err
		}
		job, err := action(v.Context(), v.who, id)
		if err != nil {
			return err
		}
		w.Header().Set("Location", s.Prefix+api.Path+"jobs/"+url.PathEscape(job.ID))
		writeJSON(w, api.JSON, http.StatusAccepted, api.JobOf(job))
		return nil
	}
}

func (s *site) openDashboard(w http.ResponseWriter, v *visit) error {
	id, err := s.id(v)
	if err != nil {
		return err
	}
	opening, err := s.Service.Open(v.Context(), v.who, id)
	if err != nil {
		return err
	}
	answer := api.Opening{URL: opening.URL, Ready: opening.Ready}
	if opening.Job != nil {
		job := api.JobOf(*opening.Job)
		answer.Job = &job
	}
	writeJSON(w, api.JSON, http.StatusOK, answer)
	return nil
}

func (s *site) getJobs(w http.ResponseWriter, v *visit) error {
	id, err := s.id(v)
	if err != nil {
		return err
	}
	found, err := s.Service.Jobs(v.Context(), v.who, id)
	if err != nil {
		return err
	}
	return writeItems(w, found, api.JobOf)
}

func (s *site) getRevisions(w http.ResponseWriter, v *visit) error {
	id, err := s.id(v)
	if err != nil {
		return err
	}
	of, err := s.Service.Dashboard(v.Context(), v.who, id)
	if err != nil {
		return err
	}
	found, err := s.Service.Revisions(v.Context(), v.who, id)
	if err != nil {
		return err
	}
	return writeItems(w, found, func(r dashboard.Revision) api.Revision { return api.RevisionOf(r, of.Revision) })
}

// writeItems answers with a whole list.
func writeItems[From, To any](w http.ResponseWriter, found []From, as func(From) To) error {
	items := make([]To, len(found))
	for i, one := range found {
		items[i] = as(one)
	}
	writeJSON(w, api.JSON, http.StatusOK, api.Items[To]{Items: items})
	return nil
}
