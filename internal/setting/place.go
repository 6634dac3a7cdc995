package setting

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/ideonate/jhsingle-native-proxy/internal/suggest"
)

// Places is where settings come from beside the command line, and which one each
// came from.
type Places struct {
	// Prefix stands before the name of a flag in the environment: JHSINGLE_ for
	// JHSINGLE_READY_TIMEOUT of --ready-timeout.
	Prefix string
	// Aliases are further variables, by flag.
	Aliases map[string]string
	// Contraries are further flags that set the same as a flag does, by that.
	// Those of OnOff need not be named.
	Contraries map[string]string
	// Others are variables that begin with the prefix and are no flag's.
	Others []string

	from  map[string]string
	known []string
}

// Variable is the environment variable of a flag.
func (p *Places) Variable(flag string) string {
	return p.Prefix + strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(flag))
}

// Wrong says what is wrong with a setting, in words that follow its name.
func (p *Places) Wrong(name, format string, values ...any) error {
	return fmt.Errorf("%s "+format, append([]any{p.Subject(name)}, values...)...)
}

// Subject names a setting as whoever set it knows it.
func (p *Places) Subject(name string) string {
	if place, ok := p.from[name]; ok {
		return place
	}
	return "--" + name
}

// IsSet says whether a flag was given, by its name or by its contrary.
func (p *Places) IsSet(flags *pflag.FlagSet, name string) bool {
	contrary := flags.Lookup("no-" + name)
	return flags.Changed(name) || (contrary != nil && contrary.Changed) ||
		(p.Contraries[name] != "" && flags.Changed(p.Contraries[name]))
}

// Assign gives a flag its values from a place.
func (p *Places) Assign(flags *pflag.FlagSet, name, place string, values []string) error {
	flag := flags.Lookup(name)
	for _, value := range values {
		if err := flags.Set(name, value); err != nil {
			return Error(place, value, flag, err)
		}
	}
	if p.from == nil {
		p.from = map[string]string{}
	}
	p.from[flag.Name] = place
	return nil
}

// ReadEnvironment takes the settings that the environment has.
func (p *Places) ReadEnvironment(flags *pflag.FlagSet, lookup func(string) (string, bool)) error {
	var failed error
	flags.VisitAll(func(flag *pflag.Flag) {
		if failed != nil || flag.Hidden || flag.Name == "help" || flag.Name == "version" {
			return
		}
		name := p.Variable(flag.Name)
		p.known = append(p.known, name)
		if p.IsSet(flags, flag.Name) {
			return
		}
		text, ok := lookup(name)
		if alias := p.Aliases[flag.Name]; (!ok || text == "") && alias != "" {
			name = alias
			text, ok = lookup(name)
		}
		if !ok || text == "" {
			return
		}
		values := []string{text}
		if isList(flag) {
			if values, failed = splitList(name, text); failed != nil {
				return
			}
		}
		failed = p.Assign(flags, flag.Name, name, values)
	})
	return failed
}

// Strangers are variables that look like settings and are none.
func (p *Places) Strangers(environ []string) []string {
	known := slices.Concat(p.Others, p.known)
	var strange []string
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, p.Prefix) && !slices.Contains(known, name) {
			strange = append(strange, name+suggest.DidYouMean(name, known))
		}
	}
	slices.Sort(strange)
	return strange
}

// Error is the sentence for a value that a flag does not take.
func Error(place, value string, flag *pflag.Flag, err error) error {
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		err = invalid.Unwrap()
	}
	switch flag.Value.Type() {
	case "bool":
		err = errors.New("is true or false")
	case "stringSlice":
		err = errors.New("wants a list with commas")
	}
	return fmt.Errorf("%s is %q, but %w", place, value, err)
}

// isList says whether a flag takes several values.
func isList(flag *pflag.Flag) bool {
	_, isPairs := flag.Value.(*pairs)
	_, isSlice := flag.Value.(pflag.SliceValue)
	return isPairs || isSlice
}

// splitList reads a variable that holds several values: a JSON list, a JSON
// object, or a list with commas.
func splitList(name, text string) ([]string, error) {
	switch {
	case strings.HasPrefix(text, "["):
		var values []string
		if err := json.Unmarshal([]byte(text), &values); err != nil {
			return nil, fmt.Errorf("%s is %q, which is not a JSON list of strings", name, text)
		}
		return values, nil
	case strings.HasPrefix(text, "{"):
		return []string{text}, nil
	}
	return strings.Split(text, ","), nil
}

// YAML turns a value of a file into what a flag takes.
func YAML(flag *pflag.Flag, value *yaml.Node) ([]string, error) {
	switch value.Kind {
	case yaml.ScalarNode:
		return []string{value.Value}, nil
	case yaml.SequenceNode:
		var values []string
		if isList(flag) && value.Decode(&values) == nil {
			return values, nil
		}
	case yaml.MappingNode:
		var values map[string]string
		if _, ok := flag.Value.(*pairs); ok && value.Decode(&values) == nil {
			text, err := json.Marshal(values)
			return []string{string(text)}, err
		}
	}
	if isList(flag) {
		return nil, errors.New("wants a value, or several as a list or mapping of plain values")
	}
	return nil, errors.New("wants one plain value")
}

// FlagNames are the names of all flags that are shown.
func FlagNames(flags *pflag.FlagSet) []string {
	var names []string
	flags.VisitAll(func(flag *pflag.Flag) {
		if !flag.Hidden {
			names = append(names, flag.Name)
		}
	})
	return names
}
