package settings

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/ideonate/jhsingle-native-proxy/internal/suggest"
)

// Duration is a span of time; zero is never. It is written as 90s, 30m, 12h, 14d
// or never.
type Duration time.Duration

// longest is some hundred years, which is as good as never.
const longest = 100 * 365 * 24 * time.Hour

func (d *Duration) decode(r reader, name string, node *yaml.Node) error {
	text, span := node.Value, time.Duration(0)
	days, isDays := strings.CutSuffix(text, "d")
	var err error
	switch {
	case node.Kind == yaml.ScalarNode && (text == "never" || text == "0"):
	case isDays:
		var count int
		count, err = strconv.Atoi(days)
		span = time.Duration(min(max(count, -1), 100_000)) * 24 * time.Hour // too long, but no overflow
	default:
		span, err = time.ParseDuration(text)
	}
	if node.Kind != yaml.ScalarNode || err != nil || span < 0 || span > longest {
		return r.wrong(node, "%s is %q, but wants a time with its unit, such as 90s, 30m, 12h or 14d, or never", name, text)
	}
	*d = Duration(span)
	return nil
}

// Size is a number of bytes. It is written as 500MB, 10GiB or plain 1048576.
type Size int64

var sizeForm = regexp.MustCompile(`^([0-9]+) ?([KMGT]i?)?B?$`)

func (s *Size) decode(r reader, name string, node *yaml.Node) error {
	units := map[string]int64{"": 1, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40}
	parts := sizeForm.FindStringSubmatch(node.Value)
	if node.Kind == yaml.ScalarNode && parts != nil {
		count, err := strconv.ParseInt(parts[1], 10, 64)
		if unit := units[parts[2]]; err == nil && count <= math.MaxInt64/unit {
			*s = Size(count * unit)
			return nil
		}
	}
	return r.wrong(node, "%s is %q, but wants a number of bytes, such as 500MB or 10GiB; 0 is no limit", name, node.Value)
}

// Pattern is a regular expression that a text has to match as a whole; an empty
// one takes every text.
type Pattern string

func (p *Pattern) decode(r reader, name string, node *yaml.Node) error {
	if node.Kind != yaml.ScalarNode {
		return r.wrong(node, "%s wants one regular expression", name)
	}
	if _, err := regexp.Compile(node.Value); err != nil {
		return r.wrong(node, "%s is %q, which is no regular expression (RE2): %v", name, node.Value, err)
	}
	*p = Pattern(node.Value)
	return nil
}

// anchored keeps the alternatives of an expression together.
func (p Pattern) anchored() string { return `\A(?:` + string(p) + `)\z` }

// Match says whether it takes a text.
func (p Pattern) Match(text string) bool {
	if p == "" {
		return true
	}
	known, err := regexp.Compile(p.anchored())
	return err == nil && known.MatchString(text)
}

// Options are JSON values by their names.
type Options map[string]any

// maxOptions in bytes of JSON: they go with each start, into the hub's database.
const maxOptions = 16 << 10

func (o *Options) decode(r reader, name string, node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return r.wrong(node, "%s is a mapping from the names of the spawner's options to their values", name)
	}
	var made map[string]any
	if err := node.Decode(&made); err != nil {
		return r.wrong(node, "%s: %v", name, err)
	}
	content, err := json.Marshal(made)
	switch {
	case err != nil:
		return r.wrong(node, "%s has a value that JSON has not, and the hub takes JSON: %v", name, err)
	case len(content) > maxOptions:
		return r.wrong(node, "%s has more than %d bytes as JSON", name, maxOptions)
	}
	for key := range made {
		if why := badOption(key); why != "" {
			return r.wrong(node, "%s has %q, which %s", name, key, why)
		}
	}
	*o = nil
	if len(made) > 0 {
		// As the hub gives them back: whole numbers are float64, too.
		return json.Unmarshal(content, (*map[string]any)(o))
	}
	return nil
}

func (p *PerViewer) decode(r reader, name string, node *yaml.Node) error {
	known := []string{string(Never), string(Offered), string(Always)}
	if node.Kind != yaml.ScalarNode || !slices.Contains(known, node.Value) {
		return r.wrong(node, "%s is %q, but is one of %s%s", name, node.Value, strings.Join(known, ", "), suggest.DidYouMean(node.Value, known))
	}
	*p = PerViewer(node.Value)
	return nil
}
