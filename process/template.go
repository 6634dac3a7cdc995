package process

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Variables are what a command line's {name} placeholders stand for.
type Variables map[string]string

// Render puts the variables into a text, as Python's str.format does for
// plain names: {{ and }} stand for braces, and an unknown name is an error
// that lists the known ones.
func (v Variables) Render(text string) (string, error) {
	var out strings.Builder
	err := scan(text, func(literal string) { out.WriteString(literal) }, func(name string) error {
		value, ok := v[name]
		if !ok {
			return fmt.Errorf("{%s} in %q is not a substitution; known are %s (write {{ and }} for braces)", name, text, v.names())
		}
		out.WriteString(value)
		return nil
	})
	return out.String(), err
}

// RenderAll renders every text of a command line.
func (v Variables) RenderAll(texts []string) ([]string, error) {
	rendered := make([]string, len(texts))
	for i, text := range texts {
		var err error
		if rendered[i], err = v.Render(text); err != nil {
			return nil, err
		}
	}
	return rendered, nil
}

// Uses says whether one of the texts has the placeholder {name}.
func Uses(texts []string, name string) bool {
	used := false
	for _, text := range texts {
		// A text that cannot be scanned is reported when it is rendered.
		_ = scan(text, func(string) {}, func(found string) error {
			used = used || found == name
			return nil
		})
	}
	return used
}

func (v Variables) names() string {
	names := slices.Sorted(maps.Keys(v))
	for i, name := range names {
		names[i] = "{" + name + "}"
	}
	return strings.Join(names, " ")
}

// scan splits a text into what stands for itself and names in braces.
func scan(text string, literal func(string), name func(string) error) error {
	for rest := text; rest != ""; {
		at := strings.IndexAny(rest, "{}")
		if at < 0 {
			literal(rest)
			return nil
		}
		literal(rest[:at])
		brace := rest[at]
		rest = rest[at+1:]
		if rest != "" && rest[0] == brace {
			literal(string(brace))
			rest = rest[1:]
			continue
		}
		found, after, closed := strings.Cut(rest, "}")
		if brace == '}' || !closed {
			return fmt.Errorf("%q has a single brace; write {{ or }} for a brace itself", text)
		}
		if err := name(found); err != nil {
			return err
		}
		rest = after
	}
	return nil
}
