package docker

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"time"

	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	"github.com/moby/moby/client"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/ignore"
	"github.com/ideonate/jhsingle-native-proxy/internal/clone/selection"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// Clone makes an image of a server's container.
func (c *Cloner) Clone(ctx context.Context, request dashboard.CloneRequest, report dashboard.Reporter) (dashboard.Snapshot, error) {
	k := key{request.Dashboard, request.Revision}
	if !dashboard.IsID(k.dashboard) || k.revision < 1 || request.Owner == "" || request.Source.Kind != dashboard.FromServer {
		return dashboard.Snapshot{}, dashboard.Errorf(dashboard.Invalid, "There is no server of anybody's to clone in this request.")
	}
	end, err := c.begin(k)
	if err != nil {
		return dashboard.Snapshot{}, err
	}
	defer end()
	made := &making{Cloner: c, request: request, key: k, report: report}
	whole := false
	defer func() {
		if !whole { // also in a panic
			c.giveUp(ctx, k, err)
		}
	}()
	var snapshot dashboard.Snapshot
	if snapshot, err = made.snapshot(ctx); err == nil {
		whole = true
		return snapshot, nil
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return dashboard.Snapshot{}, context.Cause(ctx)
	}
	return dashboard.Snapshot{}, explain(err)
}

// giveUp takes away what there is of a snapshot that came to nothing.
func (c *Cloner) giveUp(ctx context.Context, k key, failed error) {
	ctx, cancel := cleanup(ctx)
	defer cancel()
	if open, ok := errors.AsType[*unfinished](failed); ok {
		select {
		case <-open.done: // it has our labels, and is found
		case <-ctx.Done():
		}
	}
	if err := c.clear(ctx, k, true); err != nil {
		c.log.Warn("what is left of a snapshot that came to nothing is removed later", "dashboard", k.dashboard, "revision", k.revision, "error", err)
	}
}

// making is one snapshot while it is made.
type making struct {
	*Cloner
	key
	request dashboard.CloneRequest
	report  dashboard.Reporter

	source  source
	base    base
	rules   selected
	volumes []string
	// spec is how the image is to be run.
	spec dockerspec.DockerOCIImageConfig
	// remakes says that commits have to be made anew: ownsLayers.
	remakes bool
	paused  time.Duration
	// bytes is how much is not of the base.
	bytes int64
}

func (m *making) snapshot(ctx context.Context) (dashboard.Snapshot, error) {
	m.report.Progress("Looking at your server", -1)
	if err := m.clear(ctx, m.key, true); err != nil { // what a process that was killed left
		return dashboard.Snapshot{}, err
	}
	if err := m.prepare(ctx); err != nil {
		return dashboard.Snapshot{}, err
	}
	m.report.Progress("Copying your server's files", -1)
	image, err := m.copyContainer(ctx)
	if err != nil {
		return dashboard.Snapshot{}, err
	}
	m.report.Progress("Making the image", -1)
	// Not while it is paused: nothing can be run in it then.
	files, err := m.files(ctx, m.source)
	if err != nil {
		return dashboard.Snapshot{}, err
	}
	if image, err = m.finish(ctx, image, emptied(files, m.rules, m.volumes)); err != nil {
		return dashboard.Snapshot{}, err
	}
	return m.name(ctx, image)
}

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
	return selectFrom(m.source.home, m.source.folder, patterns), nil
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

// copyContainer commits the container while it is paused.
func (m *making) copyContainer(ctx context.Context) (image string, err error) {
	m.paused, err = m.still(ctx, m.source.ID, m.key, func(ctx context.Context) error {
		if err := m.checkFrozen(ctx); err != nil {
			return err
		}
		image, err = m.commit(ctx, m.source.ID, forCommit(m.spec, m.source.Config.Env))
		return err
	})
	if err == nil && m.paused > 0 {
		m.report.Log(fmt.Sprintf("The server stood still for %s meanwhile.", m.paused.Round(time.Millisecond)))
	}
	return image, err
}

