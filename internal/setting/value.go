// Package setting reads what a program is told: flags, and the same settings from
// the environment and from a file. A value that is wrong is named by where it came
// from, with what was expected.
package setting

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/ideonate/jhsingle-native-proxy/internal/suggest"
)

// The values of flags. An error of theirs is the end of a sentence that begins
// with the setting and what it was: `--port is "x", but wants a whole number`.

// Number is a whole number within limits; kind is the word for it in the help,
// such as "port".
func Number(target *int, min, max int, kind string) pflag.Value {
	return &number{target, min, max, kind}
}

type number struct {
	target   *int
	min, max int
	kind     string // for the help: "port", "number"
}

func (n *number) Set(text string) error {
	value, err := strconv.Atoi(text)
	switch {
	case errors.Is(err, strconv.ErrRange) || (err == nil && (value < n.min || value > n.max)):
		return fmt.Errorf("is from %d to %d", n.min, n.max)
	case err != nil:
		return fmt.Errorf("wants a whole number from %d to %d", n.min, n.max)
	}
	*n.target = value
	return nil
}
func (n *number) String() string {
	if n.target == nil {
		return ""
	}
	return strconv.Itoa(*n.target)
}
func (n *number) Type() string { return n.kind }

// Seconds is a span of time: a number of seconds, as the Python program has
// it, or one with a unit, as in 5m.
func Seconds(target *time.Duration, min time.Duration) pflag.Value { return &seconds{target, min} }

type seconds struct {
	target *time.Duration
	min    time.Duration
}

// maxSpan is where a span of time is taken for a mistake.
const maxSpan = 10 * 365 * 24 * time.Hour

func (s *seconds) Set(text string) error {
	value, err := time.ParseDuration(text)
	if number, failed := strconv.ParseFloat(text, 64); failed == nil {
		err = nil
		if math.Abs(number) < maxSpan.Seconds() {
			value = time.Duration(number * float64(time.Second))
		} else {
			value = maxSpan + 1
		}
	}
	switch {
	case err != nil:
		return errors.New("wants a number of seconds, or a time such as 90s, 5m or 1h30m")
	case value < 0 && s.min == 0:
		return errors.New("cannot be negative")
	case value < s.min:
		return fmt.Errorf("is at least %s", s.min)
	case value > maxSpan:
		return errors.New("is more than ten years")
	}
	*s.target = value
	return nil
}
func (s *seconds) String() string {
	if s.target == nil {
		return ""
	}
	return strconv.FormatFloat(s.target.Seconds(), 'f', -1, 64)
}
func (*seconds) Type() string { return "seconds" }

// Choice is one of a few words.
func Choice(target *string, words ...string) pflag.Value { return &choice{target, words} }

// Words are those that a Choice takes, and none for other values.
func Words(value pflag.Value) []string {
	if known, ok := value.(*choice); ok {
		return known.words
	}
	return nil
}

type choice struct {
	target *string
	words  []string
}

func (c *choice) Set(text string) error {
	if !slices.Contains(c.words, text) {
		return fmt.Errorf("is %s%s", Alternatives(c.words), suggest.DidYouMean(text, c.words))
	}
	*c.target = text
	return nil
}
func (c *choice) String() string {
	if c.target == nil {
		return ""
	}
	return *c.target
}
func (c *choice) Type() string { return strings.Join(c.words, "|") }

// Alternatives are at least two words as one speaks of them.
func Alternatives(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// Pairs are names with values: NAME=VALUE as often as there are, or all as one
// JSON object. check may be nil.
func Pairs(target map[string]string, check func(name, value string) error) pflag.Value {
	return &pairs{target, check}
}

type pairs struct {
	target map[string]string
	check  func(name, value string) error // may be nil
}

func (p *pairs) Set(text string) error {
	found := map[string]string{}
	if strings.HasPrefix(text, "{") {
		// YAML reads JSON, and what looks like Python: jupyter-server-proxy takes
		// {'NAME': 'VALUE'}.
		if err := yaml.Unmarshal([]byte(text), &found); err != nil {
			return errors.New("wants NAME=VALUE, or a JSON object of strings")
		}
	} else {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return errors.New("wants NAME=VALUE, or a JSON object of strings")
		}
		found[name] = value
	}
	for name, value := range found {
		switch {
		case name == "":
			return errors.New("has an empty name")
		case p.check == nil:
		default:
			if err := p.check(name, value); err != nil {
				return err
			}
		}
	}
	maps.Copy(p.target, found)
	return nil
}
func (p *pairs) String() string { return "" } // has no default
func (*pairs) Type() string     { return "NAME=VALUE" }

// OnOff adds a switch with a hidden --no- form.
func OnOff(flags *pflag.FlagSet, target *bool, name string, value bool, usage string) {
	flags.BoolVar(target, name, value, usage+" (--no-"+name+" for the contrary)")
	flag := flags.VarPF(&negation{target}, "no-"+name, "", "the contrary of --"+name)
	flag.NoOptDefVal, flag.Hidden = "true", true
}

// negation is the value of a --no- flag.
type negation struct{ target *bool }

func (n *negation) Set(text string) error {
	value, err := strconv.ParseBool(text)
	if err != nil {
		return errors.New("is true or false")
	}
	*n.target = !value
	return nil
}
func (n *negation) String() string { return "" }
func (*negation) Type() string     { return "bool" }

// Word is a switch that stands for a word of another flag.
func Word(target *string, value string) pflag.Value { return &word{target, value} }

type word struct {
	target *string
	value  string
}

func (w *word) Set(text string) error {
	on, err := strconv.ParseBool(text)
	if err != nil {
		return errors.New("is true or false")
	}
	if on {
		*w.target = w.value
	}
	return nil
}
func (w *word) String() string { return "" }
func (*word) Type() string     { return "bool" }
