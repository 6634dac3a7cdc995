//go:build unix && !linux

package process

// Who listens where is known on Linux only.

func (r *run) family() []info { return nil }

func heldBy([]info) []listener { return nil }

func holderOf(place) string { return "" }

// PortHolder names the process that listens on a TCP port; nobody knows here.
func PortHolder(int) string { return "" }

func (r *run) checkOwner(place) error { return nil }

func (g group) lives() bool { return g.alive() }
