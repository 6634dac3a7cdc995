package dashboard

import (
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Check tidies up what a person gave, and says what is wrong with it: an *Error
// with its field. What only the operator's settings or the outside can tell is
// checked elsewhere.
func (d *Dashboard) Check() error {
	var err error
	if d.Name, err = CleanText("name", "name", d.Name, MaxName, false); err != nil {
		return err
	}
	if d.Name == "" {
		return InvalidField("name", "A dashboard needs a name. Write one that your colleagues will know it by.")
	}
	if d.Description, err = CleanText("description", "description", d.Description, MaxDescription, true); err != nil {
		return err
	}
	if err := d.Source.check(); err != nil {
		return err
	}
	if err := d.App.check(); err != nil {
		return err
	}
	return d.Access.Check()
}

func (s *Source) check() error {
	switch s.Kind {
	case FromServer:
		if s.Repo != "" || s.Ref != "" {
			return InvalidField("source.repo", "A dashboard is cloned from a server or from a repository, not from both. Leave one out.")
		}
		var err error
		if s.Server, err = CleanText("source.server", "server's name", s.Server, 255, false); err != nil {
			return err
		}
		s.Folder, err = CleanPath("source.folder", s.Folder)
		return err
	case FromGit:
		if s.Server != "" {
			return InvalidField("source.server", "A dashboard is cloned from a server or from a repository, not from both. Leave one out.")
		}
		if s.Repo == "" {
			return InvalidField("source.repo", "Which repository? Give its address, such as https://github.com/voila-dashboards/voila.git.")
		}
		if len(s.Repo) > MaxPath || len(s.Ref) > 250 || !printable(s.Repo) || !printable(s.Ref) {
			return InvalidField("source.repo", "This is not the address of a repository and a branch, tag or commit of it.")
		}
		var err error
		s.Folder, err = CleanPath("source.folder", s.Folder)
		return err
	}
	return InvalidField("source.kind", "A dashboard is cloned from a %q or from %q, not from %q.", FromServer, FromGit, s.Kind)
}

func (a *App) check() error {
	if a.Framework == "" {
		return InvalidField("app.framework", "Which framework shows it? Choose one, such as voila for a notebook.")
	}
	if len(a.Framework) > 100 || !printable(a.Framework) {
		return InvalidField("app.framework", "This is not the name of a framework.")
	}
	var err error
	if a.Path, err = CleanPath("app.path", a.Path); err != nil {
		return err
	}
	if len(a.Environment) > MaxPath || !printable(a.Environment) || strings.HasPrefix(a.Environment, "-") {
		return InvalidField("app.environment", "This is not the name of an environment.")
	}
	if len(a.Arguments) > MaxArguments {
		return InvalidField("app.arguments", "There are %d arguments. Give at most %d.", len(a.Arguments), MaxArguments)
	}
	for _, argument := range a.Arguments {
		if len(argument) > MaxArgument || !utf8.ValidString(argument) || strings.ContainsRune(argument, 0) {
			return InvalidField("app.arguments", "An argument is longer than %d characters or is no text.", MaxArgument)
		}
	}
	return nil
}

// Check tidies up who may open a dashboard, and says what is wrong with it.
func (a *Access) Check() error {
	for _, list := range []struct {
		field, what string
		names       *[]string
	}{{"access.users", "user", &a.Users}, {"access.groups", "group", &a.Groups}} {
		kept := []string{}
		for _, name := range *list.names {
			cleaned, err := CleanText(list.field, "name of a "+list.what, name, 255, false)
			if err != nil {
				return err
			}
			if cleaned != "" {
				kept = append(kept, cleaned)
			}
		}
		slices.Sort(kept)
		kept = slices.Compact(kept)
		if len(kept) > MaxShared {
			return InvalidField(list.field, "These are %d names. Share with at most %d, or with a group.", len(kept), MaxShared)
		}
		*list.names = kept
	}
	return nil
}

// CleanPath makes a path within a source plain: relative, with slashes, without
// a way out. The source itself is empty.
func CleanPath(field, given string) (string, error) {
	if given == "" {
		return "", nil
	}
	if !utf8.ValidString(given) || strings.ContainsFunc(given, unicode.IsControl) {
		return "", InvalidField(field, "The path has characters in it that cannot be shown.")
	}
	isTooLong := func(path string) bool { return utf8.RuneCountInString(path) > MaxPath }
	tooLong := InvalidField(field, "The path has more than %d characters.", MaxPath)
	if isTooLong(given) {
		return "", tooLong
	}
	if slices.Contains(strings.Split(given, "/"), "..") {
		return "", InvalidField(field, "The path %q leads out of the folder by “..”. Give one within it.", given)
	}
	cleaned := strings.TrimPrefix(path.Clean("/"+given), "/")
	if strings.HasPrefix(cleaned, "-") {
		cleaned = "./" + cleaned // no program takes it for an option
	}
	if isTooLong(cleaned) {
		return "", tooLong
	}
	return cleaned, nil
}

func printable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}
