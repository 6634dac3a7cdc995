package web

import (
	_ "embed"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed words.en.yaml
var english []byte

// words are all that the page says, by their keys. Another language is another
// file.
type words map[string]phrase

// phrase is one thing to say, with {names} for what is put in. Where it depends
// on a number, one is for 1, and other for all others; {n} is the number.
type phrase struct {
	One   string `yaml:"one"`
	Other string `yaml:"other"`
}

// UnmarshalYAML takes a plain text for what does not depend on a number.
func (p *phrase) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		return node.Decode(&p.Other)
	}
	type plain phrase
	return node.Decode((*plain)(p))
}

// readWords flattens the file: list: {title: …} is list.title.
func readWords() (words, error) {
	var sections map[string]map[string]phrase
	if err := yaml.Unmarshal(english, &sections); err != nil {
		return nil, fmt.Errorf("the words of the page cannot be read: %w", err)
	}
	found := words{}
	for section, phrases := range sections {
		for name, said := range phrases {
			if said.Other == "" {
				return nil, fmt.Errorf("the words of the page have nothing for %s.%s", section, name)
			}
			found[section+"."+name] = said
		}
	}
	return found, nil
}

// text says something, with names and values to put in, in pairs.
func (w words) text(key string, values ...any) string {
	return w.fill(key, w[key].Other, values)
}

// count says something about a number.
func (w words) count(key string, n int, values ...any) string {
	said := w[key]
	chosen := said.Other
	if n == 1 && said.One != "" {
		chosen = said.One
	}
	return w.fill(key, chosen, append(values, "n", n))
}

// of is the word for a value, such as a state's; the value itself where there is
// none.
func (w words) of(section string, value any) string {
	text := fmt.Sprint(value)
	if said, ok := w[section+"."+text]; ok {
		return said.Other
	}
	return text
}

func (w words) fill(key, said string, values []any) string {
	if said == "" {
		return key // a test sees to it that there is none
	}
	if len(values) == 0 {
		return said
	}
	pairs := make([]string, 0, len(values))
	for i := 0; i+1 < len(values); i += 2 {
		pairs = append(pairs, "{"+fmt.Sprint(values[i])+"}", fmt.Sprint(values[i+1]))
	}
	return strings.NewReplacer(pairs...).Replace(said)
}
