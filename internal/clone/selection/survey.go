//go:build unix

package selection

import (
	"cmp"
	"context"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/suggest"
)

// Limits bound a copy. 0 is no limit.
type Limits struct {
	// Bytes is what its files have together, holes included.
	Bytes int64
	// Files are its files, folders and links.
	Files int
}

// Survey is what there is to copy.
type Survey struct {
	Bytes int64
	Files int
	// Stored are the bytes without holes.
	Stored int64

	limits Limits
	// base is the folder that is shown to begin in, and wanted what the app shows,
	// both within the source; empty is nothing in particular.
	base, wanted string
	found        bool
	// left is why it, or a folder that it is in, is left out.
	left *Reason
	// near are files that might be meant.
	near []string
	// shares are what is in each of the names at the top.
	shares map[string]share
}

type share struct {
	bytes int64
	files int
}

// mostNear bounds the files that are kept for a suggestion.
const mostNear = 2000

// Look counts what there is to copy, and checks that it is within the limits and
// has what the app shows: a path in the folder base of the source. What is behind a
// link is not seen before it is copied, see Has.
func Look(ctx context.Context, source Source, limits Limits, base, wanted string) (*Survey, error) {
	s := &Survey{limits: limits, base: clean(base), wanted: clean(path.Join(base, wanted)), shares: map[string]share{}}
	s.found = s.wanted == s.base
	if err := source.Walk(ctx, s); err != nil {
		return nil, err
	}
	if limits.Bytes > 0 && s.Bytes > limits.Bytes {
		return nil, s.TooLarge()
	}
	if !s.found {
		return nil, s.missing()
	}
	return s, nil
}

// Has checks that a copy has what the app shows, links within it included.
func (s *Survey) Has(copied string) error {
	root, err := os.OpenRoot(copied)
	if err != nil {
		return err
	}
	defer root.Close()
	if _, err := root.Stat(cmp.Or(s.wanted, ".")); err != nil {
		return s.missing()
	}
	return nil
}

// add counts one more.
func (s *Survey) add(e Entry, bytes int64) error {
	top, _, _ := strings.Cut(e.Path, "/")
	known := s.shares[top]
	known.bytes += bytes
	known.files++
	s.shares[top] = known
	s.Bytes += bytes
	s.Files++
	if s.limits.Files > 0 && s.Files > s.limits.Files {
		return s.TooMany()
	}
	if e.Path == s.wanted {
		s.found = true
	}
	return nil
}

// Enter is part of Visitor.
func (s *Survey) Enter(e Entry) error { return s.add(e, 0) }

// Leave is part of Visitor.
func (s *Survey) Leave(Entry) error { return nil }

// Link is part of Visitor.
func (s *Survey) Link(e Entry) error {
	if strings.HasPrefix(s.wanted, e.Path+"/") {
		s.found = true // perhaps; the walk shows nothing of what is behind it
	}
	return s.add(e, 0)
}

// File is part of Visitor.
func (s *Survey) File(e Entry) error {
	if !s.found && len(s.near) < mostNear &&
		(strings.EqualFold(e.Name, path.Base(s.wanted)) || strings.EqualFold(path.Ext(e.Name), path.Ext(s.wanted))) {
		s.near = append(s.near, e.Path)
	}
	s.Stored += min(e.Info.Bytes, e.Info.Stored)
	return s.add(e, e.Info.Bytes)
}

// LeftOut is part of Visitor.
func (s *Survey) LeftOut(e Entry, why Reason) error {
	if e.Path == s.wanted || strings.HasPrefix(s.wanted, e.Path+"/") {
		s.left = &why
	}
	return nil
}

// TooLarge says that there are more bytes than may be.
func (s *Survey) TooLarge() error {
	name, most := s.largest(func(a, b share) int { return cmp.Compare(a.bytes, b.bytes) })
	return dashboard.Errorf(dashboard.Limit, "There are %s to copy, and the limit is %s. The largest part is %s with %s: name what the dashboard does not need in a file %s, or choose a smaller folder.",
		Size(s.Bytes), Size(s.limits.Bytes), name, Size(most.bytes), IgnoreFile)
}

// TooMany says that there are more files than may be.
func (s *Survey) TooMany() error {
	name, most := s.largest(func(a, b share) int { return cmp.Compare(a.files, b.files) })
	return dashboard.Errorf(dashboard.Limit, "There are more than %s files to copy, which is the limit. Of those that were counted most are in %s, %s: name what the dashboard does not need in a file %s, or choose a smaller folder.",
		Count(s.limits.Files), name, Count(most.files), IgnoreFile)
}

func (s *Survey) largest(compare func(a, b share) int) (name string, most share) {
	names := slices.Sorted(maps.Keys(s.shares))
	if len(names) == 0 {
		return "", share{}
	}
	largest := slices.MaxFunc(names, func(a, b string) int { return compare(s.shares[a], s.shares[b]) })
	return Show(shorten(largest)), s.shares[largest]
}

// missing says that what the app shows is not there, and what might be meant.
func (s *Survey) missing() error {
	if s.left != nil {
		return dashboard.InvalidField("app.path", s.left.sentence(), s.shown(s.wanted))
	}
	var near []string
	for _, at := range s.near {
		if s.base == "" || strings.HasPrefix(at, s.base+"/") {
			near = append(near, s.shown(at))
		}
	}
	return Missing(s.shown(s.wanted), near)
}

// shown is a path as the app's is given.
func (s *Survey) shown(at string) string {
	if s.base == "" {
		return at
	}
	return strings.TrimPrefix(at, s.base+"/")
}

// Missing is the error that a source does not have what the app shows. It suggests
// some of the files that it has.
func Missing(wanted string, files []string) error {
	if meant := suggestions(wanted, files); len(meant) > 0 {
		return dashboard.InvalidField("app.path", "There is no %q in the folder. Did you mean %s?", wanted, strings.Join(meant, " or "))
	}
	return dashboard.InvalidField("app.path", "There is no %q in the folder. Choose a file that is there.", wanted)
}

// suggestions are at most three paths: those of the same name before those of one
// that is like it.
func suggestions(wanted string, files []string) []string {
	wanted = path.Base(wanted)
	slices.Sort(files)
	var meant, names []string
	byName := map[string][]string{}
	for _, at := range files {
		name := path.Base(at)
		if strings.EqualFold(name, wanted) {
			meant = append(meant, at)
			continue
		}
		if byName[name] == nil {
			names = append(names, name)
		}
		byName[name] = append(byName[name], at)
	}
	for _, name := range suggest.Nearest(wanted, names) {
		meant = append(meant, byName[name]...)
	}
	meant = meant[:min(3, len(meant))]
	for i := range meant {
		meant[i] = Show(shorten(meant[i]))
	}
	return meant
}
