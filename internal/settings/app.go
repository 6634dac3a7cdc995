package settings

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/framework"
	"github.com/ideonate/jhsingle-native-proxy/internal/suggest"
)

// Presets are the frameworks that there are: those built in, with what the
// operator changed and added, in the format of the proxy's configuration file.
type Presets struct {
	set framework.Set
	// text is what the operator wrote, as YAML; empty if nothing.
	text string
}

func builtin() Presets { return Presets{set: framework.Builtin()} }

func (p *Presets) decode(r reader, _ string, node *yaml.Node) error {
	changed, err := framework.Builtin().Override(r.source, node)
	if err != nil {
		return err
	}
	p.set, p.text = changed, ""
	if len(node.Content) > 0 {
		text, err := yaml.Marshal(node)
		if err != nil {
			return r.wrong(node, "presets: %v", err)
		}
		p.text = string(text)
	}
	return nil
}

// Set is all presets, whether they can be chosen or not.
func (p Presets) Set() framework.Set { return p.set }

// Text is what the operator changed and added, as the value of "presets:" in a
// configuration file of the proxy; empty if nothing.
func (p Presets) Text() string { return p.text }

// Frameworks are those that can be chosen, in order.
func (s Settings) Frameworks() []dashboard.FrameworkChoice {
	var choices []dashboard.FrameworkChoice
	for _, known := range s.allowed() {
		choices = append(choices, dashboard.FrameworkChoice{
			Name: known.Name, Title: title(known), Files: known.Target.Files,
			Folder: known.Target.Folder, Default: known.Target.Default,
		})
	}
	return choices
}

// allowed are the presets that can be chosen, in order.
func (s Settings) allowed() []framework.Framework {
	if len(s.Allowed) == 0 {
		return s.Presets.set.All()
	}
	var found []framework.Framework
	for _, name := range s.Allowed {
		if known, err := s.Presets.set.Lookup(name); err == nil { // always, see check
			found = append(found, known)
		}
	}
	return found
}

// DefaultTarget is what a framework shows where nothing is chosen; empty if
// something must be.
func (s Settings) DefaultTarget(name string) string {
	known, err := s.framework(name)
	if err != nil {
		return ""
	}
	return known.Target.Default
}

func title(f framework.Framework) string {
	if f.Title == "" {
		return f.Name
	}
	return f.Title
}

// CheckApp says what is wrong with what a dashboard is to show, in a sentence for
// its owner. The App is tidied up already (dashboard.Dashboard.Check).
func (s Settings) CheckApp(app dashboard.App, source dashboard.Source) error {
	known, err := s.framework(app.Framework)
	if err != nil {
		return err
	}
	if app.Path == "" && known.Target.Default == "" && !known.Target.Folder {
		return dashboard.InvalidField("app.path", "What is to be shown? %s shows %s.", title(known), known.Target)
	}
	// Without a path it is the source's folder itself, as with ContainDS.
	if _, err := known.Launch(nil, cmp.Or(app.Path, known.Target.Default, ".")); err != nil {
		return dashboard.InvalidField("app.path", "%s shows %s, and “%s” is none.", title(known), known.Target, app.Path)
	}
	if whole := path.Join(source.Folder, app.Path); source.Kind == dashboard.FromServer && !s.Sources.Paths.Match(whole) {
		return dashboard.InvalidField("app.path", "“%s” cannot be shown from here: whoever runs this JupyterHub wants paths of the form %s.", whole, s.Sources.Paths)
	}
	return s.checkEnvironment(app.Environment)
}

// framework finds one that can be chosen, also by another name of it.
func (s Settings) framework(name string) (framework.Framework, error) {
	var names []string
	for _, known := range s.allowed() {
		if known.Name == name || slices.Contains(known.Aliases, name) {
			return known, nil
		}
		names = append(names, known.Name)
	}
	near := ""
	if word := suggest.First(name, names); word != "" {
		near = fmt.Sprintf(" Did you mean %s?", word)
	}
	return framework.Framework{}, dashboard.InvalidField("app.framework", "“%s” cannot be chosen as framework here.%s There is %s.", name, near, strings.Join(names, ", "))
}

func (s Settings) checkEnvironment(name string) error {
	if name == "" || s.Environments.Free {
		return nil
	}
	names, err := s.EnvironmentNames()
	switch {
	case slices.Contains(names, name):
		return nil
	case err != nil:
		return &dashboard.Error{
			Kind: dashboard.Unavailable, Cause: err,
			Message: "The list of environments cannot be read just now. Try again later, or tell whoever runs this JupyterHub.",
		}
	case len(names) == 0:
		return dashboard.InvalidField("app.environment", "No environment can be chosen here. Leave it empty: the dashboard runs in what its server has.")
	}
	near := ""
	if word := suggest.First(name, names); word != "" {
		near = fmt.Sprintf(" Did you mean %s?", word)
	}
	return dashboard.InvalidField("app.environment", "There is no environment “%s” to choose.%s Take one of the list, or leave it empty.", name, near)
}

// maxEnvironments is how many lines of the file are looked at.
const maxEnvironments = 1000

// EnvironmentNames are those that can be chosen, in order. If the file cannot be
// read, it returns the others with the error.
func (s Settings) EnvironmentNames() ([]string, error) {
	names := slices.Clone(s.Environments.Names)
	if s.Environments.File == "" {
		return names, nil
	}
	file, err := os.Open(s.Environments.File)
	if err != nil {
		return names, fmt.Errorf("environments.file %s cannot be read: %w", s.Environments.File, reason(err))
	}
	defer file.Close()
	lines := bufio.NewScanner(io.LimitReader(file, maxFile))
	for count := 0; lines.Scan() && count < maxEnvironments; count++ {
		name := strings.TrimSpace(lines.Text())
		if name != "" && !strings.HasPrefix(name, "#") && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if err := lines.Err(); err != nil {
		return names, fmt.Errorf("environments.file %s cannot be read: %w", s.Environments.File, reason(err))
	}
	return names, nil
}
