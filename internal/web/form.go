package web

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// Who may open a dashboard, as a form asks it.
const (
	onlyMe     = "me"
	everybody  = "everyone"
	somePeople = "some"
)

// form is a dashboard as people write it. Its fields are called like the API's, so
// that an error of the service's finds its field.
type form struct {
	Name, Description            string
	Kind                         string
	Server, Folder               string
	Repo, Ref                    string
	Framework, Path, Environment string
	// Arguments, Users and Groups have one on each line.
	Arguments     string
	Access        string
	Users, Groups string
	PerViewer     bool
	// Options are texts by the names of options of the hub's spawner.
	Options map[string]string
}

// readForm reads what was sent.
func readForm(sent url.Values) form {
	return form{
		Name: sent.Get("name"), Description: sent.Get("description"),
		Kind: sent.Get("source.kind"), Server: sent.Get("source.server"), Folder: sent.Get("source.folder"),
		Repo: sent.Get("source.repo"), Ref: sent.Get("source.ref"),
		Framework: sent.Get("app.framework"), Path: sent.Get("app.path"), Environment: sent.Get("app.environment"),
		Arguments: sent.Get("app.arguments"),
		Access:    sent.Get("access"), Users: sent.Get("access.users"), Groups: sent.Get("access.groups"),
		PerViewer: sent.Get("per_viewer") == "1", Options: readOptions(sent),
	}
}

// prefill fills a form in by a link: it is only shown, and does nothing until
// somebody sends it. What cannot be is left out.
func (f *form) prefill(link url.Values) (filled bool) {
	take := func(name string, into *string, most int) {
		if value := link.Get(name); value != "" && utf8.ValidString(value) && utf8.RuneCountInString(value) <= most {
			*into, filled = value, true
		}
	}
	take("name", &f.Name, dashboard.MaxName)
	take("description", &f.Description, dashboard.MaxDescription)
	take("source", &f.Kind, 10)
	take("server", &f.Server, 255)
	take("repo", &f.Repo, dashboard.MaxPath)
	take("ref", &f.Ref, 250)
	take("folder", &f.Folder, dashboard.MaxPath)
	take("framework", &f.Framework, 100)
	take("path", &f.Path, dashboard.MaxPath)
	take("environment", &f.Environment, dashboard.MaxPath)
	if link.Get("source") == "" && f.Repo != "" {
		f.Kind = string(dashboard.FromGit)
	}
	names := func(name string, into *string) {
		var kept []string
		for _, value := range link[name] {
			if value != "" && utf8.ValidString(value) && utf8.RuneCountInString(value) <= 255 && len(kept) < dashboard.MaxShared {
				kept = append(kept, strings.Join(strings.Fields(value), " ")) // one line each
			}
		}
		if len(kept) > 0 {
			*into, f.Access, filled = strings.Join(kept, "\n"), somePeople, true
		}
	}
	names("user", &f.Users)
	names("group", &f.Groups)
	if link.Get("everyone") == "1" {
		f.Access, filled = everybody, true
	}
	if link.Get("per_viewer") == "1" {
		f.PerViewer, filled = true, true
	}
	return filled
}

// formOf is the form of a dashboard that there is.
func formOf(d dashboard.Dashboard) form {
	f := form{
		Name: d.Name, Description: d.Description,
		Kind: string(d.Source.Kind), Server: d.Source.Server, Folder: d.Source.Folder, Repo: d.Source.Repo, Ref: d.Source.Ref,
		Framework: d.App.Framework, Path: d.App.Path, Environment: d.App.Environment,
		Arguments: strings.Join(d.App.Arguments, "\n"), PerViewer: d.PerViewer, Options: optionTexts(d.Options),
	}
	f.setAccess(d.Access)
	return f
}

func (f *form) setAccess(a dashboard.Access) {
	f.Users, f.Groups = strings.Join(a.Users, "\n"), strings.Join(a.Groups, "\n")
	switch {
	case a.Everyone:
		f.Access = everybody
	case len(a.Users)+len(a.Groups) > 0:
		f.Access = somePeople
	default:
		f.Access = onlyMe
	}
}

// into writes the form into a dashboard, but for who may open it. What belongs to
// the other kind of source is not sent by who changed their mind, but left over.
func (f form) into(d *dashboard.Dashboard) {
	d.Name, d.Description, d.PerViewer = f.Name, f.Description, f.PerViewer
	d.Source = dashboard.Source{Kind: dashboard.SourceKind(f.Kind), Folder: f.Folder}
	if d.Source.Kind == dashboard.FromGit {
		d.Source.Repo, d.Source.Ref = strings.TrimSpace(f.Repo), strings.TrimSpace(f.Ref)
	} else {
		d.Source.Server = f.Server
	}
	d.App = dashboard.App{Framework: f.Framework, Path: strings.TrimSpace(f.Path), Environment: strings.TrimSpace(f.Environment), Arguments: lines(f.Arguments)}
	d.Options = changeOptions(d.Options, f.Options)
}

// access is who may open it. Names that are left in the form do not count where
// the form says that only the owner may.
func (f form) access() dashboard.Access {
	switch f.Access {
	case everybody:
		return dashboard.Access{Everyone: true, Users: lines(f.Users), Groups: lines(f.Groups)}
	case somePeople:
		return dashboard.Access{Users: lines(f.Users), Groups: lines(f.Groups)}
	}
	return dashboard.Access{}
}

// lines are those that have something in them.
func lines(text string) []string {
	var found []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			found = append(found, line)
		}
	}
	return found
}
