package settings

import (
	"slices"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// MayCreate says why a visitor may not make dashboards, in a sentence for them.
// Which groups and users are named in the settings is not for everybody to know.
func (s Settings) MayCreate(v dashboard.Visitor) error {
	rule := s.Create
	among := func(users, groups []string) bool {
		return slices.Contains(users, v.Name) ||
			slices.ContainsFunc(v.Groups, func(group string) bool { return slices.Contains(groups, group) })
	}
	switch {
	case v.Admin && rule.Administrators:
		return nil
	case among(rule.BlockUsers, rule.BlockGroups):
	case len(rule.AllowUsers)+len(rule.AllowGroups) == 0, among(rule.AllowUsers, rule.AllowGroups):
		return nil
	}
	return dashboard.Errorf(dashboard.Forbidden, "You can open dashboards that others share with you, but not make your own here. Ask whoever runs this JupyterHub if you need to.")
}

// MayHaveAnother says why an owner of so many dashboards may not have one more.
func (s Settings) MayHaveAnother(owned int) error {
	limit := s.Limits.Dashboards
	if limit == 0 || owned < limit {
		return nil
	}
	return dashboard.Errorf(dashboard.Limit, "You have %d dashboards, and nobody may have more than %d here. Delete one that is no longer needed, and try again.", owned, limit)
}
