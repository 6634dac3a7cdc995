package web

import (
	"errors"
	"net/http"
	"reflect"
	"slices"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// formPage is the form of a new dashboard, or of one that is changed.
type formPage struct {
	frame
	Form form
	// ID is the dashboard that is changed; empty for a new one.
	ID    string
	Rules dashboard.Rules
	// Servers are what can be cloned. ServersFault says why they are not known.
	Servers      []dashboard.Server
	ServersFault string
	// Options are the fields for options of the hub's spawner.
	Options []optionField
	// Filled says that a link has filled the form in.
	Filled bool
	// Fault is what was wrong when it was sent, and Field where.
	Fault, Field string
}

// Wrong is what is wrong with a field; empty if nothing is.
func (p formPage) Wrong(field string) string {
	if p.Field == field {
		return p.Fault
	}
	return ""
}

// Offers says whether a kind of source can be chosen.
func (p formPage) Offers(kind string) bool {
	return slices.Contains(p.Rules.Sources, dashboard.SourceKind(kind))
}

// formPage asks what there is to choose from.
func (s *site) formPage(v *visit, title string, f form) (formPage, error) {
	p := formPage{frame: s.frame(v, title), Form: f}
	var err error
	if p.Rules, err = s.Service.Rules(v.Context(), v.who); err != nil {
		return p, err
	}
	if p.Offers(string(dashboard.FromServer)) {
		if p.Servers, err = s.Service.Servers(v.Context(), v.who); err != nil {
			p.ServersFault = s.problem(v, err).Detail // a repository can still be chosen
		}
	}
	return p, nil
}

func (s *site) showNew(w http.ResponseWriter, v *visit) error {
	p, err := s.formPage(v, s.words.text("form.new"), form{})
	if err != nil {
		return err
	}
	if p.Rules.WhyNot != "" {
		return dashboard.Errorf(dashboard.Forbidden, "%s", p.Rules.WhyNot)
	}
	p.begin()
	byFields, byOptions := p.Form.prefill(v.URL.Query()), p.Form.prefillOptions(v.URL.Query(), p.Rules.Options)
	p.Filled = byFields || byOptions
	p.Options = optionFields(p.Rules.Options, p.Form, true)
	return s.show(w, "new", http.StatusOK, p)
}

// usualFramework shows notebooks, which is what most people have.
const usualFramework = "voila"

// begin fills in what most people choose.
func (p *formPage) begin() {
	if len(p.Rules.Sources) > 0 {
		p.Form.Kind = string(p.Rules.Sources[0])
	}
	for _, server := range p.Servers {
		if server.Why == "" {
			p.Form.Server = server.Name
			break
		}
	}
	for _, offered := range p.Rules.Frameworks {
		if p.Form.Framework == "" || offered.Name == usualFramework {
			p.Form.Framework = offered.Name
		}
	}
	p.Form.setAccess(p.Rules.DefaultAccess)
}

func (s *site) postNew(w http.ResponseWriter, v *visit) error {
	sent := readForm(v.PostForm)
	wanted := dashboard.Dashboard{Access: sent.access()}
	sent.into(&wanted)
	made, _, err := s.Service.Create(v.Context(), v.who, wanted)
	if err != nil {
		return s.again(w, v, "new", s.words.text("form.new"), "", sent, err)
	}
	return seeOther(w, s.at("dashboard", made.ID))
}

func (s *site) showEdit(w http.ResponseWriter, v *visit) error {
	d, err := s.own(v)
	if err != nil {
		return err
	}
	p, err := s.formPage(v, s.words.text("form.edit"), formOf(d))
	if err != nil {
		return err
	}
	p.ID, p.Options = d.ID, optionFields(p.Rules.Options, p.Form, false)
	return s.show(w, "edit", http.StatusOK, p)
}

func (s *site) postEdit(w http.ResponseWriter, v *visit) error {
	id, err := s.id(v)
	if err != nil {
		return err
	}
	sent, notice := readForm(v.PostForm), "saved"
	_, err = s.Service.Edit(v.Context(), v.who, id, func(d *dashboard.Dashboard) error {
		before := formOf(*d)
		sent.into(d)
		if after := formOf(*d); !reflect.DeepEqual(before.madeOf(), after.madeOf()) {
			notice = "rebuild"
		}
		return nil
	})
	if err != nil {
		return s.again(w, v, "edit", s.words.text("form.edit"), id, sent, err)
	}
	return seeOther(w, s.at("dashboard", id)+"?notice="+notice)
}

// madeOf is what of a form holds only from the next rebuild.
func (f form) madeOf() form {
	f.Name, f.Description, f.Access, f.Users, f.Groups = "", "", "", "", ""
	return f
}

// again shows a form with all that was written, and what is wrong with it. What
// is not the form's to mend is a page of its own only where it is about more.
func (s *site) again(w http.ResponseWriter, v *visit, name, title, id string, sent form, err error) error {
	known, ok := errors.AsType[*dashboard.Error](err)
	if !ok || known.Kind == dashboard.NotFound {
		return err
	}
	found := s.problem(v, err)
	p, err := s.formPage(v, s.words.text("form.wrong", "title", title), sent)
	if err != nil {
		return err
	}
	p.ID, p.Fault, p.Field = id, found.Detail, found.Field
	p.Options = optionFields(p.Rules.Options, p.Form, id == "")
	return s.show(w, name, found.Status, p)
}

// own is the dashboard that an address names, if it is the visitor's to change.
func (s *site) own(v *visit) (dashboard.Dashboard, error) {
	id, err := s.id(v)
	if err != nil {
		return dashboard.Dashboard{}, err
	}
	d, err := s.Service.Dashboard(v.Context(), v.who, id)
	if err != nil {
		return d, err
	}
	if !v.who.Owns(d) {
		return d, dashboard.Errorf(dashboard.Forbidden, "%s", s.words.text("error.not_yours", "owner", d.Owner))
	}
	return d, nil
}
