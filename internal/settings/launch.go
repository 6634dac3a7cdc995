package settings

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/suggest"
	"github.com/ideonate/jhsingle-native-proxy/internal/ticket"
)

// Told is something that an app is told of who is asking.
type Told string

// flags are what turns each on in the proxy.
var flags = map[Told]string{
	"user": "--forward-identity=user", "email": "--forward-identity=email", "groups": "--forward-identity=groups",
	"jwt": "--forward-identity=jwt", "info": "--forward-user-info", "query": "--query-user-info",
}

func (t *Told) decode(r reader, name string, node *yaml.Node) error {
	known := []string{"user", "email", "groups", "jwt", "info", "query"}
	if node.Kind != yaml.ScalarNode || !slices.Contains(known, node.Value) {
		return r.wrong(node, "%s is %q, but is one of %s%s", name, node.Value, strings.Join(known, ", "), suggest.DidYouMean(node.Value, known))
	}
	*t = Told(node.Value)
	return nil
}

// LaunchArguments are those of "dashboard-builder launch" for every dashboard,
// to stand before its own.
func (s Settings) LaunchArguments() []string {
	var arguments []string
	for _, told := range s.Servers.Visitor {
		arguments = append(arguments, flags[told])
	}
	return append(arguments, s.Servers.Arguments...)
}

// LaunchEnvironment is added to the environment of every dashboard's server.
func (s Settings) LaunchEnvironment() map[string]string { return maps.Clone(s.Servers.Environment) }

// SpawnerOptions are what goes to the hub's spawner: the operator's, and of the
// owner's those that the operator allows. It says what is wrong with others.
func (s Settings) SpawnerOptions(owners map[string]any) (map[string]any, error) {
	merged := map[string]any(maps.Clone(s.Servers.Options))
	if merged == nil {
		merged = map[string]any{}
	}
	if content, err := json.Marshal(owners); err != nil || len(content) > maxOptions {
		return nil, dashboard.InvalidField("options", "The options for the server are more than %d bytes, or no JSON.", maxOptions)
	}
	for _, name := range slices.Sorted(maps.Keys(owners)) {
		if !slices.Contains(s.Servers.OwnerOptions, name) {
			hint := "There is none that can be set."
			if known := s.Servers.OwnerOptions; len(known) > 0 {
				hint = "There is " + strings.Join(known, ", ") + "."
			}
			return nil, dashboard.InvalidField("options", "The option “%s” of the server cannot be set here. %s", name, hint)
		}
		merged[name] = owners[name]
	}
	return merged, nil
}

// badOption is why something cannot be the name of an option, as the end of a
// sentence; empty if it can.
func badOption(name string) string {
	switch {
	case name == "":
		return "is no name"
	case name == ticket.Option, name == ticket.Accepted:
		return "is the builder's own"
	case name == "user_options" || name == "display_name":
		// With one of them in it, the whole body means something else to
		// JupyterHub 6 (apihandlers/users.py).
		return "means something else to JupyterHub"
	}
	return ""
}
