// Package ignore understands files like .gitignore (gitignore(5)): patterns of
// names that are left out, and of those that are kept all the same.
//
// One thing is as that manual says and not as git 2.39 does: two asterisks that
// follow other characters, as in foo**/bar, are like one.
package ignore

import (
	"bytes"
	"fmt"
	"strings"
)

// Bounds of a file: each of its patterns is compared with each name.
const (
	MaxBytes    = 64 << 10
	MaxPatterns = 1000
)

// Patterns are those of one file. The zero value has none.
type Patterns struct{ list []pattern }

// Verdict is what patterns say of a name.
type Verdict int

// What can be said of a name.
const (
	Silent Verdict = iota
	LeftOut
	Kept
)

// Match is what was said of a name, and by what.
type Match struct {
	Verdict Verdict
	// Literal says that the pattern has no wildcards, so that whoever wrote it
	// meant this very name.
	Literal bool
}

// Parse reads a file. A pattern that is malformed matches nothing, as for git;
// only a file that is too large is an error.
func Parse(content []byte) (Patterns, error) {
	if len(content) > MaxBytes {
		return Patterns{}, fmt.Errorf("it has more than %d bytes", MaxBytes)
	}
	var found Patterns
	content = bytes.TrimPrefix(content, []byte("\uFEFF"))
	for line := range strings.SplitSeq(string(content), "\n") {
		line = trimSpaces(strings.TrimSuffix(line, "\r"))
		if line == "" || line[0] == '#' {
			continue
		}
		if len(found.list) == MaxPatterns {
			return Patterns{}, fmt.Errorf("it has more than %d patterns", MaxPatterns)
		}
		if made, ok := compile(line); ok {
			found.list = append(found.list, made)
		}
	}
	return found, nil
}

// trimSpaces takes off spaces at the end that no backslash is before.
func trimSpaces(line string) string {
	end := 0
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case ' ':
			continue
		case '\\':
			i++
		}
		end = i + 1
	}
	return line[:min(end, len(line))]
}

// Match says what the last pattern that matches says of a path, which is relative
// to the file's folder, without a slash at its end. What is in a folder that is
// left out is not asked about: nothing brings it back.
func (p Patterns) Match(path string, folder bool) Match {
	if len(p.list) == 0 {
		return Match{}
	}
	last := path[strings.LastIndexByte(path, '/')+1:]
	for i := len(p.list) - 1; i >= 0; i-- {
		if one := &p.list[i]; one.matches(path, last, folder) {
			if one.negated {
				return Match{Kept, one.literal}
			}
			return Match{LeftOut, one.literal}
		}
	}
	return Match{}
}

// pattern is one line.
type pattern struct {
	negated     bool
	foldersOnly bool
	// anywhere says that it is about the last name, at any depth.
	anywhere bool
	literal  bool
	parts    []part
}

// matches compares a path, whose last name is given as well. Nearly all are done
// with that one.
func (p *pattern) matches(path, last string, folder bool) bool {
	if p.foldersOnly && !folder {
		return false
	}
	if end := &p.parts[len(p.parts)-1]; !end.deep && !end.matches(last) {
		return false
	}
	return p.anywhere || p.matchesAll(strings.Split(path, "/"))
}

func (p *pattern) matchesAll(names []string) bool {
	// After the last "**" that was met, the rest may begin at each later name.
	at, deep, from := 0, -1, 0
	for i := 0; i < len(names); {
		switch {
		case at < len(p.parts) && p.parts[at].deep:
			if at == len(p.parts)-1 {
				return true
			}
			deep, from = at, i
			at++
		case at < len(p.parts) && p.parts[at].matches(names[i]):
			at++
			i++
		case deep >= 0:
			from++
			at, i = deep+1, from
		default:
			return false
		}
	}
	return at == len(p.parts)
}
