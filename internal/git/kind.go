package git

import (
	"regexp"
	"strings"
)

// Kind is what sort of trouble an error of Pull, Look or Reach tells of.
type Kind int

// The kinds of trouble.
const (
	// Unknown is none of those below.
	Unknown Kind = iota
	// Full is that there is no space for it.
	Full
	// Closed is a repository that is not there or may not be read: hosts do not tell
	// which to those who may not know.
	Closed
	// Away is a host that cannot be reached, or has trouble of its own.
	Away
	// Strange is an address where something answers that is no repository.
	Strange
	// NoBranch is a branch, tag or commit that the repository does not have.
	NoBranch
	// Unfit is a repository with files that cannot be made here.
	Unfit
)

// kinds are those of what is advised for each fault.
var kinds = []struct {
	kind   Kind
	advice string // how it begins
}{
	{Full, "there is no space left"},
	{Unknown, "the folder is on a file system that cannot be written"},
	{Unknown, "$1 belongs to another user"},
	{Strange, "the transport $1 is not allowed"},
	{Away, "the host $1 was not found"},
	{Away, "the proxy $1 cannot be reached"},
	{Away, "the host's certificate is not trusted"},
	{Closed, "the host's SSH key is not known"},
	{Closed, "the host did not accept an SSH key"},
	{Closed, "it needs a login"},
	{Closed, "the host did not accept the user and token"},
	{Closed, "access was denied"},
	{Closed, "there is no such repository"},
	{Away, "the host does not answer"},
	{Away, "the host cannot be reached"},
	{Away, "the host has trouble of its own"},
	{Away, "the connection broke off"},
	{Unfit, "it has a file whose name"},
	{Unknown, "another git program works in the folder"},
	{Unknown, "the folder cannot be written"},
	{Unknown, "the folder's .git is"},
	{Strange, "what answers there does not speak git"},
	{Away, "the host said nothing"}, // see explain
	{NoBranch, "has no branch"},     // see noBranch
	{NoBranch, "is not a commit"},   // see fetch
}

// group is a part of an advice that is filled in.
var group = regexp.MustCompile(`\\\$[0-9]`)

// KindOf says of what sort an error is, by its words: those of Pull are sentences
// for whoever visits an app, and nothing else.
func KindOf(err error) Kind {
	if err == nil {
		return Unknown
	}
	for _, known := range kinds {
		if advised(known.advice).MatchString(err.Error()) {
			return known.kind
		}
	}
	return Unknown
}

func advised(begin string) *regexp.Regexp {
	return regexp.MustCompile(group.ReplaceAllString(regexp.QuoteMeta(begin), `.*`))
}

// Choice is what an error of the kind NoBranch says of the names that there are.
func Choice(err error) string {
	_, names, _ := strings.Cut(err.Error(), "has no branch or tag ")
	return names
}
