package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ideonate/jhsingle-native-proxy/internal/hubconfig"
	"github.com/ideonate/jhsingle-native-proxy/internal/setting"
)

// hubConfigCommand prints what the hub has to have in its configuration.
func (p *program) hubConfigCommand() *cobra.Command {
	var o hubconfig.Options
	var spawner string
	var hide bool
	command := &cobra.Command{
		Use:   "hub-config --spawner docker|process|systemd|kube [flags] [-- serve flag...]",
		Short: "Print the piece of JupyterHub's configuration that dashboards need",
		Long: `Prints a piece of Python for the end of jupyterhub_config.py, or for a file of its
own behind all others, as on The Littlest JupyterHub. It makes the service known,
gives it the least rights that do, and has the hub check what it starts.

What follows -- is how the hub starts the service itself. Without it, something
else does, such as systemd; then --token-file or --token-variable says what the
two have in common.`,
		Example: `  dashboard-builder hub-config --spawner process -- --state /var/lib/dashboard-builder
  dashboard-builder hub-config --spawner docker --token-file /etc/jupyterhub/dashboards.token --binary /usr/local/bin/dashboard-builder
  sudo dashboard-builder hub-config --spawner systemd --token-file /etc/dashboards.token | sudo tee /opt/tljh/config/jupyterhub_config.d/zz-dashboards.py`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && cmd.ArgsLenAtDash() != 0 {
				return fmt.Errorf("hub-config wants no %q: put -- before the flags of serve", args[0])
			}
			return nil
		},
	}
	flags := command.Flags()
	flags.SortFlags = false
	flags.Var(setting.Choice(&spawner, "docker", "process", "systemd", "kube"), "spawner", "what starts servers on this hub: process is LocalProcessSpawner and the like, docker also SwarmSpawner")
	flags.StringVar(&o.Service, "service", "", "`name` of the service (default: dashboards)")
	flags.StringVar(&o.URL, "url", "", "`address` at which the hub's proxy reaches the service (default: http://127.0.0.1:10101)")
	flags.StringVar(&o.TokenFile, "token-file", "", "`file` with a token that the hub and the service read; make one by: openssl rand -hex 32")
	flags.StringVar(&o.TokenVariable, "token-variable", "", "`name` of a variable of the hub's with that token instead")
	flags.StringVar(&o.Command, "command", "", "dashboard-builder where the servers run, such as its `path` in their image (default: dashboard-builder)")
	flags.StringVar(&o.Binary, "binary", "", "`path` of dashboard-builder on Docker's host, to be mounted into the containers of dashboards")
	flags.StringArrayVar(&o.KeepVolumes, "keep-volume", nil, "`source` of a volume of DockerSpawner's that dashboards have as well, such as one with data for all (repeatable)")
	flags.StringVar(&o.ServerPrefix, "server-prefix", "", "what the `names` of dashboards' servers begin with, as servers.name in the settings (default: dashboard-)")
	flags.BoolVar(&o.SkipConsent, "skip-consent", false, "spare people the hub's page on which they consent, once for each dashboard of another's, that its server may know who they are")
	setting.OnOff(flags, &hide, "hide-servers", true, "leave dashboards' servers out of the list on the hub's home page")
	command.RunE = func(_ *cobra.Command, args []string) error {
		if spawner == "" {
			return fmt.Errorf("--spawner is missing: say what starts servers on this hub, one of docker, process, systemd and kube")
		}
		o.Spawner, o.HideServers = hubconfig.Spawner(spawner), hide
		if len(args) > 0 {
			o.Serve = append([]string{programName, "serve"}, args...)
			if o.Command != "" && o.Binary == "" {
				o.Serve[0] = o.Command
			}
		}
		text, err := hubconfig.Render(o)
		if err != nil {
			return err
		}
		p.began = true
		_, err = io.WriteString(p.stdout, text)
		return err
	}
	return command
}
