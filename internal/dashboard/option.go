package dashboard

import "encoding/json"

// Option is something that an owner may ask the hub's spawner for: one value of
// Dashboard.Options.
type Option struct {
	// Name is what the spawner knows it by. Label is what people call it, and Hint
	// says more about it; it may be empty.
	Name, Label, Hint string
	// Choices are all values that it can have, in order; any if there are none.
	Choices []Choice
	// Inherit says that a new dashboard has the value that the server was started
	// with which it is cloned from, unless its owner gives another.
	Inherit bool
}

// Choice is one value of an option.
type Choice struct {
	// Value is a string, a bool or a float64, as of JSON.
	Value any
	Label string
}

// Choose finds the choice that a value stands for: forms and other programs may
// have but its text.
func (o Option) Choose(value any) (Choice, bool) {
	text := OptionText(value)
	for _, each := range o.Choices {
		if OptionText(each.Value) == text {
			return each, true
		}
	}
	return Choice{}, false
}

// OptionText is an option's value as people write it: a string as it is, others as
// JSON, and nothing for null.
func OptionText(value any) string {
	if text, ok := value.(string); ok || value == nil {
		return text
	}
	content, err := json.Marshal(value)
	if err != nil {
		return "" // nothing that came as JSON
	}
	return string(content)
}
