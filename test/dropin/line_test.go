//go:build e2e

package dropin

// column is one of the three programs.
type column int

const (
	old column = iota
	standalone
	ours
	columns // how many there are
)

func (c column) String() string {
	return [columns]string{"jhsingle-native-proxy 0.8.3", "jupyter standaloneproxy 4.6.0", "ours"}[c]
}

// section is a part of the table.
type section struct {
	title string
	// explains what stands in the cells, where that is not plain.
	explains string
	lines    []line
}

// line is a command line that is given to each program that can do what it
// asks for, and what is then looked at.
type line struct {
	// name tells the line from others in messages, and names its logs.
	name string
	// The arguments of each program; in them and in the environment @port@ is
	// where it is to listen, and see fill for more. Without any of its own our
	// program gets those of the old one, and without these those of standalone.
	old, standalone, ours []string
	// environment is added to that of a hub's server; an empty value takes a
	// variable out.
	environment map[string]string
	// underHub says that a real hub runs the programs, as servers of the owner's.
	underHub bool
	// asleep says that the app is not to be waited for, as it never comes up or
	// its start is looked at.
	asleep bool
	// ends says that not even the program is waited for, as it may end at once.
	ends bool
	// prefix is where it serves, if that is not in its environment.
	prefix string
	// before does what the line needs before its program is started.
	before func(at *running) error
	rows   []row
}

// row is a thing to look at.
type row struct {
	what string
	// see tells in a few words what a program does. It is the same in every run.
	see func(at *running) string
	// why says why ours differs, if it does on purpose. It is compared with the
	// old program, or standalone where the old one has no such ability.
	why string
}

// arguments are those for a program, nil if it has no such ability.
func (l line) arguments(of column) []string {
	switch {
	case of == old:
		return l.old
	case of == standalone:
		return l.standalone
	case l.ours != nil:
		return l.ours
	case l.old != nil:
		return l.old
	}
	return l.standalone
}

// model is the program that ours is to be like.
func (l line) model() column {
	if l.old != nil {
		return old
	}
	return standalone
}
