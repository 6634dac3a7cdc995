package docker

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	"github.com/moby/moby/client"

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

// copyContainer commits the container while it is paused.
func (m *making) copyContainer(ctx context.Context) (image string, err error) {
	m.paused, err = m.still(ctx, m.source.ID, m.key, func(ctx context.Context) error {
		if err := m.checkFrozen(ctx); err != nil {
			return err
		}
		image, err = m.commit(ctx, m.source.ID, forCommit(m.spec, m.source.Config.Env))
		return err
	})
	m.logPause(m.paused)
	return image, err
}

// logPause tells how long the server stood still just now.
func (m *making) logPause(paused time.Duration) {
	if paused > 0 {
		m.report.Log(fmt.Sprintf("The server stood still for %s.", paused.Round(time.Millisecond)))
	}
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
			m.logPause(paused)
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
