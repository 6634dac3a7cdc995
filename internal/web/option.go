package web

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// optionPrefix begins the names of fields for options of the hub's spawner.
const optionPrefix = "options."

// optionField is such a field. With choices it is a menu, without a text.
type optionField struct {
	// ID is its name in the form, as in the API.
	ID, Label, Hint string
	Value           string
	Choices         []optionChoice
	// Inherits says that nothing stands for what the server has that is copied.
	Inherits bool
}

type optionChoice struct {
	Value, Label string
	Chosen       bool
}

// optionFields are the options that can be chosen, and those that the form has from
// before, when others could be: its owner has to see what to take away.
func optionFields(known []dashboard.Option, f form, fresh bool) []optionField {
	var made []optionField
	left := maps.Clone(f.Options)
	for _, option := range known {
		field := optionField{
			ID: optionPrefix + option.Name, Label: option.Label, Hint: option.Hint,
			Value: f.Options[option.Name], Inherits: option.Inherit && fresh,
		}
		delete(left, option.Name)
		listed := field.Value == ""
		for _, each := range option.Choices {
			text := dashboard.OptionText(each.Value)
			chosen := text == field.Value
			listed = listed || chosen
			field.Choices = append(field.Choices, optionChoice{text, each.Label, chosen})
		}
		if !listed && len(option.Choices) > 0 {
			field.Choices = append(field.Choices, optionChoice{field.Value, field.Value, true})
		}
		made = append(made, field)
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		if left[name] != "" {
			made = append(made, optionField{ID: optionPrefix + name, Label: name, Value: left[name]})
		}
	}
	return made
}

// Shown is what people call its value; empty if it has none.
func (o optionField) Shown() string {
	for _, each := range o.Choices {
		if each.Chosen {
			return each.Label
		}
	}
	return o.Value
}

// readOptions reads the fields for options.
func readOptions(sent url.Values) map[string]string {
	found := map[string]string{}
	for field, values := range sent {
		if name, ok := strings.CutPrefix(field, optionPrefix); ok && len(values) > 0 {
			found[name] = values[0]
		}
	}
	return found
}

// prefillOptions fills options in by a link, each as option=NAME=VALUE.
func (f *form) prefillOptions(link url.Values, known []dashboard.Option) (filled bool) {
	for _, pair := range link["option"] {
		name, value, _ := strings.Cut(pair, "=")
		at := slices.IndexFunc(known, func(o dashboard.Option) bool { return o.Name == name })
		if at < 0 || value == "" || !utf8.ValidString(value) || utf8.RuneCountInString(value) > dashboard.MaxPath {
			continue
		}
		if _, ok := known[at].Choose(value); !ok && len(known[at].Choices) > 0 {
			continue
		}
		if f.Options == nil {
			f.Options = map[string]string{}
		}
		f.Options[name], filled = value, true
	}
	return filled
}

// optionTexts are options as a form has them.
func optionTexts(options map[string]any) map[string]string {
	texts := map[string]string{}
	for name, value := range options {
		texts[name] = dashboard.OptionText(value)
	}
	return texts
}

// changeOptions writes a form's options into a dashboard's. What has no field stays.
func changeOptions(now map[string]any, texts map[string]string) map[string]any {
	changed := map[string]any{}
	maps.Copy(changed, now)
	for name, text := range texts {
		switch text = strings.TrimSpace(text); {
		case text == "":
			delete(changed, name)
		case text != dashboard.OptionText(now[name]): // else a number stays one
			changed[name] = text
		}
	}
	return changed
}
