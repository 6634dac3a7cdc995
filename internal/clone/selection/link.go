package selection

import (
	"path"
	"strings"
)

// within makes a link's target relative, if it stays in the source. It is
// cleaned: as all that leads up in it is then at its beginning, and begins in a
// real folder of the copy, and what is passed on the way down is a real folder or
// another such link, no number of them together leads out.
func within(at, target string, tops []string) (string, bool) {
	folder := path.Dir("/" + at)
	if path.IsAbs(target) {
		target = path.Clean(target)
		for _, top := range tops {
			if rest, ok := strings.CutPrefix(target+"/", strings.TrimSuffix(path.Clean(top), "/")+"/"); ok {
				return relative(folder, path.Clean("/"+rest)), true
			}
		}
		return "", false
	}
	joined := path.Join(folder[1:], target)
	if joined == ".." || strings.HasPrefix(joined, "../") {
		return "", false
	}
	return relative(folder, path.Clean("/"+joined)), true
}

// relative is the way from one clean absolute path to another.
func relative(from, to string) string {
	ups, downs := split(from), split(to)
	for len(ups) > 0 && len(downs) > 0 && ups[0] == downs[0] {
		ups, downs = ups[1:], downs[1:]
	}
	way := path.Join(strings.Repeat("../", len(ups)), strings.Join(downs, "/"))
	if way == "" {
		return "."
	}
	return way
}

func split(at string) []string {
	return strings.FieldsFunc(at, func(r rune) bool { return r == '/' })
}
