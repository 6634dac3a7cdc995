package api

import (
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// Plain is the source in the words of the domain.
func (s Source) Plain() dashboard.Source { return dashboard.Source(s) }

// Plain is the app in the words of the domain.
func (a App) Plain() dashboard.App { return dashboard.App(a) }

// Plain is the access in the words of the domain.
func (a Access) Plain() dashboard.Access { return dashboard.Access(a) }

// SourceOf, AppOf and AccessOf are the JSON of the domain's words.
func SourceOf(s dashboard.Source) Source { return Source(s) }

// AppOf is the JSON of an app.
func AppOf(a dashboard.App) App {
	a.Arguments = list(a.Arguments)
	return App(a)
}

// AccessOf is the JSON of an access.
func AccessOf(a dashboard.Access) Access {
	a.Users, a.Groups = list(a.Users), list(a.Groups)
	return Access(a)
}

// JobOf is the JSON of a job.
func JobOf(j dashboard.Job) Job {
	made := Job{
		ID: j.ID, Dashboard: j.Dashboard, Kind: j.Kind, Viewer: j.Viewer, Revision: j.Revision, By: j.By,
		Step: j.Step, Title: j.Title, Done: j.Done, Failure: j.Failure,
		Created: j.Created, Finished: moment(j.Finished),
	}
	if j.Percent >= 0 {
		percent := min(j.Percent, 100)
		made.Percent = &percent
	}
	return made
}

// RevisionOf is the JSON of a revision; current is the number of the one in force.
func RevisionOf(r dashboard.Revision, current int) Revision {
	return Revision{
		Number: r.Number, By: r.By, State: r.State, App: AppOf(r.App), Created: r.Created, Finished: moment(r.Finished),
		Kind: r.Snapshot.Kind, Bytes: r.Snapshot.Bytes, Commit: r.Snapshot.Commit, Paused: r.Snapshot.Paused.Seconds(),
		Current: r.Number == current,
	}
}

// RulesOf is the JSON of rules.
func RulesOf(r dashboard.Rules) Rules {
	made := Rules{
		WhyNot: r.WhyNot, Sources: list(r.Sources), Frameworks: []Framework{},
		Environments: list(r.Environments), FreeEnvironment: r.FreeEnvironment,
		PathPattern: r.PathPattern, Options: []Option{}, PerViewer: r.PerViewer, Sharing: Sharing(r.Sharing), GroupPages: r.GroupPages,
		DefaultAccess: AccessOf(r.DefaultAccess), HubVersion: r.HubVersion,
	}
	for _, f := range r.Frameworks {
		made.Frameworks = append(made.Frameworks, Framework{Name: f.Name, Title: f.Title, Files: list(f.Files), Folder: f.Folder, Default: f.Default})
	}
	for _, o := range r.Options {
		option := Option{Name: o.Name, Label: o.Label, Hint: o.Hint, Choices: []Choice{}, Inherit: o.Inherit}
		for _, c := range o.Choices {
			option.Choices = append(option.Choices, Choice(c))
		}
		made.Options = append(made.Options, option)
	}
	return made
}

// list is never null in JSON.
func list[T any](values []T) []T {
	if values == nil {
		return []T{}
	}
	return values
}

// moment is absent where a time is not known.
func moment(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}
