package settings

import (
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/ideonate/jhsingle-native-proxy/internal/suggest"
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
