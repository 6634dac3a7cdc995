package selection

// Reason is why something is left out of a copy.
type Reason int

// The reasons, in the order in which they are reported.
const (
	// Secret is what may hold passwords or keys.
	Secret Reason = iota
	// Ignored is what a .dashboardignore names.
	Ignored
	// Outside is a link that leads out of the source.
	Outside
	// Unreadable is what the owner may not read.
	Unreadable
	// Changing is what was removed or replaced while it was looked at.
	Changing
	// Environment is an environment of Python or conda: it works only where it was
	// made.
	Environment
	// Special is a socket, a pipe or a device.
	Special
	// Hidden is a hidden file or folder of the home itself.
	Hidden
	// Litter is what nobody needs.
	Litter
	// Snapshots is where copies are kept.
	Snapshots

	reasons
)

// line says in a log what was left out: %s is how many there are of it, and which.
func (r Reason) line() (one string, named bool) {
	switch r {
	case Secret:
		return "Left out %s that may hold secrets: %s. If the dashboard needs one, name it in a file .dashboardignore, with an exclamation mark before it.", true
	case Ignored:
		return "Left out %s that a .dashboardignore names.", false
	case Outside:
		return "Left out %s that lead out of the folder, as links: %s. If the dashboard needs one, copy what it leads to into the folder.", true
	case Unreadable:
		return "Left out %s that their owner may not read: %s.", true
	case Changing:
		return "Left out %s that went away or changed while they were copied: %s.", true
	case Environment:
		return "Left out %s that are environments of Python or conda, which work only where they were made: %s. Choose one by its whole path.", true
	case Special:
		return "Left out %s that are sockets, pipes or devices.", false
	case Hidden:
		return "Left out %s that are hidden in the home folder.", false
	case Litter:
		return "Left out %s that no dashboard needs, such as caches and the history of git.", false
	}
	return "Left out %s that hold the snapshots of dashboards.", false
}

// sentence is for whoever chose something that is left out; %q is what.
func (r Reason) sentence() string {
	switch r {
	case Secret:
		return "%q is left out of the copy, because files of that name hold secrets. Choose another, or name it in a file .dashboardignore, with an exclamation mark before it."
	case Ignored:
		return "%q is left out of the copy by a .dashboardignore. Take it out of there, or choose another."
	case Outside:
		return "%q is a link that leads out of the folder. Copy the file itself into the folder, or choose another."
	case Unreadable:
		return "%q may not be read. Change its permissions, or choose another."
	case Environment:
		return "%q is in an environment of Python or conda, which is left out of the copy. Choose another."
	case Special:
		return "%q is no file. Choose another."
	case Hidden:
		return "%q is hidden in the home folder, which is left out of the copy. Move it into a folder of its own, or choose another."
	case Changing:
		return "%q went away while it was looked at. Try again."
	}
	return "%q is left out of the copy. Choose another."
}
