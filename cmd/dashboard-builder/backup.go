package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/ideonate/jhsingle-native-proxy/internal/setting"
	"github.com/ideonate/jhsingle-native-proxy/internal/store"
)

// backupCommand copies the service's database while it is in use.
func (p *program) backupCommand() *cobra.Command {
	o := &serveOptions{Places: setting.Places{Prefix: variablePrefix}}
	command := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the service's SQLite database to a file, while the service runs",
		Long: `Copies the SQLite database of the service on this machine to a new file, whole and
at one point in time, whether the service runs or not. To restore it, stop the
service and put the file in the place of dashboards.sqlite in --state. Snapshots
are not in it: they are made anew by rebuilding. PostgreSQL has pg_dump for this.`,
		Example: `  dashboard-builder backup --state /var/lib/dashboard-builder /backup/dashboards-$(date +%F).sqlite`,
		Args:    wants(1, 1, "a file to write, which is not there yet"),
	}
	o.registerStore(command.Flags())
	command.RunE = func(cmd *cobra.Command, args []string) error {
		if err := o.ReadEnvironment(cmd.Flags(), p.lookup); err != nil {
			return err
		}
		p.began = true
		if err := o.findState(); err != nil {
			return err
		}
		kept, err := store.Open(cmd.Context(), o.storeURL(), o.newLog(p.stderr))
		if err != nil {
			return err
		}
		defer kept.Close()
		file, err := filepath.Abs(args[0])
		if err != nil {
			return err
		}
		if err := kept.Backup(cmd.Context(), file); err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.stdout, "The database was copied to %s.\n", file)
		return err
	}
	return command
}
