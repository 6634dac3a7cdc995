package containds

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// source takes over what it is made from, and what of that it shows: the columns
// source_spawner_id and start_path, and the form's options (cdsdashboards:
// hubextension/main.py; builder/processbuilder.py).
func (f *Found) source(row row) {
	options := f.options(row.options.String)
	take := func(name string) string {
		value, there := options[name]
		delete(options, name)
		text, ok := value.(string)
		if !ok && there && value != nil {
			f.note("Its option %s is not text and was left out.", name)
		}
		return text
	}
	delete(options, "source_type") // git_repo alone decides, as it did at the start
	repo, ref, environment := take("git_repo"), take("git_repo_branch"), take("conda_env")
	for _, name := range slices.Sorted(maps.Keys(options)) {
		f.note("Its option %s has no meaning here and was left out.", quote(name))
	}

	app, source := &f.Dashboard.App, &f.Dashboard.Source
	whole, err := dashboard.CleanPath("app.path", row.path.String)
	if err != nil {
		f.note("Its path %s was left out: %v", quote(row.path.String), err)
	}
	if plain(environment, dashboard.MaxPath) && !strings.HasPrefix(environment, "-") {
		app.Environment = environment
	} else if environment != "" {
		f.note("Its environment %s cannot be the name of one and was left out.", quote(environment))
	}
	if repo != "" {
		f.repository(repo, ref)
		app.Path = whole
		return
	}
	source.Kind = dashboard.FromServer
	source.Folder, app.Path = split(whole)
	if source.Folder == "" {
		f.note("All of the owner's files are cloned. If these are many, move what the dashboard needs into a folder, and choose that.")
	} else {
		f.note("Only the folder %s is cloned. If it needs files from elsewhere, choose a folder above.", quote(source.Folder))
	}
	f.server(row)
}

// options reads the column of that name: a JSON object, or nothing.
func (f *Found) options(text string) map[string]any {
	if text == "" || text == "null" {
		return nil
	}
	var options map[string]any
	if len(text) > maxText || json.Unmarshal([]byte(text), &options) != nil {
		f.note("Its options cannot be read, so a repository and an environment, if it had them, are lost.")
	}
	return options
}

func (f *Found) repository(repo, ref string) {
	source := &f.Dashboard.Source
	source.Kind = dashboard.FromGit
	bare, hadSecret := withoutSecret(repo)
	if hadSecret {
		f.note("The address of its repository had a user or password in it, which was left out. Give the hub's servers access to it in another way.")
	}
	if !plain(bare, dashboard.MaxPath) {
		f.note("Its repository is no address that can be shown. Give it anew.")
		return
	}
	source.Repo = bare
	switch {
	case ref == "":
		f.note("It names no branch. ContainDS took master; here it is the repository's default branch.")
	case !plain(ref, 250):
		f.note("Its branch %s cannot be the name of one and was left out.", quote(ref))
	default:
		source.Ref = ref
	}
}

// withoutSecret takes what may be a secret out of an address: a user's name is one
// but with ssh.
func withoutSecret(address string) (string, bool) {
	if !strings.Contains(address, "://") {
		return address, false // host:path, which has no place for one
	}
	parsed, err := url.Parse(address)
	if err != nil {
		return "", strings.Contains(address, "@")
	}
	if parsed.User == nil {
		return address, false
	}
	user := parsed.User
	_, hasPassword := user.Password()
	parsed.User = nil
	if strings.HasSuffix(parsed.Scheme, "ssh") {
		parsed.User = url.User(user.Username())
		return parsed.String(), hasPassword
	}
	return parsed.String(), true
}

// server takes over which of the owner's servers was cloned, up to 0.5.7.
func (f *Found) server(row row) {
	switch {
	case !row.source.Valid:
	case !row.sourceName.Valid:
		f.note("The server that it was cloned from is not there any more; the owner's default one is taken.")
	case row.sourceUser.String != row.user.String:
		f.note("It was cloned from a server of somebody else's; the owner's default one is taken.")
	case !plain(row.sourceName.String, 255):
		f.note("It was cloned from the server %s, which is no name that the hub would take; the owner's default one is taken.", quote(row.sourceName.String))
	default:
		f.Dashboard.Source.Server = row.sourceName.String
	}
}
