package builder

import (
	"path"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/ticket"
)

// options are what the spawner gets: what the operator and the owner set, and the
// ticket, which is good for this one start.
func (w *work) options(d dashboard.Dashboard, revision dashboard.Revision, user, server string) (options map[string]any, signed string, err error) {
	options, err = w.Settings.SpawnerOptions(d.Options)
	if err != nil {
		return nil, "", err
	}
	app := revision.App
	image, arguments := w.arguments(d, revision, app)
	signed, err = w.Signer.Ahead(w.Hub.Skew()).Sign(ticket.Ticket{
		User: user, Server: server, Dashboard: d.ID, Revision: revision.Number, Title: d.Name,
		Arguments: arguments, Image: image, Environment: w.environment(),
	})
	if err != nil {
		return nil, "", err
	}
	options[ticket.Option] = signed
	return options, signed, nil
}

// arguments are those of "dashboard-builder launch".
func (w *work) arguments(d dashboard.Dashboard, revision dashboard.Revision, app dashboard.App) (image string, arguments []string) {
	arguments = w.Settings.LaunchArguments()
	snapshot, shown := revision.Snapshot, app.Path
	switch snapshot.Kind {
	case dashboard.Image:
		image = snapshot.Ref
		arguments = append(arguments, "--workdir", snapshot.Folder)
	case dashboard.Folder:
		image = w.Image
		arguments = append(arguments, "--workdir", snapshot.Folder)
	case dashboard.Commit:
		image = w.Image
		// A folder of its own, so that it is clear where the repository goes.
		folder := "dashboard-" + d.ID
		arguments = append(arguments, "--repo", snapshot.Repo, "--repobranch", snapshot.Ref, "--repofolder", folder)
		shown = path.Join(folder, snapshot.Folder, shown)
	}
	if app.Environment != "" {
		arguments = append(arguments, "--conda-env", app.Environment)
	}
	arguments = append(arguments, w.gateArguments(d)...)
	arguments = append(arguments, app.Framework)
	switch {
	case shown != "":
		arguments = append(arguments, shown)
	case w.Settings.DefaultTarget(app.Framework) == "":
		arguments = append(arguments, ".") // all that was cloned
	}
	if len(app.Arguments) > 0 {
		arguments = append(append(arguments, "--"), app.Arguments...)
	}
	return image, arguments
}

// environment is what the server gets besides: the operator's, and the presets
// that the framework may be one of.
func (w *work) environment() map[string]string {
	environment := w.Settings.LaunchEnvironment()
	if presets := w.Settings.Presets.Text(); presets != "" {
		if environment == nil {
			environment = map[string]string{}
		}
		environment["JHSINGLE_PRESETS"] = presets
	}
	return environment
}
