package settings

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/ideonate/jhsingle-native-proxy/internal/suggest"
)

// reader turns the nodes of one file into settings. Unlike the YAML package's own
// strict decoding it says which setting is wrong, and what may have been meant.
type reader struct {
	source string
}

// decoder is a setting that is more than its plain value.
type decoder interface {
	decode(r reader, name string, node *yaml.Node) error
}

// wrong is the error for a place in the file.
func (r reader) wrong(at *yaml.Node, format string, values ...any) error {
	return fmt.Errorf("%s: line %d: %s", r.source, at.Line, fmt.Sprintf(format, values...))
}

// decode sets one setting, or all below it. One without a value keeps what it has.
func (r reader) decode(name string, node *yaml.Node, target reflect.Value) error {
	node = resolve(node)
	if isNull(node) {
		return nil
	}
	if special, ok := target.Addr().Interface().(decoder); ok {
		return special.decode(r, name, node)
	}
	switch target.Kind() {
	case reflect.Struct:
		return r.group(name, node, target)
	case reflect.Slice:
		return r.list(name, node, target)
	case reflect.Map:
		return r.texts(name, node, target)
	}
	if node.Kind != yaml.ScalarNode {
		return r.wrong(node, "%s wants one plain value", name)
	}
	switch target.Kind() {
	case reflect.String:
		target.SetString(node.Value)
		return nil
	case reflect.Bool:
		var on bool
		if node.Tag != "!!bool" || node.Decode(&on) != nil {
			return r.wrong(node, "%s is %q, but is true or false", name, node.Value)
		}
		target.SetBool(on)
		return nil
	case reflect.Int:
		number, err := strconv.ParseInt(strings.ReplaceAll(node.Value, "_", ""), 10, 32)
		if err != nil || number < 0 {
			return r.wrong(node, "%s is %q, but wants a whole number, such as 5; 0 is no limit", name, node.Value)
		}
		target.SetInt(number)
		return nil
	}
	return r.wrong(node, "%s cannot be set", name) // a field of a kind that is not above
}

// group reads a mapping whose keys are the fields of a struct.
func (r reader) group(name string, node *yaml.Node, target reflect.Value) error {
	fields := map[string]reflect.Value{}
	var names []string
	for i := range target.NumField() {
		if key := target.Type().Field(i).Tag.Get("yaml"); key != "" {
			fields[key], names = target.Field(i), append(names, key)
		}
	}
	sense := strings.TrimPrefix(name+" is ", " is ") + "a mapping with " + strings.Join(names, ", ")
	return r.each(node, sense, func(key string, at, value *yaml.Node) error {
		field, ok := fields[key]
		if !ok {
			return r.wrong(at, "%s is not a setting%s; there is %s", join(name, key), suggest.DidYouMean(key, names), strings.Join(names, ", "))
		}
		return r.decode(join(name, key), value, field)
	})
}

// list reads a list of plain values.
func (r reader) list(name string, node *yaml.Node, target reflect.Value) error {
	if node.Kind != yaml.SequenceNode {
		return r.wrong(node, "%s wants a list of plain values, such as [one, two]", name)
	}
	made := reflect.Zero(target.Type()) // an empty list is as none
	for i, item := range node.Content {
		one, place := reflect.New(target.Type().Elem()).Elem(), fmt.Sprintf("%s[%d]", name, i)
		if isNull(resolve(item)) {
			return r.wrong(item, "%s wants a plain value, and is empty", place)
		}
		if err := r.decode(place, item, one); err != nil {
			return err
		}
		made = reflect.Append(made, one)
	}
	target.Set(made)
	return nil
}

// texts reads a mapping from names to plain values.
func (r reader) texts(name string, node *yaml.Node, target reflect.Value) error {
	made := map[string]string{}
	sense := name + " is a mapping from names to plain values"
	err := r.each(node, sense, func(key string, _, value *yaml.Node) error {
		if value.Kind != yaml.ScalarNode || isNull(value) {
			return r.wrong(value, "%s wants one plain value", join(name, key))
		}
		made[key] = value.Value
		return nil
	})
	if err == nil && len(made) > 0 {
		target.Set(reflect.ValueOf(made))
	}
	return err
}

// each goes through a mapping. Sense says what it is, for who wrote another thing.
func (r reader) each(node *yaml.Node, sense string, take func(key string, at, value *yaml.Node) error) error {
	if node.Kind != yaml.MappingNode {
		return r.wrong(node, "%s", sense)
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		at := node.Content[i]
		key := resolve(at)
		switch {
		case key.Kind != yaml.ScalarNode || isNull(key) || key.Tag == "!!merge":
			return r.wrong(at, "%s; this is no name", sense)
		case seen[key.Value]:
			return r.wrong(at, "%s is there twice", key.Value)
		}
		seen[key.Value] = true
		if err := take(key.Value, at, resolve(node.Content[i+1])); err != nil {
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
	return node.Kind == 0 || (node.Kind == yaml.ScalarNode && node.Tag == "!!null")
}

func join(name, key string) string { return strings.TrimPrefix(name+"."+key, ".") }