// checkFrozen says that the app is not there at the moment of the commit. Is it
// where something is mounted, then it comes to the image by being copied: there
// it is looked for again.
func (m *making) checkFrozen(ctx context.Context) error {
	at, _, err := m.checkApp(ctx, m.source.ID, m.source.folder, m.request.App)
	if err == nil && len(m.volumes) == 0 && m.source.mounted(at) {
		return dashboard.InvalidField("app.path", "%q leads to a volume outside of the folder that is cloned. Choose a file in the folder itself.", m.request.App.Path)
	}
	return err
}

// finish makes the image that is kept of the one that was committed.
func (m *making) finish(ctx context.Context, image string, emptied []string) (string, error) {
	image, err := m.clean(ctx, image)
	if err != nil || len(m.volumes)+len(emptied) == 0 {
		return image, err
	}
	box, err := m.fillBox(ctx, image, emptied)
	if err != nil {
		return "", err
	}
	if _, _, err := m.checkApp(ctx, box, m.source.folder, m.request.App); err != nil {
		return "", err
	}
	if image, err = m.commit(ctx, box, forCommit(m.spec, nil)); err != nil {
		return "", err
	}
	return m.clean(ctx, image)
}

func (m *making) clean(ctx context.Context, image string) (string, error) {
	if !m.remakes {
		return image, nil
	}
	return m.remake(ctx, image, m.base, m.spec)
}

// fillBox copies what is in volumes. That takes longer than a server should stand
// still, so it runs on meanwhile; should a file become shorter just while it is
// read, all is done again, and the last time with the server paused.
func (m *making) fillBox(ctx context.Context, image string, emptied []string) (string, error) {
	what := filling{volumes: m.volumes, emptied: emptied, rules: m.rules}
	if len(m.volumes) > 0 {
		var err error
		if what.reader, err = m.makeReader(ctx, m.key, image, m.source, m.volumes); err != nil {
			return "", err
		}
	}
	const tries = 3
	for try := 1; ; try++ {
		box, err := m.makeBox(ctx, m.key, image)
		if err != nil {
			return "", err
		}
		var done *filter
		fill := func(ctx context.Context) (err error) {
			done, err = m.fill(ctx, box, what, m.report)
			return err
		}
		if try < tries {
			err = fill(ctx)
		} else {
			var paused time.Duration
			paused, err = m.still(ctx, m.source.ID, m.key, fill)
			m.paused += paused
		}
		if err == nil {
			m.logFilled(done, len(emptied))
			m.bytes += done.bytes
			m.spec.Labels[labelBytes] = strconv.FormatInt(m.bytes, 10)
			return box, nil
		}
		if _, isTorn := errors.AsType[*torn](err); !isTorn || try == tries || ctx.Err() != nil {
			return "", err
		}
		m.report.Log("A file changed while it was copied. Copying again.")
	}
}

func (m *making) logFilled(done *filter, emptied int) {
	if done.files > 0 {
		m.report.Log(fmt.Sprintf("%d files and folders with %s were copied from the server's volumes.", done.files, selection.Size(done.bytes)))
	}
	if left := done.special + done.strange; left > 0 {
		m.report.Log(fmt.Sprintf("%d that are no files, folders or links were left out.", left))
	}
	if emptied > 0 {
		m.report.Log(fmt.Sprintf("%d files and folders were emptied, as secrets or by the file %s.", emptied, selection.IgnoreFile))
	}
}

// name gives the image its name, which says that it is whole.
func (m *making) name(ctx context.Context, image string) (dashboard.Snapshot, error) {
	short, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	if _, err := m.engine.ImageTag(short, client.ImageTagOptions{Source: image, Target: m.tag(m.key)}); err != nil {
		return dashboard.Snapshot{}, err
	}
	rest, cancel := cleanup(ctx)
	defer cancel()
	if err := m.clear(rest, m.key, false); err != nil {
		m.log.Warn("what a snapshot was made of is removed later", "dashboard", m.dashboard, "revision", m.revision, "error", err)
	}
	return dashboard.Snapshot{
		Kind: dashboard.Image, Ref: m.tag(m.key), Dashboard: m.dashboard, Revision: m.revision, Folder: m.source.folder,
		Bytes: m.bytes, Paused: m.paused, Complete: true,
	}, nil
}
