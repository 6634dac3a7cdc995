package framework

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/ideonate/jhsingle-native-proxy/internal/suggest"
)

// Override returns the set with the presets of a configuration file: a mapping
// from names to what is different, or to all of it for one that is new.
//
//	streamlit:
//	  environment: {STREAMLIT_THEME_BASE: dark}  # merged; null takes away
//	  options: {ready-timeout: 120}              # our flags; likewise
//	  arguments: [--server.runOnSave=true]       # before those of the command line
//	  defaults: [--server.maxUploadSize=50]      # unless those have one of that name
//	board:
//	  like: panel                                # begins as a copy
//	  title: The board
//
// Source is the name of the file; errors begin with it and the line.
func (s Set) Override(source string, presets *yaml.Node) (Set, error) {
	reader := reader{source: source}
	changed := Set{s.All()}
	if isNull(presets) {
		return changed, nil
	}
	err := reader.each(presets, "presets is a mapping from names to presets", func(name string, key, value *yaml.Node) error {
		return reader.preset(&changed, name, key, value)
	})
	if err != nil {
		return Set{}, err
	}
	return newSet(changed.frameworks...), nil
}

// reader reads the nodes of one file.
type reader struct {
	source string
}

// wrong is the error for a place in the file.
func (r reader) wrong(at *yaml.Node, format string, values ...any) error {
	return fmt.Errorf("%s: line %d: %s", r.source, at.Line, fmt.Sprintf(format, values...))
}

// each goes through a mapping. Sense says what it is, for who wrote another
// thing.
func (r reader) each(node *yaml.Node, sense string, take func(name string, key, value *yaml.Node) error) error {
	node = resolve(node)
	if node.Kind != yaml.MappingNode {
		return r.wrong(node, "%s", sense)
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := resolve(node.Content[i]), resolve(node.Content[i+1])
		if key.Kind != yaml.ScalarNode || isNull(key) || key.Tag == "!!merge" {
			return r.wrong(node.Content[i], "%s; this is no name", sense)
		}
		if seen[key.Value] {
			return r.wrong(node.Content[i], "%s is there twice", key.Value)
		}
		seen[key.Value] = true
		if err := take(key.Value, node.Content[i], value); err != nil {
			return err
		}
	}
	return nil
}

// resolve follows an alias, which names a node of the same file.
func resolve(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode && node.Alias != nil {
		return node.Alias
	}
	return node
}

func isNull(node *yaml.Node) bool {
	return node == nil || node.Kind == 0 || (node.Kind == yaml.ScalarNode && node.Tag == "!!null")
}

// parts are what a preset has, in the order of the documentation.
var parts = []string{"like", "title", "synopsis", "aliases", "command", "arguments", "defaults", "environment", "options", "target", "needs"}

func (r reader) preset(set *Set, name string, key, value *yaml.Node) error {
	place := fmt.Sprintf("%s: line %d: %s", r.source, key.Line, name)
	if strings.HasPrefix(name, "-") || strings.ContainsAny(name, " \t\r\n/{}") || name == "" {
		return r.wrong(key, "%q cannot be the name of a preset: give a word", name)
	}
	given := map[string]*yaml.Node{}
	sense := name + " is a mapping with " + enumerate(parts)
	err := r.each(value, sense, func(part string, at, content *yaml.Node) error {
		if !slices.Contains(parts, part) {
			return r.wrong(at, "%s.%s is unknown%s; a preset has %s", name, part, suggest.DidYouMean(part, parts), enumerate(parts))
		}
		given[part] = content
		return nil
	})
	if err != nil {
		return err
	}

	at := set.index(name)
	framework := Framework{Name: name}
	if at >= 0 {
		framework = set.frameworks[at]
	}
	if like, ok := given["like"]; ok {
		text, err := r.text(name+".like", like)
		if err != nil {
			return err
		}
		copied, err := set.Lookup(text)
		if err != nil {
			return r.wrong(like, "%s.like: %v", name, err)
		}
		copied.Name, copied.Aliases = framework.Name, framework.Aliases
		framework = copied
	}
	framework.Place = place
	if err := r.fill(&framework, name, given); err != nil {
		return err
	}
	switch {
	case len(framework.Command) > 0:
	case given["command"] != nil:
		return r.wrong(given["command"], "%s.command is empty, but begins with a program", name)
	default:
		return r.wrong(key, "%s is new, so it wants a command, or like: with the name of a preset that it begins as a copy of", name)
	}
	for _, alias := range framework.Aliases {
		if other := set.index(alias); other >= 0 && other != at {
			return r.wrong(key, "%s.aliases has %s, which is another preset", name, alias)
		}
	}
	if at >= 0 {
		set.frameworks[at] = framework
	} else {
		set.frameworks = append(set.frameworks, framework)
	}
	return nil
}

