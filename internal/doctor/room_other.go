//go:build unix && !linux

package doctor

// roomIn is for Linux, where servers run.
func roomIn(string) (room, bool) { return room{}, false }
