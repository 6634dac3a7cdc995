package docker

import (
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/ignore"
	"github.com/ideonate/jhsingle-native-proxy/internal/clone/selection"
)

// selected is what of a source is left out of dashboards: secrets in the home, and
// what its owner names in the folder. All else of the home is what the server runs
// by, and stays.
type selected struct {
	home, folder string
	rules        selection.Rules
	patterns     ignore.Patterns
	// folders are those that were asked about: files come by the folder.
	folders map[string]bool
}

func selectFrom(home, folder string, patterns ignore.Patterns) selected {
	return selected{home, folder, selection.ForHome(""), patterns, map[string]bool{}}
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
	rest, inHome := strings.CutPrefix(name, s.home+"/")
	return inHome && s.rules.Secret(rest, folder)
}
