package framework

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/ideonate/jhsingle-native-proxy/internal/suggest"
)

// Set is all presets that there are. It never changes: Override makes another.
type Set struct {
	frameworks []Framework // in order of their names
}

func newSet(frameworks ...Framework) Set {
	slices.SortFunc(frameworks, func(a, b Framework) int { return strings.Compare(a.Name, b.Name) })
	return Set{frameworks}
}

// All returns the presets in order of their names.
func (s Set) All() []Framework {
	all := make([]Framework, len(s.frameworks))
	for i, framework := range s.frameworks {
		all[i] = framework.clone()
	}
	return all
}

// Lookup finds a preset by its name or one of its aliases.
func (s Set) Lookup(name string) (Framework, error) {
	if i := s.index(name); i >= 0 {
		return s.frameworks[i].clone(), nil
	}
	names := make([]string, len(s.frameworks))
	all := make([]string, 0, len(s.frameworks))
	for i, framework := range s.frameworks {
		names[i] = framework.Name
		all = append(append(all, framework.Name), framework.Aliases...)
	}
	return Framework{}, fmt.Errorf("%q is no framework that is known%s; known are %s, and what the presets of a configuration file add",
		name, suggest.DidYouMean(name, all), strings.Join(names, ", "))
}

func (s Set) index(name string) int {
	return slices.IndexFunc(s.frameworks, func(f Framework) bool {
		return f.Name == name || slices.Contains(f.Aliases, name)
	})
}

// WriteList writes a line for each preset: how to call it, and what it is for.
func (s Set) WriteList(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 8, 3, ' ', 0)
	for _, framework := range s.frameworks {
		title := framework.Title
		if len(framework.Aliases) > 0 {
			title += " (also " + strings.Join(framework.Aliases, ", ") + ")"
		}
		fmt.Fprintf(table, "  %s\t%s\n", strings.TrimSpace(framework.Name+" "+framework.Synopsis), title)
	}
	return table.Flush()
}
