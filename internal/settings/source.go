package settings

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// Check says what the settings have against a dashboard, in a sentence for its
// owner, and sets what they leave no choice of. The dashboard is tidied up already
// (dashboard.Dashboard.Check).
func (s Settings) Check(d *dashboard.Dashboard) error {
	if err := s.CheckSource(d.Source); err != nil {
		return err
	}
	if err := s.CheckApp(d.App, d.Source); err != nil {
		return err
	}
	if known, err := s.framework(d.App.Framework); err == nil {
		d.App.Framework = known.Name // not an alias, so that lists can be compared
	}
	if d.PerViewer && s.Servers.PerViewer == Never {
		return dashboard.InvalidField("per_viewer", "A dashboard has one server for all here, not one for each viewer. Choose one server for all.")
	}
	d.PerViewer = d.PerViewer || s.Servers.PerViewer == Always
	var err error
	d.Options, err = s.checkOptions(d.Options)
	return err
}

// SourceKinds are what dashboards can be cloned from, in order.
func (s Settings) SourceKinds() []dashboard.SourceKind {
	var kinds []dashboard.SourceKind
	if s.Sources.Servers {
		kinds = append(kinds, dashboard.FromServer)
	}
	if s.Sources.Git {
		kinds = append(kinds, dashboard.FromGit)
	}
	return kinds
}

// CheckSource says why a source cannot be taken, in a sentence for who chose it.
func (s Settings) CheckSource(source dashboard.Source) error {
	switch {
	case source.Kind == dashboard.FromServer && !s.Sources.Servers:
		return dashboard.InvalidField("source.kind", "Dashboards are made from git repositories here, not from servers. Give a repository.")
	case source.Kind == dashboard.FromGit && !s.Sources.Git:
		return dashboard.InvalidField("source.kind", "Dashboards are made from your servers here, not from git repositories. Choose a server.")
	case source.Kind == dashboard.FromGit:
		return s.checkRepository(source.Repo)
	}
	return nil
}

func (s Settings) checkRepository(address string) error {
	at, err := parsePlace(address, false)
	if err != nil {
		return dashboard.InvalidField("source.repo", "This cannot be taken for the address of a repository: it %v. Give one such as https://github.com/voila-dashboards/voila.git.", err)
	}
	if at.secret {
		return dashboard.InvalidField("source.repo", "The address has a user, password or token in it, and others would see that. Give it without.")
	}
	includes := func(allowed Repository) bool { return allowed.includes(at) }
	switch {
	case slices.ContainsFunc(s.Sources.Repositories, includes):
		return nil
	case at.scheme == "file": // of the builder's own machine, and only where the operator says so
		return dashboard.InvalidField("source.repo", "A repository is fetched over the network. Give an address that begins with https:// or ssh://.")
	case len(s.Sources.Repositories) == 0:
		return nil
	}
	return dashboard.InvalidField("source.repo", "Dashboards are made from repositories of %s here, and this is none of them.", enumerate(s.Sources.Repositories))
}

// enumerate names a few.
func enumerate(repositories []Repository) string {
	const few = 5
	names := make([]string, 0, few+1)
	for i, repository := range repositories {
		if i == few {
			names = append(names, fmt.Sprintf("%d others", len(repositories)-few))
			break
		}
		names = append(names, string(repository))
	}
	if len(names) == 1 {
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
