// Package framework knows how the usual frameworks of web apps want to be
// started below JupyterHub: "run voila notebook.ipynb" is all that a person has
// to say. What it knows of a framework is data, see builtin.go, and can be
// overridden in any part by a configuration file.
//
// The program is still the framework's own, with its own arguments: nothing
// here is needed that could not be written on the command line by hand.
package framework

import (
	"maps"
	"slices"
)

// Framework is a preset: what is known of one framework.
type Framework struct {
	// Name is what follows "run"; Aliases do, too.
	Name    string
	Aliases []string
	// Title is its name for people, and Synopsis what follows its name on a
	// command line.
	Title, Synopsis string
	// Command is the program and its arguments. These placeholders are replaced
	// by Launch, all others are left for package process:
	//
	//	{target}         what is shown: a path, made absolute, or module:attribute
	//	{module}         what is shown as module:attribute, also when it is a file
	//	{module_folder}  the folder where that module is found
	//	{arguments}      an argument of its own: Defaults, Arguments, and those of
	//	                 the user
	//	{executable}     our own program
	Command []string
	// Arguments are further ones for the place of {arguments}, before those of
	// the user, who thus has the last word.
	Arguments []string
	// Defaults are further ones, such as --limit=5. Each is left out where Arguments
	// or the user have one of its name: not every program takes a second one.
	Defaults []string
	// Environment is added to the app's, with placeholders in its values.
	Environment map[string]string
	// Options are defaults for our own flags, by their names without dashes.
	Options map[string]string
	Target  Target
	Needs   Needs
	// Place says where it was defined, such as "config.yaml: line 3: board",
	// and is empty for what is built in.
	Place string
}

// Target says what a framework shows.
type Target struct {
	// Files are the endings of names of files that it takes, such as ".py".
	Files []string
	// Folder says that it takes a folder.
	Folder bool
	// Module says that it takes module:attribute, and file:attribute.
	Module bool
	// Default is shown when nothing is named; empty if something must be.
	Default string
}

// Needs says what has to be installed. One of the first three is set.
type Needs struct {
	// Program is to be on PATH, or among the programs of the Python there.
	Program string
	// Python is a package of the Python on PATH.
	Python string
	// R is a package of the R on PATH.
	R string
	// Install is what to do when it is missing, such as "pip install voila".
	Install string
}

// clone shares nothing with the original, so that an override of one is none of
// the other.
func (f Framework) clone() Framework {
	f.Aliases, f.Command = slices.Clone(f.Aliases), slices.Clone(f.Command)
	f.Arguments, f.Defaults = slices.Clone(f.Arguments), slices.Clone(f.Defaults)
	f.Target.Files = slices.Clone(f.Target.Files)
	f.Environment, f.Options = maps.Clone(f.Environment), maps.Clone(f.Options)
	return f
}
