package framework

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Launch is how one app is started: a preset with what it shows.
type Launch struct {
	// Command, and the values of Environment and Options, have the placeholders
	// of package process.
	Command     []string
	Environment map[string]string
	Options     map[string]string
	// PresentationPath is the file or folder that is shown, as it was given; it
	// is empty for a module of Python that is found by its name.
	PresentationPath string

	framework Framework
}

// Launch fills in what is to be shown. The first argument names it unless it is
// an option; if there is none, presentationPath does, if that is not empty, and
// the framework's default else. The further arguments are the framework's. No
// file is looked at: it may yet have to come from a repository.
func (f Framework) Launch(arguments []string, presentationPath string) (Launch, error) {
	f = f.clone()
	target := f.Target.Default
	switch {
	case len(arguments) > 0 && !strings.HasPrefix(arguments[0], "-"):
		target, arguments = arguments[0], arguments[1:]
	case presentationPath != "":
		target = presentationPath
	}
	if target == "" {
		return Launch{}, fmt.Errorf("%s wants to know what to show: run %s %s", f.subject(), f.Name, f.Synopsis)
	}
	shown, err := f.parse(target)
	if err != nil {
		return Launch{}, err
	}
	executable, err := os.Executable()
	if err != nil {
		return Launch{}, fmt.Errorf("cannot find our own program: %w", err)
	}
	replace := strings.NewReplacer(
		"{target}", shown.whole, "{module}", shown.module, "{module_folder}", shown.folder, "{executable}", literal(executable),
		"{{", "{{", "}}", "}}", // {{target}} is no placeholder
	)
	launch := Launch{Environment: f.Environment, Options: f.Options, PresentationPath: shown.path, framework: f}
	for _, word := range f.Command {
		if word == "{arguments}" {
			launch.Command = append(launch.Command, f.arguments(arguments)...)
			continue
		}
		launch.Command = append(launch.Command, replace.Replace(word))
	}
	for name, value := range launch.Environment {
		launch.Environment[name] = replace.Replace(value)
	}
	return launch, nil
}

// arguments are those of the user behind the preset's own.
func (f Framework) arguments(users []string) []string {
	named := slices.Concat(f.Arguments, users)
	var all []string
	for _, each := range f.Defaults {
		name, _, _ := strings.Cut(each, "=")
		if !slices.ContainsFunc(named, func(word string) bool { return word == name || strings.HasPrefix(word, name+"=") }) {
			all = append(all, each)
		}
	}
	return append(all, named...)
}

// shown is a target, taken apart; all but path have placeholders.
type shown struct {
	path                  string
	whole, module, folder string
}

// attributed is a target with an attribute: what is before the last colon, and
// a name or the call of one. A drive letter is none, as it is followed by a slash.
var attributed = regexp.MustCompile(`^(.+):([A-Za-z_][A-Za-z0-9_.]*(?:\(.*\))?)$`)

// moduleName is a module of Python that can be imported by its name.
var moduleName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*$`)

func (f Framework) parse(target string) (shown, error) {
	path, attribute := target, ""
	if f.Target.Module {
		if parts := attributed.FindStringSubmatch(target); parts != nil {
			path, attribute = parts[1], parts[2]
		}
	}
	ending := filepath.Ext(path)
	isFile := slices.Contains(f.Target.Files, ending)
	isModule := f.Target.Module && !isFile && moduleName.MatchString(path) && (attribute != "" || !f.Target.Folder)
	suffix := ""
	if attribute != "" {
		suffix = literal(":" + attribute)
	}
	switch {
	case isModule:
		return shown{
			whole: path + suffix, folder: ".",
			module: path + literal(":"+cmp.Or(attribute, "app")),
		}, nil
	case isFile:
		name := strings.TrimSuffix(filepath.Base(path), ending)
		return shown{
			path: path, whole: "{presentation_path}" + suffix, folder: "{presentation_dirname}",
			module: literal(name + ":" + cmp.Or(attribute, "app")),
		}, nil
	case f.Target.Folder && attribute == "":
		// A folder may be called anything: whether it is one is seen when it is
		// looked at.
		return shown{path: path, whole: "{presentation_path}", folder: "{presentation_path}"}, nil
	}
	return shown{}, fmt.Errorf("%s takes %s, but %q is none: run %s %s", f.subject(), f.Target, target, f.Name, f.Synopsis)
}

// subject names a preset in a message, with the place that defines it.
func (f Framework) subject() string {
	if f.Place != "" {
		return fmt.Sprintf("%s (%s)", f.Name, f.Place)
	}
	return f.Name
}

// String says what is taken, such as "a file that ends in .py or a folder".
func (t Target) String() string {
	var kinds []string
	if len(t.Files) > 0 {
		kinds = append(kinds, "a file that ends in "+enumerate(t.Files))
	}
	if t.Folder {
		kinds = append(kinds, "a folder")
	}
	if t.Module {
		kinds = append(kinds, "module:attribute")
	}
	return enumerate(kinds)
}

// enumerate joins words as one speaks.
func enumerate(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
