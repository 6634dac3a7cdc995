package web

import (
	"hash/fnv"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// card is what a list shows of a dashboard. It is flat, without methods, and all
// is worked out before: of 1,000 of them, templates look up each field by its name.
type card struct {
	ID, Name, Description, Owner string
	// Condition is what the dashboard does, and Word that in words.
	Condition, Word string
	// Picture is the address of one; without, a drawing in a colour stands for it.
	Picture     string
	Tint, Chart int
	// Used is when it was last used.
	Used moment
	// Stopped says that its server does not run, and Openable that there is
	// anything to open yet.
	Stopped, Openable bool
	// MayChange says whether it is the visitor's to change, and Others that it is
	// somebody else's.
	MayChange, Others bool
}

func (s *site) card(v *visit, d dashboard.Dashboard) card {
	made := card{
		ID: d.ID, Name: d.Name, Description: d.Description, Owner: d.Owner, Used: s.moment(d.LastUsed),
		Stopped: d.State == dashboard.Stopped, Openable: d.Revision > 0, MayChange: v.who.Owns(d), Others: d.Owner != v.who.Name,
	}
	made.Condition = condition(d, made.MayChange)
	made.Word = s.words.of("state", made.Condition)
	if d.Thumbnail != "" {
		made.Picture = s.at("picture", d.ID, d.Thumbnail)
	} else {
		made.Tint, made.Chart = drawing(d.ID)
	}
	return made
}

// condition is the word for what a dashboard does. Failures are its owner's
// business.
func condition(d dashboard.Dashboard, mayChange bool) string {
	switch {
	case d.Failure != "" && mayChange && d.State != dashboard.Running:
		return "failed"
	case d.Revision == 0 && d.State == dashboard.Stopped && d.Failure == "":
		return "building"
	}
	return string(d.State)
}

// How many colours and drawings there are: in style.css and parts/charts.html.
const (
	tints  = 8
	charts = 6
)

// drawing chooses what stands for a dashboard without a picture: always the same
// for the same dashboard.
func drawing(id string) (tint, chart int) {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(id)) // never fails
	chosen := sum.Sum32()
	return int(chosen % tints), int(chosen / tints % charts)
}
