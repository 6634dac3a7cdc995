package singleuser

import (
	"github.com/spf13/pflag"
)

// options are all settings, by what they are about.
type options struct {
	listening
	access
	identity
	command
	preset
	life
	source
	passing
	reporting
	compatibility
	configuration
}

// section is a group of flags under a title in the help.
type section struct {
	title string
	flags *pflag.FlagSet
}

// sections makes the flags. Every one has to be in a section.
func (o *options) sections() []section {
	var all []section
	add := func(title string, register func(*pflag.FlagSet)) {
		flags := pflag.NewFlagSet(title, pflag.ContinueOnError)
		flags.SortFlags = false
		register(flags)
		all = append(all, section{title, flags})
	}
	add("Where it listens", o.listening.register)
	add("Who may enter", o.access.register)
	add("What the app is told of them", o.identity.register)
	add("The app", o.command.register)
	add("Its life", o.life.register)
	add("Where it comes from", o.source.register)
	add("How requests are passed on", o.passing.register)
	add("What is reported", o.reporting.register)
	add("Settings", o.configuration.register)
	add("Accepted, and without effect", o.compatibility.register)
	return all
}

// aliases are other programs' names of our flags: jupyter-server-proxy's.
func aliases(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	switch name {
	case "address":
		name = "ip"
	case "server-port":
		name = "destport"
	case "activity-interval":
		name = "last-activity-interval"
	case "timeout":
		name = "ready-timeout"
	}
	return pflag.NormalizedName(name)
}
