package docker

import (
	"context"
	"fmt"
	"path"
	"slices"
	"time"

	"github.com/moby/moby/client"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/ignore"
	"github.com/ideonate/jhsingle-native-proxy/internal/clone/selection"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// prepare finds out all that can be known, and that it can be done, before
// anything is touched.
func (m *making) prepare(ctx context.Context) error {
	found, err := m.find(ctx, m.request.Owner, m.request.Source.Server)
	if err != nil {
		return err
	}
	switch state := found.State; {
	case state.Restarting, state.Dead, state.Status == "removing":
		return dashboard.Errorf(dashboard.Unavailable, "Your server is being started or removed. Wait until it runs and try again.")
	case !state.Running:
		m.report.Log("The server does not run. Its files are taken as it left them.")
	}
	if m.source, err = m.locate(ctx, found, m.request.Owner, m.request.Source.Folder); err != nil {
		return err
	}
	if m.rules, err = m.readRules(ctx); err != nil {
		return err
	}
	if err := m.checkWanted(ctx); err != nil {
		return err
	}
	if err := m.measure(ctx); err != nil {
		return err
	}
	if m.base, err = m.baseOf(ctx, m.source); err != nil {
		return err
	}
	if m.remakes, err = m.ownsLayers(ctx); err != nil {
		return err
	}
	if m.volumes, err = m.Cloner.volumes(ctx, &m.source); err != nil {
		return err
	}
	m.volumes = slices.DeleteFunc(m.volumes, func(folder string) bool {
		return folder != m.source.folder && m.rules.leavesOut(folder, true)
	})
	m.spec = m.base.config(m.labels(m.request, m.source.folder, m.bytes, time.Now()), m.volumes)
	return nil
}

func (m *making) readRules(ctx context.Context) (selected, error) {
	content, err := m.readFile(ctx, m.source.ID, m.source.folder+"/"+selection.IgnoreFile, ignore.MaxBytes+1)
	if err != nil {
		return selected{}, err
	}
	patterns, err := ignore.Parse(content)
	if err != nil {
		return selected{}, dashboard.InvalidField("source.folder", "The file %s in the folder cannot be used: %v. Make it shorter.", selection.IgnoreFile, err)
	}
	return m.source.selected(patterns), nil
}

// checkWanted says early, while nothing was done yet, that the app is not there.
func (m *making) checkWanted(ctx context.Context) error {
	_, isFolder, err := m.checkApp(ctx, m.source.ID, m.source.folder, m.request.App)
	if err != nil {
		return err
	}
	if app := m.request.App.Path; app != "" && m.rules.leavesOut(path.Join(m.source.folder, app), isFolder) {
		return dashboard.InvalidField("app.path", "%q is left out of dashboards, as a secret or by the file %s. Choose another file to show.", app, selection.IgnoreFile)
	}
	return nil
}

// measure tells the size, and that it is too much.
func (m *making) measure(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	found, err := m.engine.ContainerInspect(ctx, m.source.ID, client.ContainerInspectOptions{Size: true})
	if err != nil || found.Container.SizeRw == nil {
		return err
	}
	m.bytes = *found.Container.SizeRw
	m.report.Log(fmt.Sprintf("The server has %s of files that are not in its image.", selection.Size(m.bytes)))
	if m.bytes > m.config.MaxBytes {
		return dashboard.Errorf(dashboard.Limit, "Your server has %s of files that are not in its image, and a snapshot has at most %s. Delete what is not needed, or restart it from a fresh image.", selection.Size(m.bytes), selection.Size(m.config.MaxBytes))
	}
	return nil
}
