package singleuser

import (
	"fmt"
	"os"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/ideonate/jhsingle-native-proxy/internal/setting"
	"github.com/ideonate/jhsingle-native-proxy/internal/suggest"
	"github.com/ideonate/jhsingle-native-proxy/internal/ticket"
)

// configuration is where settings come from beside the command line. The
// command line wins over the environment, that over the file, that over what a
// framework of "run" wants, and that over the defaults.
type configuration struct {
	file string
	setting.Places
}

func (o *configuration) register(flags *pflag.FlagSet) {
	o.Places = setting.Places{
		Prefix: variablePrefix,
		// nbgitpuller's variable, which the Python program has, too.
		Aliases:    map[string]string{"repo-depth": "NBGITPULLER_DEPTH"},
		Contraries: map[string]string{"authtype": "no-authentication"},
		Others:     []string{identityKey, repoToken, presetsVariable, ticket.ReportKey},
	}
	flags.StringVar(&o.file, "config", "", "YAML `file` with settings by the names of these flags, the app's command, and presets for \"run\"")
}

const variablePrefix = "JHSINGLE_"

// variableName is the environment variable of a flag.
func variableName(flag string) string {
	return (&setting.Places{Prefix: variablePrefix}).Variable(flag)
}

// wrong says what is wrong with a setting, in words that follow its name.
type wrong func(name, format string, values ...any) error

// presetsVariable holds presets as the file has them below "presets:", for
// servers that have no file: dashboard-builder sends the operator's along.
const presetsVariable = variablePrefix + "PRESETS"

// document is a configuration file.
type document struct {
	command []string
	presets *yaml.Node // nil if there are none
	place   string     // where the presets are
}

// readPresets takes the presets that the environment has, if the file has none.
func (o *configuration) readPresets(text string, found *document) error {
	if text == "" || found.presets != nil {
		return nil
	}
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(text), &root); err != nil || len(root.Content) == 0 {
		return fmt.Errorf("%s is not YAML with presets, as a configuration file has them", presetsVariable)
	}
	found.presets, found.place = root.Content[0], presetsVariable
	return nil
}

// readFile takes the settings that the file has.
func (o *configuration) readFile(flags *pflag.FlagSet) (document, error) {
	var found document
	if o.file == "" {
		return found, nil
	}
	content, err := os.ReadFile(o.file)
	if err != nil {
		return found, o.Wrong("config", "cannot be read: %w", err)
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
		found.presets, found.place = value, o.file
		return nil
	case "command":
		if err := value.Decode(&found.command); err != nil || len(found.command) == 0 {
			return fmt.Errorf("%s wants a list: the app's program and its arguments", place)
		}
		return nil
	}
	flag := flags.Lookup(key.Value)
	if flag == nil || key.Value == "config" || key.Value == "help" || key.Value == "version" {
		return fmt.Errorf("%s is not a setting%s", place, suggest.DidYouMean(key.Value, setting.FlagNames(flags)))
	}
	values, err := setting.YAML(flag, value)
	if err != nil {
		return fmt.Errorf("%s %w", place, err)
	}
	if o.IsSet(flags, flag.Name) {
		return nil
	}
	return o.Assign(flags, flag.Name, place, values)
}
