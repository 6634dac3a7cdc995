//go:build unix

package selection

// Secret says whether a path of a home is one that holds secrets by its name, for
// homes that are not on this machine. What is in a folder that does is not asked
// about.
func (r Rules) Secret(at string, folder bool) bool { return r.secret(at, folder) }
