package bed

// Options say what hub a test wants.
type Options struct {
	// Output is the folder for the hub's log; it is made if it is missing.
	Output string
	// Domain, if not empty, is a name below localhost by which browsers find the hub,
	// and its users' servers and services by names below that. Its configuration has
	// to say the same.
	Domain string
	// Program is the jupyterhub to run; when empty, the bed's own.
	Program string
	// Config is the hub's configuration file; when empty, the one beside this
	// file.
	Config string
	// Environment is added to the hub's, as NAME=value.
	Environment []string
	// PlainForms says that the hub is from before 4.1 and its forms hold no
	// token against forgery. A newer hub whose form has none is broken.
	PlainForms bool
	// Server is what a server runs when its start does not say. Without a
	// command it is what the demo runs: Voila.
	Server Server
}

// Server is what the hub starts as a user's server.
type Server struct {
	// Command is the spawner's command with all its arguments.
	Command []string `json:"command,omitempty"`
	// Environment is added to what the hub gives a server.
	Environment map[string]string `json:"environment,omitempty"`
}

// or fills in what is missing.
func (s Server) or(other Server) Server {
	if s.Command == nil {
		s.Command = other.Command
	}
	if s.Environment == nil {
		s.Environment = other.Environment
	}
	return s
}
