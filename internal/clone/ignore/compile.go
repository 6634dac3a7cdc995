package ignore

import "strings"

// part is what a pattern says of one name of a path.
type part struct {
	// deep is "**": any number of names.
	deep   bool
	tokens []token
	// text is the name that it is, if it has no wildcards.
	text string
}

// token is what a part says of one byte, or of any number of them.
type token struct {
	star bool
	// set are the bytes that it is.
	set set
}

// set is of bytes: git compares bytes, not characters.
type set [4]uint64

func (s *set) add(from, to byte) {
	for b := int(from); b <= int(to); b++ {
		s[b/64] |= 1 << (b % 64)
	}
}

func (s *set) has(b byte) bool { return s[b/64]&(1<<(b%64)) != 0 }

func (s *set) invert() {
	for i := range s {
		s[i] = ^s[i]
	}
}

// compile reads a line. It is false for one that can match nothing.
func compile(line string) (pattern, bool) {
	made := pattern{literal: true}
	line, made.negated = strings.CutPrefix(line, "!")
	line, made.foldersOnly = strings.CutSuffix(line, "/")
	made.anywhere = !strings.Contains(line, "/")
	line = strings.TrimPrefix(line, "/")
	if line == "" {
		return pattern{}, false
	}
	now := part{deep: true} // as long as there is nothing but stars
	stars, wild, text := 0, false, []byte(nil)
	end := func() {
		now.deep = now.deep && stars >= 2 && !made.anywhere
		if !wild {
			now.text = string(text)
		}
		made.parts = append(made.parts, now)
		now, stars, wild, text = part{deep: true}, 0, false, text[:0]
	}
	for line != "" {
		c := line[0]
		line = line[1:]
		one := token{}
		switch c {
		case '*':
			stars++
			made.literal, wild = false, true
			if n := len(now.tokens); n == 0 || !now.tokens[n-1].star {
				now.tokens = append(now.tokens, token{star: true})
			}
			continue
		case '?':
			made.literal, wild = false, true
			one.set.invert()
		case '[':
			made.literal, wild = false, true
			var ok bool
			if one.set, line, ok = class(line); !ok {
				return pattern{}, false
			}
		case '\\':
			if line == "" {
				return pattern{}, false
			}
			c, line = line[0], line[1:]
			fallthrough
		default:
			if c == '/' {
				end()
				continue
			}
			one.set.add(c, c)
			text = append(text, c)
		}
		now.deep = false
		now.tokens = append(now.tokens, one)
	}
	end()
	return made, true
}

// classes are those of POSIX, for ASCII.
var classes = map[string]string{
	"alnum": "09AZaz", "alpha": "AZaz", "blank": "  \t\t", "cntrl": "\x00\x1f\x7f\x7f", "digit": "09",
	"graph": "!~", "lower": "az", "print": " ~", "punct": "!/:@[`{~", "space": "  \t\r", "upper": "AZ", "xdigit": "09AFaf",
}

// class reads what is behind a bracket, up to the one that closes it.
func class(text string) (found set, rest string, ok bool) {
	negated := false
	if text != "" && (text[0] == '!' || text[0] == '^') {
		negated = true
		text = text[1:]
	}
	var before byte // the beginning of a range, if it can be one
	for first := true; ; first = false {
		if text == "" {
			return set{}, "", false
		}
		c := text[0]
		text = text[1:]
		switch {
		case c == ']' && !first:
			if negated {
				found.invert()
			}
			return found, text, true
		case c == '-' && before != 0 && text != "" && text[0] != ']':
			if c, text = text[0], text[1:]; c == '\\' {
				if text == "" {
					return set{}, "", false
				}
				c, text = text[0], text[1:]
			}
			found.add(before, c)
			before = 0
			continue
		case c == '[' && strings.HasPrefix(text, ":"):
			name, after, closed := strings.Cut(text[1:], "]")
			if !closed {
				return set{}, "", false
			}
			if name, isClass := strings.CutSuffix(name, ":"); isClass {
				ranges, known := classes[name]
				if !known {
					return set{}, "", false
				}
				for i := 0; i < len(ranges); i += 2 {
					found.add(ranges[i], ranges[i+1])
				}
				text, before = after, 0
				continue
			}
		case c == '\\':
			if text == "" {
				return set{}, "", false
			}
			c, text = text[0], text[1:]
		}
		found.add(c, c)
		before = c
	}
}

// matches compares a name.
func (p *part) matches(name string) bool {
	if p.text != "" {
		return p.text == name
	}
	// After the last star that was met, the rest may begin at each later byte.
	at, star, from := 0, -1, 0
	for i := 0; i < len(name); {
		switch {
		case at < len(p.tokens) && p.tokens[at].star:
			star, from = at, i
			at++
		case at < len(p.tokens) && p.tokens[at].set.has(name[i]):
			at++
			i++
		case star >= 0:
			from++
			at, i = star+1, from
		default:
			return false
		}
	}
	for at < len(p.tokens) && p.tokens[at].star {
		at++
	}
	return at == len(p.tokens)
}
