package docker

import (
	"path"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/ignore"
)

// ignoreFile has patterns of what its folder's owner does not want in dashboards.
const ignoreFile = ".dashboardignore"

// selection is what of a source is left out of dashboards.
type selection struct {
	home, folder string
	patterns     ignore.Patterns
}

// leavesOut says that of an absolute path.
func (s selection) leavesOut(name string, folder bool) bool {
	if below(name, s.home) && name != s.home && s.secret(strings.TrimPrefix(name, s.home+"/"), name) {
		return true
	}
	if !below(name, s.folder) || name == s.folder {
		return false
	}
	rest := strings.TrimPrefix(name, s.folder+"/")
	for i, c := range rest {
		if c == '/' && s.patterns.Match(rest[:i], true).Verdict == ignore.LeftOut {
			return true
		}
	}
	return s.patterns.Match(rest, folder).Verdict == ignore.LeftOut
}

// secret says that of a path below the home. Whoever names one in the ignore
// file as to be kept wants it in the dashboard.
func (s selection) secret(rest, name string) bool {
	if below(name, s.folder) {
		if m := s.patterns.Match(strings.TrimPrefix(name, s.folder+"/"), false); m.Verdict == ignore.Kept && m.Literal {
			return false
		}
	}
	for part := range strings.SplitSeq(rest, "/") {
		if secretNames[part] || strings.HasPrefix(part, ".env.") && part != ".env.example" {
			return true
		}
	}
	for at := rest; at != "."; at = path.Dir(at) {
		if secretPaths[at] {
			return true
		}
	}
	return false
}
