package main

import (
	"fmt"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/terminal"
)

// are says how many things there are, as the beginning of a sentence.
func are(n int, thing string) string {
	if n == 1 {
		return "1 " + thing + " is"
	}
	return fmt.Sprintf("%d %ss are", n, thing)
}

// openTo says who may open a dashboard besides its owner.
func openTo(access api.Access) string {
	if access.Everyone {
		return "everyone"
	}
	var parts []string
	if len(access.Users) > 0 {
		parts = append(parts, strings.Join(access.Users, ", "))
	}
	switch len(access.Groups) {
	case 0:
	case 1:
		parts = append(parts, "group "+access.Groups[0])
	default:
		parts = append(parts, "groups "+strings.Join(access.Groups, ", "))
	}
	if len(parts) == 0 {
		return "nobody else"
	}
	return strings.Join(parts, "; ")
}

// from says what a dashboard is cloned from.
func from(source api.Source) string {
	var said string
	switch {
	case source.Kind == dashboard.FromGit:
		said = source.Repo
		if source.Ref != "" {
			said += " at " + source.Ref
		}
	case source.Server == "":
		said = "the default server"
	default:
		said = "the server " + source.Server
	}
	if source.Folder != "" {
		said += ", folder " + source.Folder
	}
	return said
}

// shows says what is shown of it, and how.
func shows(app api.App) string {
	said := app.Framework
	if app.Path != "" {
		said = app.Path + " with " + app.Framework
	}
	if app.Environment != "" {
		said += ", in " + app.Environment
	}
	if len(app.Arguments) > 0 {
		said += ", " + strings.Join(app.Arguments, " ")
	}
	return said
}

// stateOf is a dashboard's state as people see it.
func stateOf(d api.Dashboard) terminal.Cell {
	switch {
	case d.State == dashboard.Running:
		return terminal.Cell{Text: "running", Color: terminal.Green}
	case d.State == dashboard.Stopped && d.Detail != nil && d.Detail.Failure != "":
		return terminal.Cell{Text: "failed", Color: terminal.Red}
	case d.State == dashboard.Starting, d.State == dashboard.Stopping:
		return terminal.Cell{Text: string(d.State), Color: terminal.Yellow}
	}
	return terminal.Cell{Text: string(d.State)}
}
