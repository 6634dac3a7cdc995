package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ideonate/jhsingle-native-proxy/auth"
	"github.com/ideonate/jhsingle-native-proxy/process"
)

// Exit codes of our own, by sysexits.h where it has one. The app's own codes
// are passed on where the app's end is ours.
const (
	exitFault = 1
	exitUsage = 64
)

// run is the whole program, with everything from outside as a parameter.
func run(args []string, lookup auth.Lookup, environ []string, stdout, stderr io.Writer) int {
	code := 0
	command := newCommand(func(o options, argv []string) error {
		var err error
		code, err = serve(o, argv, lookup, environ, stderr)
		return err
	})
	command.SetArgs(args)
	command.SetOut(stdout)
	command.SetErr(stderr)
	if err := command.Execute(); err != nil {
		fmt.Fprintf(stderr, "jhsingle-native-proxy: %v\n", err)
		if code == 0 {
			code = exitUsage // a flag was wrong, so nothing was begun
		}
	}
	return code
}

func newCommand(serve func(options, []string) error) *cobra.Command {
	var o options
	command := &cobra.Command{
		Use:   "jhsingle-native-proxy [flags] [--] command [argument...]",
		Short: "Put a web app behind JupyterHub",
		Long: strings.TrimSpace(`
Starts a web app and puts it behind JupyterHub: every request and every
websocket needs a JupyterHub login that may access this server, and is then
passed on to the app. Made to be the command of a JupyterHub spawner.

In the command and its arguments these are replaced:
  {port}                   where the app is to listen, on 127.0.0.1
  {base_url}               the URL path of this server, without a last slash
  {presentation_path}      --presentation-path, made absolute
  {presentation_dirname}   its folder
  {presentation_basename}  its last part
  {origin_host}            the host by which visitors reach this server
  {-} {--}                 - and --, where a bare one would be taken for a flag
  {{ }}                    a brace itself
`),
		Example: `  jhsingle-native-proxy -- voila notebook.ipynb --port={port} --no-browser --Voila.base_url={base_url}/ --Voila.server_url=/
  jhsingle-native-proxy -- streamlit run app.py --server.port={port} --server.headless=true
  jhsingle-native-proxy --authtype=none --port=8000 -- python3 -m http.server {port}   # to try it without a hub`,
		Version:           version,
		SilenceUsage:      true,
		SilenceErrors:     true,
		DisableAutoGenTag: true,
		Args:              cobra.ArbitraryArgs,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		RunE: func(cmd *cobra.Command, argv []string) error {
			if err := o.check(cmd.Flags()); err != nil {
				return err
			}
			return serve(o, argv)
		},
	}
	o.register(command.Flags())
	return command
}

// restartPolicy lets cobra read and show a policy.
type restartPolicy struct{ process.RestartPolicy }

func (p *restartPolicy) Set(text string) (err error) {
	p.RestartPolicy, err = process.ParseRestartPolicy(text)
	return err
}
func (p *restartPolicy) String() string { return string(p.RestartPolicy) }
func (*restartPolicy) Type() string     { return "never|on-failure|always" }