// fill changes what is given of a preset.
func (r reader) fill(f *Framework, name string, given map[string]*yaml.Node) error {
	for _, text := range []struct {
		part   string
		target *string
	}{{"title", &f.Title}, {"synopsis", &f.Synopsis}} {
		if err := r.setText(text.target, name+"."+text.part, given[text.part]); err != nil {
			return err
		}
	}
	for _, list := range []struct {
		part   string
		target *[]string
	}{{"aliases", &f.Aliases}, {"command", &f.Command}, {"arguments", &f.Arguments}, {"defaults", &f.Defaults}} {
		if err := r.setList(list.target, name+"."+list.part, given[list.part]); err != nil {
			return err
		}
	}
	for _, values := range []struct {
		part   string
		target *map[string]string
	}{{"environment", &f.Environment}, {"options", &f.Options}} {
		if err := r.merge(values.target, name+"."+values.part, given[values.part]); err != nil {
			return err
		}
	}
	if node := given["target"]; node != nil {
		if err := r.target(&f.Target, name+".target", node); err != nil {
			return err
		}
	}
	if node := given["needs"]; node != nil {
		return r.needs(&f.Needs, name+".needs", node)
	}
	return nil
}

func (r reader) target(t *Target, name string, node *yaml.Node) error {
	known := []string{"files", "folder", "module", "default"}
	return r.each(node, name+" is a mapping with "+enumerate(known), func(part string, at, value *yaml.Node) error {
		full := name + "." + part
		switch part {
		case "files":
			if err := r.setList(&t.Files, full, value); err != nil {
				return err
			}
			for _, ending := range t.Files {
				if len(ending) < 2 || strings.LastIndexByte(ending, '.') != 0 || strings.Contains(ending, "/") {
					return r.wrong(value, "%s has %q, but wants endings such as .py", full, ending)
				}
			}
			return nil
		case "folder":
			return r.setBool(&t.Folder, full, value)
		case "module":
			return r.setBool(&t.Module, full, value)
		case "default":
			return r.setText(&t.Default, full, value)
		}
		return r.wrong(at, "%s is unknown%s; there is %s", full, suggest.DidYouMean(part, known), enumerate(known))
	})
}

func (r reader) needs(n *Needs, name string, node *yaml.Node) error {
	if isNull(node) {
		*n = Needs{} // whatever it is, it is not looked for
		return nil
	}
	known := []string{"program", "python", "r", "install"}
	changed := Needs{Install: n.Install}
	err := r.each(node, name+" is a mapping with "+enumerate(known), func(part string, at, value *yaml.Node) error {
		targets := map[string]*string{"program": &changed.Program, "python": &changed.Python, "r": &changed.R, "install": &changed.Install}
		if targets[part] == nil {
			return r.wrong(at, "%s.%s is unknown%s; there is %s", name, part, suggest.DidYouMean(part, known), enumerate(known))
		}
		return r.setText(targets[part], name+"."+part, value)
	})
	if err != nil {
		return err
	}
	kinds := 0
	for _, kind := range []string{changed.Program, changed.Python, changed.R} {
		if kind != "" {
			kinds++
		}
	}
	switch {
	case kinds > 1:
		return r.wrong(node, "%s wants one of program, python and r", name)
	case kinds == 0:
		changed.Program, changed.Python, changed.R = n.Program, n.Python, n.R
	}
	*n = changed
	return nil
}

// text reads a plain value.
func (r reader) text(name string, node *yaml.Node) (string, error) {
	node = resolve(node)
	if node.Kind != yaml.ScalarNode || isNull(node) {
		return "", r.wrong(node, "%s wants one plain value", name)
	}
	return node.Value, nil
}

func (r reader) setText(target *string, name string, node *yaml.Node) error {
	if node == nil {
		return nil
	}
	text, err := r.text(name, node)
	if err == nil {
		*target = text
	}
	return err
}

func (r reader) setBool(target *bool, name string, node *yaml.Node) error {
	text, err := r.text(name, node)
	if err != nil {
		return err
	}
	if node = resolve(node); node.Tag != "!!bool" {
		return r.wrong(node, "%s is %q, but is true or false", name, text)
	}
	return node.Decode(target)
}

func (r reader) setList(target *[]string, name string, node *yaml.Node) error {
	if node == nil {
		return nil
	}
	if node.Kind != yaml.SequenceNode {
		return r.wrong(node, "%s wants a list of plain values", name)
	}
	list := make([]string, len(node.Content))
	for i, item := range node.Content {
		if err := r.setText(&list[i], fmt.Sprintf("%s[%d]", name, i), item); err != nil {
			return err
		}
	}
	*target = list
	return nil
}

// merge changes the values that are given, and takes away those that are null.
func (r reader) merge(target *map[string]string, name string, node *yaml.Node) error {
	if node == nil {
		return nil
	}
	merged := maps.Clone(*target)
	if merged == nil {
		merged = map[string]string{}
	}
	err := r.each(node, name+" is a mapping from names to plain values", func(key string, at, value *yaml.Node) error {
		switch {
		case key == "" || strings.ContainsAny(key, "=\x00"):
			return r.wrong(at, "%s has %q, which is no name", name, key)
		case isNull(value):
			delete(merged, key)
			return nil
		}
		text, err := r.text(name+"."+key, value)
		if err != nil {
			return err
		}
		merged[key] = text
		return nil
	})
	if err == nil {
		*target = merged
	}
	return err
}
