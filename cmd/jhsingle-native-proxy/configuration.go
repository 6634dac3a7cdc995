package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/ideonate/jhsingle-native-proxy/auth"

	"github.com/ideonate/jhsingle-native-proxy/internal/suggest"
)

// configuration is where settings come from beside the command line. The
// command line wins over the environment, that over the file, that over what a
// framework of "run" wants, and that over the defaults.
type configuration struct {
	file string
	// from names the place of each setting that is not from the command line.
	from map[string]string
	// known are the names of all settings in the environment.
	known []string
}

func (o *configuration) register(flags *pflag.FlagSet) {
	o.from = map[string]string{}
	flags.StringVar(&o.file, "config", "", "YAML `file` with settings by the names of these flags, the app's command, and presets for \"run\"")
}

const variablePrefix = "JHSINGLE_"

// pullerDepth is nbgitpuller's variable for --repo-depth, which the Python
// program has, too.
const pullerDepth = "NBGITPULLER_DEPTH"

// variableName is the environment variable of a flag: JHSINGLE_READY_TIMEOUT
// of --ready-timeout.
func variableName(flag string) string {
	return variablePrefix + strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(flag))
}

// wrong says what is wrong with a setting, in words that follow its name.
type wrong func(name, format string, values ...any) error

func (o *configuration) wrong(name, format string, values ...any) error {
	return fmt.Errorf("%s "+format, append([]any{o.subject(name)}, values...)...)
}

// subject names a setting as whoever set it knows it.
func (o *configuration) subject(name string) string {
	if place, ok := o.from[name]; ok {
		return place
	}
	return "--" + name
}

// isSet says whether a flag was given, by its name or by its contrary.
func isSet(flags *pflag.FlagSet, name string) bool {
	contrary := flags.Lookup("no-" + name)
	return flags.Changed(name) || (contrary != nil && contrary.Changed) ||
		(name == "authtype" && flags.Changed("no-authentication"))
}

// assign gives a flag its values from a place.
func (o *configuration) assign(flags *pflag.FlagSet, name, place string, values []string) error {
	flag := flags.Lookup(name)
	for _, value := range values {
		if err := flags.Set(name, value); err != nil {
			return setError(place, value, flag, err)
		}
	}
	o.from[flag.Name] = place
	return nil
}

// setError is the sentence for a value that a flag does not take.
func setError(place, value string, flag *pflag.Flag, err error) error {
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

// readEnvironment takes the settings that the environment has.
func (o *configuration) readEnvironment(flags *pflag.FlagSet, lookup auth.Lookup) error {
	var failed error
	flags.VisitAll(func(flag *pflag.Flag) {
		if failed != nil || flag.Hidden || flag.Name == "help" || flag.Name == "version" {
			return
		}
		name := variableName(flag.Name)
		o.known = append(o.known, name)
		if isSet(flags, flag.Name) {
			return
		}
		text, ok := lookup(name)
		if (!ok || text == "") && flag.Name == "repo-depth" {
			name = pullerDepth
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
		failed = o.assign(flags, flag.Name, name, values)
	})
	return failed
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

// strangers are variables that look like settings and are none.
func (o *configuration) strangers(environ []string) []string {
	known := append([]string{identityKey, repoToken}, o.known...)
	var strange []string
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, variablePrefix) && !slices.Contains(known, name) {
			strange = append(strange, name+suggest.DidYouMean(name, known))
		}
	}
	slices.Sort(strange)
	return strange
}

// document is a configuration file.
type document struct {
	command []string
	presets *yaml.Node // nil if there are none
}

// readFile takes the settings that the file has.
func (o *configuration) readFile(flags *pflag.FlagSet) (document, error) {
	var found document
	if o.file == "" {
		return found, nil
	}
	content, err := os.ReadFile(o.file)
	if err != nil {
		return found, o.wrong("config", "cannot be read: %w", err)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(content, &root); err != nil {
		return found, fmt.Errorf("%s is not YAML: %w", o.file, err)
	}
	if len(root.Content) == 0 {
		return found, nil // an empty file
	}
	top := root.Content[0]
	if top.Kind != yaml.MappingNode {
		return found, fmt.Errorf("%s: line %d: the file is a mapping from settings to values, such as \"port: 8888\"", o.file, top.Line)
	}
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		if err := o.readSetting(flags, key, value, &found); err != nil {
			return found, err
		}
	}
	return found, nil
}

func (o *configuration) readSetting(flags *pflag.FlagSet, key, value *yaml.Node, found *document) error {
	place := fmt.Sprintf("%s: line %d: %s", o.file, key.Line, key.Value)
	switch key.Value {
	case "presets":
		found.presets = value
		return nil
	case "command":
		if err := value.Decode(&found.command); err != nil || len(found.command) == 0 {
			return fmt.Errorf("%s wants a list: the app's program and its arguments", place)
		}
		return nil
	}
	flag := flags.Lookup(key.Value)
	if flag == nil || key.Value == "config" || key.Value == "help" || key.Value == "version" {
		return fmt.Errorf("%s is not a setting%s", place, suggest.DidYouMean(key.Value, flagNames(flags)))
	}
	values, err := settingValues(flag, value)
	if err != nil {
		return fmt.Errorf("%s %w", place, err)
	}
	if isSet(flags, flag.Name) {
		return nil
	}
	return o.assign(flags, flag.Name, place, values)
}

// settingValues turns a YAML value into what a flag takes.
func settingValues(flag *pflag.Flag, value *yaml.Node) ([]string, error) {
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

// flagNames are the names of all flags that are shown.
func flagNames(flags *pflag.FlagSet) []string {
	var names []string
	flags.VisitAll(func(flag *pflag.Flag) {
		if !flag.Hidden {
			names = append(names, flag.Name)
		}
	})
	return names
}
