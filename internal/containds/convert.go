package containds

import (
	"cmp"
	"fmt"
	"net/url"
	"path"
	"slices"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// convertAll says rows in our words. What a viewer had as a copy of another
// dashboard (cdsdashboards: orm.py, clone_for_viewer) is no dashboard of its own.
func convertAll(rows []row) []Found {
	// A copy of a copy is none, so nothing is left out that has lost its original
	// or is in a circle.
	originals, copies := map[string]bool{}, map[string]int{}
	for _, row := range rows {
		if row.id.Valid && !row.parent.Valid {
			originals[row.id.String] = true
		}
	}
	found := []Found{}
	for _, row := range rows {
		if row.parent.Valid && originals[row.parent.String] {
			copies[row.parent.String]++
		}
	}
	for _, row := range rows {
		if row.parent.Valid && originals[row.parent.String] {
			continue
		}
		one := convert(row)
		if count := copies[row.id.String]; count > 0 {
			one.Dashboard.PerViewer = true
			one.note("Viewers had copies of their own (%d), so each gets an own server. The setting servers.per_viewer has to be offered or always.", count)
		}
		found = append(found, one)
	}
	tellApart(found)
	return found
}

// convert says one row in our words.
func convert(row row) Found {
	var found Found
	d := &found.Dashboard
	d.State = dashboard.Stopped
	if row.urlname.String != "" {
		found.LegacyURL = "hub/dashboards/" + url.PathEscape(row.urlname.String)
	}
	found.owner(row)
	d.Name = cmp.Or(
		found.text("name", row.name.String, dashboard.MaxName, false),
		found.text("name in its address", row.urlname.String, dashboard.MaxName, false),
		"Dashboard "+digits(row.id.String))
	d.Description = found.text("description", row.description.String, dashboard.MaxDescription, true)
	d.Created, d.LastUsed = instant(row.created.String), instant(row.started.String)
	found.framework(row)
	found.source(row)
	found.access(row)
	if row.parent.Valid {
		found.note("It was a viewer's copy of another dashboard, which is not there any more.")
	}
	if row.final.String != "" {
		found.note("Its old server %s is still at the hub. Delete it when this one runs.", quote(row.final.String))
	}
	if err := d.Check(); err != nil {
		found.note("As it is, it cannot be taken over: %v", err)
	}
	return found
}

// note adds a sentence.
func (f *Found) note(format string, values ...any) {
	f.Notes = append(f.Notes, fmt.Sprintf(format, values...))
}

func (f *Found) owner(row row) {
	switch {
	case !row.owner.Valid:
		f.note("Its owner is not at the hub any more (user %s). Say whose it shall be.", quote(row.user.String))
	case !plain(row.owner.String, 255):
		f.note("Its owner's name %s is none that the hub would take. Say whose it shall be.", quote(row.owner.String))
	default:
		f.Dashboard.Owner = row.owner.String
	}
}

// frameworks are ContainDS' names of those that are called otherwise here.
var frameworks = map[string]string{"": "voila", "plotlydash": "dash"}

// builtin are those of ContainDS that need no preset here.
var builtin = []string{"voila", "streamlit", "dash", "bokeh", "panel", "rshiny"}

func (f *Found) framework(row row) {
	name := row.presentation.String
	if ours, ok := frameworks[name]; ok {
		name = ours
	}
	if !plain(name, 100) {
		f.note("Its framework %s cannot be the name of one. Choose one.", quote(name))
		return
	}
	f.Dashboard.App.Framework = name
	if !slices.Contains(builtin, name) {
		f.note("Its framework %s was made by your administrator (extra_presentation_launchers). It needs a preset of that name in the settings.", quote(name))
	}
}

// access takes over who may open it. What is unclear stays closed.
func (f *Found) access(row row) {
	access := &f.Dashboard.Access
	switch row.everyone.String {
	case "1", "true", "t":
		access.Everyone = true
	case "0", "false", "f":
	default:
		f.note("It does not say who may open it, so only its owner and those named may.")
	}
	for _, name := range row.members {
		switch {
		case !plain(name, 255):
			f.note("The user %s could open it, but is none that the hub would take.", quote(name))
		case name != f.Dashboard.Owner:
			access.Users = append(access.Users, name)
		}
	}
	switch {
	case len(access.Users) > dashboard.MaxShared && plain(row.group.String, 255):
		f.note("It was shared with %d users, which are more than can be named: it is shared with their group %s, so keep that.", len(access.Users), quote(row.group.String))
		access.Users, access.Groups = nil, []string{row.group.String}
	case len(access.Users) > dashboard.MaxShared:
		f.note("It was shared with %d users, which are more than can be named. Put them into a group, and share it with that.", len(access.Users))
		access.Users = nil
	case !access.Everyone && row.groupID.Valid && !row.group.Valid:
		f.note("Those that it was shared with are lost: the hub's group of them is not there any more. Share it again.")
	}
}

// tellApart gives each owner's dashboards names of their own.
func tellApart(found []Found) {
	taken := map[[2]string]bool{}
	for i := range found {
		d := &found[i].Dashboard
		key := func(name string) [2]string { return [2]string{d.Owner, dashboard.FoldName(name)} }
		name := d.Name
		for number := 2; taken[key(name)]; number++ {
			suffix := fmt.Sprintf(" (%d)", number)
			name = cut(d.Name, dashboard.MaxName-len(suffix)) + suffix
		}
		if name != d.Name {
			found[i].note("Its owner has another one of that name, so it is called %s.", quote(name))
		}
		d.Name = name
		taken[key(name)] = true
	}
}

// instant reads what a cast to text made of a time, which is UTC (cdsdashboards:
// datetime.utcnow). It is zero if it is none.
func instant(text string) time.Time {
	read, err := time.Parse("2006-01-02 15:04:05.999999999", text)
	if err != nil || read.Year() < 2000 || read.Year() > 2200 {
		return time.Time{}
	}
	return read
}

// split is a path's folder and its last part.
func split(whole string) (folder, base string) {
	folder, base = path.Split(whole)
	return path.Clean("/" + folder)[1:], base
}
