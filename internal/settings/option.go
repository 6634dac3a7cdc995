package settings

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/ticket"
)

// OwnerOption is an option of the hub's spawner that a dashboard's owner may give:
// a name, or a mapping that says more.
type OwnerOption struct {
	Name    string  `yaml:"name"`
	Label   string  `yaml:"label"`
	Hint    string  `yaml:"hint"`
	Choices Choices `yaml:"choices"`
	Inherit bool    `yaml:"inherit"`
}

func (o *OwnerOption) decode(r reader, name string, node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*o = OwnerOption{Name: node.Value}
		return nil
	}
	return r.group(name, node, reflect.ValueOf(o).Elem())
}

// plain is the option in the words of the domain.
func (o OwnerOption) plain() dashboard.Option {
	return dashboard.Option{Name: o.Name, Label: cmp.Or(o.Label, o.Name), Hint: o.Hint, Choices: o.Choices, Inherit: o.Inherit}
}

// Choices are the values that an option can have: a list of them, or a mapping
// from them to what people call them.
type Choices []dashboard.Choice

func (c *Choices) decode(r reader, name string, node *yaml.Node) error {
	var made Choices
	add := func(value, label *yaml.Node) error {
		choice, err := r.choice(name, value)
		switch {
		case err != nil:
			return err
		case label.Kind != yaml.ScalarNode:
			return r.wrong(label, "%s wants a plain text that says what %s is", name, value.Value)
		case !isNull(label):
			choice.Label = label.Value
		}
		if _, twice := (dashboard.Option{Choices: made}).Choose(choice.Value); twice {
			return r.wrong(value, "%s has %s twice", name, value.Value)
		}
		made = append(made, choice)
		return nil
	}
	switch node.Kind {
	case yaml.SequenceNode:
		for _, each := range node.Content {
			if err := add(resolve(each), &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}); err != nil {
				return err
			}
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if err := add(resolve(node.Content[i]), resolve(node.Content[i+1])); err != nil {
				return err
			}
		}
	default:
		return r.wrong(node, "%s is a list of values, or a mapping from values to what people call them", name)
	}
	*c = made
	return nil
}

// choice reads one value. It is called by its own text where it has no label.
func (r reader) choice(name string, node *yaml.Node) (dashboard.Choice, error) {
	wrong := func() (dashboard.Choice, error) {
		return dashboard.Choice{}, r.wrong(node, "%s has %q, but a value is a text, a number, true or false", name, node.Value)
	}
	if node.Kind != yaml.ScalarNode || node.Value == "" || strings.TrimSpace(node.Value) != node.Value || strings.ContainsFunc(node.Value, unicode.IsControl) {
		return wrong() // no form could send it
	}
	var value any = node.Value
	switch node.Tag {
	case "!!null", "!!merge", "!!binary":
		return wrong()
	case "!!bool":
		var on bool
		if node.Decode(&on) != nil {
			return wrong()
		}
		value = on
	case "!!int", "!!float":
		var number float64 // as of JSON
		if node.Decode(&number) != nil || math.IsNaN(number) || math.IsInf(number, 0) {
			return wrong()
		}
		value = number
	}
	return dashboard.Choice{Value: value, Label: dashboard.OptionText(value)}, nil
}

// checkOwnerOptions looks at all of them as a whole.
func (s *Settings) checkOwnerOptions() error {
	seen := map[string]bool{}
	for i, option := range s.Servers.OwnerOptions {
		why := badOption(option.Name)
		switch {
		case why != "":
		case seen[option.Name]:
			why = "is there twice"
		case strings.ContainsFunc(option.Name, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
			why = "has a space in it" // the page names a field by it
		default:
			seen[option.Name] = true
			continue
		}
		return fmt.Errorf("servers.owner_options[%d] is %q, which %s", i, option.Name, why)
	}
	return nil
}

// OwnerOptions are the options that an owner may give, in order.
func (s Settings) OwnerOptions() []dashboard.Option {
	var known []dashboard.Option
	for _, option := range s.Servers.OwnerOptions {
		known = append(known, option.plain())
	}
	return known
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
