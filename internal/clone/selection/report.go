package selection

import (
	"fmt"
	"slices"
	"strings"
)

// mostNamed is how many names a line of a report has.
const mostNamed = 20

// Report counts what was left out, for the log.
type Report struct {
	left    [reasons]kind
	lifted  kind
	changed kind
}

// kind is how many there are of one, and the first names.
type kind struct {
	count int
	names []string
}

func (k *kind) add(name string) {
	k.count++
	if len(k.names) < mostNamed {
		k.names = append(k.names, Show(shorten(name)))
	}
}

func (k *kind) list() string {
	names := slices.Clone(k.names)
	slices.Sort(names)
	text := strings.Join(names, ", ")
	if more := k.count - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// LeftOut notes what was left out.
func (r *Report) LeftOut(path string, why Reason) { r.left[why].add(path) }

// Lifted notes what was copied because its owner asked for it by name.
func (r *Report) Lifted(path string) { r.lifted.add(path) }

// Changed notes a file that changed while it was copied.
func (r *Report) Changed(path string) { r.changed.add(path) }

// Lines are the report, a line for each reason.
func (r *Report) Lines() []string {
	var lines []string
	for why := range reasons {
		found := &r.left[why]
		if found.count == 0 {
			continue
		}
		text, named := why.line()
		if named {
			lines = append(lines, fmt.Sprintf(text, Count(found.count), found.list()))
		} else {
			lines = append(lines, fmt.Sprintf(text, Count(found.count)))
		}
	}
	if r.lifted.count > 0 {
		lines = append(lines, fmt.Sprintf("Copied %s that may hold secrets, as a %s names them: %s.", Count(r.lifted.count), IgnoreFile, r.lifted.list()))
	}
	if r.changed.count > 0 {
		lines = append(lines, fmt.Sprintf("Changed while they were copied, so that the copy may be half old and half new: %s.", r.changed.list()))
	}
	return lines
}

// Count writes a number with commas.
func Count(n int) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Size writes a number of bytes for people.
func Size(bytes int64) string {
	value, units := float64(bytes), []string{"bytes", "kB", "MB", "GB", "TB", "PB"}
	for value >= 999.5 && len(units) > 1 {
		value /= 1000
		units = units[1:]
	}
	if units[0] == "bytes" || value >= 99.5 {
		return fmt.Sprintf("%.0f %s", value, units[0])
	}
	return fmt.Sprintf("%.1f %s", value, units[0])
}
