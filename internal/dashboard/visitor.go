package dashboard

import (
	"slices"
)

// Visitor is who asks, as the hub told.
type Visitor struct {
	Name   string
	Admin  bool
	Groups []string
	// Token is the visitor's own at the hub, to act in their name. It is kept
	// nowhere.
	Token string
}

// Owns says whether a dashboard is the visitor's to change: its owner's, or an
// administrator's.
func (v Visitor) Owns(d Dashboard) bool { return v.Name == d.Owner || v.Admin }

// MayOpen says whether the visitor may use a dashboard. Until it was built for the
// first time, there is nothing to see for others than its owner.
func (v Visitor) MayOpen(d Dashboard) bool {
	return v.Name == d.Owner || d.Revision > 0 && d.Access.Allows(v.Name, v.Groups)
}

// Allows says whether a user with these groups has access.
func (a Access) Allows(user string, groups []string) bool {
	return a.Everyone || slices.Contains(a.Users, user) ||
		slices.ContainsFunc(a.Groups, func(group string) bool { return slices.Contains(groups, group) })
}
