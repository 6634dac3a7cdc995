package selection

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// mostEntries is how much of a folder is shown to choose from.
const mostEntries = 500

// Choosable says whether a name is shown to choose from: it is not hidden, and can be
// written.
func Choosable(name string) bool { return !strings.HasPrefix(name, ".") && Show(name) == name }

// Arrange sorts what is shown of a folder, folders first, and cuts it off.
func Arrange(entries []dashboard.Entry) []dashboard.Entry {
	slices.SortFunc(entries, func(a, b dashboard.Entry) int {
		if a.Folder != b.Folder {
			if a.Folder {
				return -1
			}
			return 1
		}
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), strings.Compare(a.Name, b.Name))
	})
	return entries[:min(mostEntries, len(entries))]
}
