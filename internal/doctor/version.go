package doctor

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// The hubs that this program is tested with, from the oldest to the newest
// (the table in README.md).
var (
	oldestTested = version{major: 1, minor: 5}
	newestTested = version{major: 6}
)

// version is that of a hub, by PEP 440, as far as anything depends on it.
type version struct {
	major, minor int
	// pre is what follows the numbers, such as b3, rc1 or .dev.
	pre string
}

var versionText = regexp.MustCompile(`^(\d{1,4})(?:\.(\d{1,4}))?(?:\.\d{1,4})*((?:a|b|rc|\.?dev|\+|\.post).*)?$`)

func parseVersion(text string) (version, bool) {
	found := versionText.FindStringSubmatch(text)
	if found == nil {
		return version{}, false
	}
	major, _ := strconv.Atoi(found[1])
	minor, _ := strconv.Atoi(found[2]) // 0 where there is none
	return version{major, minor, found[3]}, true
}

// before compares the numbers alone.
func (v version) before(other version) bool {
	if v.major != other.major {
		return v.major < other.major
	}
	return v.minor < other.minor
}

func (v version) isPreRelease() bool {
	return v.pre != "" && !strings.HasPrefix(v.pre, "+") && !strings.HasPrefix(v.pre, ".post")
}

func (v version) String() string { return fmt.Sprintf("%d.%d", v.major, v.minor) }

// features says what the hub's age means for this server.
func (v version) features() string {
	switch {
	case v.major < 2:
		return "it knows no scopes, so the owner and admins have access, and says where to listen by flags"
	case v.major < 3:
		return "it knows scopes, which tokens get by roles"
	case v.major < 5:
		return "it knows scopes for every token, but no shares"
	case v.major < 6:
		return "it knows scopes and shares, and takes no token in a URL"
	default:
		return "it knows scopes, shares and PKCE"
	}
}

// checkVersion judges the hub's age, and whether it set what one of that age
// does.
func (h *hubVisit) checkVersion(ctx context.Context, report report) {
	if !after(ctx, h.answered, nil, report) {
		return
	}
	root := h.root
	v, known := parseVersion(root.version)
	switch {
	case !known:
		report(Warning, fmt.Sprintf("The hub calls its version %q, which is none by PEP 440.", root.version), "The hub compares it with ours at every start; see jupyterhub --version there.")
		return
	case v.before(oldestTested):
		report(Failed, fmt.Sprintf("The hub is JupyterHub %s, which is older than any that this program works with (%s).", root.version, oldestTested), "Bring the hub up to date.")
		return
	case v.major < 4:
		report(Warning, fmt.Sprintf("The hub is JupyterHub %s, which gets no security updates any more; %s.", root.version, v.features()), "Bring the hub up to date.")
	case v.isPreRelease():
		report(Warning, fmt.Sprintf("The hub is JupyterHub %s, a pre-release; %s.", root.version, v.features()), "Where others depend on it, use a release.")
	case newestTested.major < v.major:
		report(Warning, fmt.Sprintf("The hub is JupyterHub %s, which is newer than any that this program was tested with (%d).", root.version, newestTested.major), "See whether there is a newer version of this program.")
	default:
		report(OK, fmt.Sprintf("The hub is JupyterHub %s: %s.", root.version, v.features()), "")
	}
	if missing := h.unset(v); len(missing) > 0 && h.e.get("JUPYTERHUB_SERVICE_NAME") == "" && h.e.env.APIToken != "" {
		report(Warning, fmt.Sprintf("A hub of this version sets %s for every server, but this one has %s not.", strings.Join(missing, " and "), map[bool]string{true: "it", false: "them"}[len(missing) == 1]),
			"Something between the hub and this program does not pass the environment on: a spawner that starts with an environment of its own, a wrapper script, sudo or su.")
	}
}

// unset are the variables that a hub of that age always sets, and that are not.
func (h *hubVisit) unset(v version) []string {
	var names []string
	for _, known := range variables {
		if !known.always || v.before(known.since) {
			continue
		}
		if known.name == "JUPYTERHUB_OAUTH_SCOPES" && h.e.get("JUPYTERHUB_OAUTH_ACCESS_SCOPES") != "" {
			continue // the old name of the same
		}
		if _, set := h.e.lookup(known.name); !set {
			names = append(names, known.name)
		}
	}
	return names
}
