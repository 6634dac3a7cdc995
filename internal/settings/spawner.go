package settings

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// SpawnerOptions are what goes to the hub's spawner: the operator's, and of the
// owner's those that the operator allows. It says what is wrong with others.
func (s Settings) SpawnerOptions(owners map[string]any) (map[string]any, error) {
	owners, err := s.checkOptions(owners)
	if err != nil {
		return nil, err
	}
	merged := map[string]any{}
	maps.Copy(merged, s.Servers.Options)
	maps.Copy(merged, owners)
	return merged, nil
}

// checkOptions returns an owner's options with the values that the operator has for
// them, and without those that are null, which is as if they were not there.
func (s Settings) checkOptions(owners map[string]any) (map[string]any, error) {
	if content, err := json.Marshal(owners); err != nil || len(content) > maxOptions {
		return nil, dashboard.InvalidField("options", "The options for the server are more than %d bytes, or no JSON.", maxOptions)
	}
	var checked map[string]any
	for _, name := range slices.Sorted(maps.Keys(owners)) {
		value, err := s.optionValue(name, owners[name])
		if err != nil {
			return nil, err
		}
		if value == nil {
			continue
		}
		if checked == nil {
			checked = map[string]any{}
		}
		checked[name] = value
	}
	return checked, nil
}

// optionValue checks one option of an owner's. Null is always right.
func (s Settings) optionValue(name string, value any) (any, error) {
	field := "options." + name
	known := s.OwnerOptions()
	at := slices.IndexFunc(known, func(o dashboard.Option) bool { return o.Name == name })
	if at < 0 {
		hint := "There is none that can be set."
		if len(known) > 0 {
			var names []string
			for _, each := range known {
				names = append(names, each.Name)
			}
			hint = "There is " + strings.Join(names, ", ") + "."
		}
		return nil, dashboard.InvalidField(field, "The option “%s” of the server cannot be set here. %s", name, hint)
	}
	option := known[at]
	if len(option.Choices) == 0 || value == nil {
		return value, nil
	}
	if choice, ok := option.Choose(value); ok {
		return choice.Value, nil
	}
	var texts []string
	for _, choice := range option.Choices {
		texts = append(texts, dashboard.OptionText(choice.Value))
	}
	return nil, dashboard.InvalidField(field, "The option “%s” cannot be “%.100s” here. Choose one of %s.", name, dashboard.OptionText(value), strings.Join(texts, ", "))
}

// Inherited are the names of the options that a new dashboard has of the server
// that it is cloned from, as its owner says nothing about them.
func (s Settings) Inherited(d dashboard.Dashboard) []string {
	var names []string
	for _, option := range s.Servers.OwnerOptions {
		if _, given := d.Options[option.Name]; option.Inherit && !given && d.Source.Kind == dashboard.FromServer {
			names = append(names, option.Name)
		}
	}
	return names
}

// Inherit returns an owner's options with those of a server's that have such names.
// A user can start servers with any: those that an owner could not give are left
// out.
func (s Settings) Inherit(owners map[string]any, names []string, servers json.RawMessage) map[string]any {
	var started map[string]any
	if json.Unmarshal(servers, &started) != nil {
		return owners
	}
	for _, name := range names {
		more := maps.Clone(owners)
		if more == nil {
			more = map[string]any{}
		}
		more[name] = started[name]
		if checked, err := s.checkOptions(more); err == nil {
			owners = checked
		}
	}
	return owners
}
