package singleuser

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/ideonate/jhsingle-native-proxy/internal/setting"
	"github.com/ideonate/jhsingle-native-proxy/process"
)

// command is what is run, and where it listens.
type command struct {
	destPort         int
	socket           string
	presentationPath string
	environment      map[string]string
	passToken        bool
	// dir is where the app runs, and where relative paths begin; empty is here.
	dir string
	// argv is the app's command line, with placeholders; empty for an app that
	// runs already.
	argv []string
}

func (o *command) register(flags *pflag.FlagSet) {
	o.environment = map[string]string{}
	flags.Var(setting.Number(&o.destPort, 0, 65535, "port"), "destport", "`port` that the app listens on; 0 takes a free one; also --server-port")
	flags.StringVar(&o.socket, "unix-socket", "", "`path` of the unix socket that the app listens on, for {unix_socket}; auto makes one that nobody else can reach")
	flags.StringVar(&o.presentationPath, "presentation-path", "", "`file` or folder that the app shows, for {presentation_path}")
	flags.Var(setting.Pairs(o.environment, checkVariable), "environment", "further variable of the app's environment, as `NAME=VALUE`, with {placeholders} in the value (repeatable, or one JSON object)")
	flags.BoolVar(&o.passToken, "pass-hub-token", false, "leave JUPYTERHUB_API_TOKEN in the app's environment")
}

func checkVariable(name, value string) error {
	if strings.ContainsAny(name, "=\x00") || strings.Contains(value, "\x00") {
		return fmt.Errorf("has a name or a value that no environment can hold")
	}
	return nil
}

// socketPath is the path for the process: true is how jupyter-server-proxy
// spells auto.
func (o *command) socketPath() string {
	switch o.socket {
	case "auto", "true", "True":
		return process.Fresh
	}
	return o.socket
}

// variables are the substitutions that are known before the start.
func (o *command) variables(prefix string) (process.Variables, error) {
	variables := process.Variables{
		"base_url":              strings.TrimSuffix(prefix, "/"),
		"presentation_path":     "",
		"presentation_dirname":  "",
		"presentation_basename": "",
	}
	if o.presentationPath == "" {
		return variables, nil
	}
	path := o.presentationPath
	if !filepath.IsAbs(path) {
		here, err := filepath.Abs(o.dir)
		if err != nil {
			return nil, fmt.Errorf("cannot make --presentation-path %q absolute: %w", path, err)
		}
		// Not cleaned: the Python program did not, and a last slash matters
		// to the folder's name.
		path = here + "/" + path
	}
	at := strings.LastIndexByte(path, '/')
	variables["presentation_path"] = path
	variables["presentation_basename"] = path[at+1:]
	variables["presentation_dirname"] = strings.TrimRight(path[:at+1], "/")
	if variables["presentation_dirname"] == "" {
		variables["presentation_dirname"] = "/"
	}
	return variables, nil
}
