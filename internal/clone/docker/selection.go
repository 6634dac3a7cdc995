package docker

import (
	"path"
	"slices"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/ignore"
	"github.com/ideonate/jhsingle-native-proxy/internal/clone/selection"
)

// selected is what of a source is left out of dashboards: secrets in homes, and what
// its owner names in the folder. All else is what the server runs by, and stays.
type selected struct {
	// home is where the server's files are, and homes where secrets may be besides.
	home, folder string
	homes        []string
	rules        selection.Rules
	patterns     ignore.Patterns
	// folders are those that were asked about: files come by the folder.
	folders map[string]bool
}

func (s source) selected(patterns ignore.Patterns) selected {
	return selected{s.home, s.folder, s.homes(), selection.ForHome(""), patterns, map[string]bool{}}
}

// homes are the outermost folders in which somebody's secrets may be: a server's
// files are often a volume within the home of its user, who has others there.
func (s source) homes() []string {
	all := []string{s.home, "/home", "/root"}
	if s.Config != nil {
		if told, _ := lookup(s.Config.Env, "HOME"); path.IsAbs(told) && path.Clean(told) != "/" {
			all = append(all, path.Clean(told))
		}
	}
	slices.Sort(all)
	var outer []string
	for _, each := range all { // what is below another comes after it
		if !slices.ContainsFunc(outer, func(o string) bool { return below(each, o) }) {
			outer = append(outer, each)
		}
	}
	return outer
}

// leavesOut says that of an absolute path.
func (s selected) leavesOut(name string, folder bool) bool {
	return s.leavesOutFolder(parent(name)) || s.names(name, folder)
}

func (s selected) leavesOutFolder(name string) bool {
	if name == "" || name == s.home {
		return false
	}
	out, known := s.folders[name]
	if !known {
		out = s.leavesOut(name, true)
		s.folders[name] = out
	}
	return out
}

// names says whether a path is one that is left out by its own name.
func (s selected) names(name string, folder bool) bool {
	if rest, inFolder := strings.CutPrefix(name, s.folder+"/"); inFolder {
		switch said := s.patterns.Match(rest, folder); {
		case said.Verdict == ignore.LeftOut:
			return true
		case said.Verdict == ignore.Kept && said.Literal:
			return false // a secret, too: whoever names it wants it in the dashboard
		}
	}
	return slices.ContainsFunc(s.homes, func(home string) bool {
		rest, inHome := strings.CutPrefix(name, home+"/")
		return inHome && s.rules.Secret(rest, folder)
	})
}
