package web

import (
	"net/http"
	"strconv"
	"unicode/utf8"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// What there is to choose from.

func (s *site) getOpenAPI(w http.ResponseWriter, _ *visit) error {
	w.Header().Set("Content-Type", api.JSON)
	w.Header().Set("Content-Length", strconv.Itoa(len(api.OpenAPI)))
	_, _ = w.Write(api.OpenAPI) // an error is a visitor who has gone
	return nil
}

func (s *site) getUser(w http.ResponseWriter, v *visit) error {
	groups := v.who.Groups
	if groups == nil {
		groups = []string{}
	}
	writeJSON(w, api.JSON, http.StatusOK, api.User{Name: v.who.Name, Admin: v.who.Admin, Groups: groups})
	return nil
}

func (s *site) getRules(w http.ResponseWriter, v *visit) error {
	rules, err := s.Service.Rules(v.Context(), v.who)
	if err != nil {
		return err
	}
	writeJSON(w, api.JSON, http.StatusOK, api.RulesOf(rules))
	return nil
}

func (s *site) getServers(w http.ResponseWriter, v *visit) error {
	found, err := s.Service.Servers(v.Context(), v.who)
	if err != nil {
		return err
	}
	return writeItems(w, found, func(server dashboard.Server) api.Server { return api.Server(server) })
}

func (s *site) getBrowse(w http.ResponseWriter, v *visit) error {
	asked := v.URL.Query()
	source := dashboard.Source{Kind: dashboard.SourceKind(asked.Get("kind")), Server: asked.Get("server"), Repo: asked.Get("repo"), Ref: asked.Get("ref")}
	if source.Kind != dashboard.FromServer && source.Kind != dashboard.FromGit {
		return dashboard.InvalidField("kind", "The parameter kind is %s or %s, and not %q.", dashboard.FromServer, dashboard.FromGit, source.Kind)
	}
	for _, text := range []string{source.Server, source.Repo, source.Ref} {
		if len(text) > dashboard.MaxPath || !utf8.ValidString(text) {
			return dashboard.InvalidField("source", "This is not the name of a server, nor the address of a repository.")
		}
	}
	folder, err := dashboard.CleanPath("folder", asked.Get("folder"))
	if err != nil {
		return err
	}
	found, err := s.Service.Browse(v.Context(), v.who, source, folder)
	if err != nil {
		return err
	}
	return writeItems(w, found, func(entry dashboard.Entry) api.Entry { return api.Entry(entry) })
}

func (s *site) getPeople(w http.ResponseWriter, v *visit) error {
	text := v.URL.Query().Get("q")
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxSearch {
		return dashboard.InvalidField("q", "The parameter q has more than %d characters, or is no text.", maxSearch)
	}
	users, groups, err := s.Service.People(v.Context(), v.who, text)
	if err != nil {
		return err
	}
	answer := api.People{Users: []string{}, Groups: []string{}}
	answer.Users, answer.Groups = append(answer.Users, users...), append(answer.Groups, groups...)
	writeJSON(w, api.JSON, http.StatusOK, answer)
	return nil
}
