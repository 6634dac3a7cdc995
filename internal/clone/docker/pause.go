package docker

import (
	"context"
	"crypto/rand"
	"errors"
	"strconv"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// A container that is paused by us is marked first, in Docker itself, which
// outlives this process: containers take no new labels, so it is by an empty
// volume with the container's name in its own. Who comes after a process that was
// killed finds the mark and lets the container go on. As there is but one volume
// of a name, the mark also keeps two clones of one server apart, which would let
// it go on under each other's hands.
const (
	markPrefix     = "dashboard-pause-"
	labelContainer = labelDashboard + ".container"
	labelNonce     = labelDashboard + ".nonce"
	// labelUntil is when the pause has ended in any case, in Unix seconds, unless
	// who made it was killed.
	labelUntil = labelDashboard + ".until"
)

// look is how often something is looked at that has no events.
const look = 100 * time.Millisecond

var errTooLong = errors.New("the container was paused for as long as is allowed")

// still pauses a container while something is done, and says for how long. It
// goes on in any case: after an error, a panic, the end of ctx, which also ends
// what is done. One that does not run is not paused, nor one that somebody else
// has paused already.
func (c *Cloner) still(ctx context.Context, id string, k key, do func(context.Context) error) (paused time.Duration, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.config.MaxPause, errTooLong)
	defer cancel()
	unmark, err := c.mark(ctx, id, k)
	if err != nil {
		return 0, err
	}
	resumed := true
	defer func() {
		if resumed { // else the mark is needed still
			unmark()
		}
	}()
	moves, err := c.moves(ctx, id)
	if err != nil {
		return 0, err
	}
	if !moves {
		return 0, do(ctx)
	}
	var began time.Time
	if began, resumed, err = c.pause(ctx, id); err != nil {
		return 0, err
	}
	defer func() {
		resumed = c.resume(ctx, id)
		paused = time.Since(began)
		c.log.Info("a server stood still for its snapshot", "container", id, "dashboard", k.dashboard, "revision", k.revision, "paused", paused)
	}()
	return 0, do(ctx)
}

// pause pauses a container, or says whether it goes on after all. One that is
// busy with its disk cannot always be paused at once ("unable to freeze": runc).
func (c *Cloner) pause(ctx context.Context, id string) (began time.Time, resumed bool, err error) {
	const tries = 5
	for try := 1; ; try++ {
		began = time.Now()
		short, stop := context.WithTimeout(ctx, quick)
		_, err = c.engine.ContainerPause(short, id, client.ContainerPauseOptions{})
		stop()
		if err == nil {
			return began, false, nil
		}
		// Docker may have paused it without our hearing of it.
		if resumed = c.resume(ctx, id); !resumed || try == tries || ctx.Err() != nil || isAway(err) {
			return began, resumed, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(try) * look):
		}
	}
}

// moves says whether a container runs and is not paused.
func (c *Cloner) moves(ctx context.Context, id string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	found, err := c.engine.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil || found.Container.State == nil {
		return false, err
	}
	return found.Container.State.Running && !found.Container.State.Paused, nil
}

// resume lets a container go on, and says whether it does. It tries on for a
// while: a server that stands still is worse than anything that could come
// between.
func (c *Cloner) resume(ctx context.Context, id string) bool {
	ctx, cancel := cleanup(ctx)
	defer cancel()
	for {
		short, stop := context.WithTimeout(ctx, quick)
		_, failed := c.engine.ContainerUnpause(short, id, client.ContainerUnpauseOptions{})
		stop()
		if failed == nil || cerrdefs.IsNotFound(failed) {
			return true
		}
		// That it is not paused is an error, too, of different kinds.
		found, err := c.engine.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
		if cerrdefs.IsNotFound(err) || err == nil && found.Container.State != nil && !found.Container.State.Paused {
			return true
		}
		select {
		case <-ctx.Done():
			c.log.Error("a server that was paused for its snapshot could not be let go on; this is tried again later", "container", id, "error", failed)
			return false
		case <-time.After(look):
		}
	}
}

// mark says that a container is going to be paused by us, waiting for others to
// be done with it.
func (c *Cloner) mark(ctx context.Context, id string, k key) (unmark func(), err error) {
	nonce := rand.Text()
	name := markPrefix + id
	for {
		made, err := c.createMark(ctx, name, map[string]string{
			labelDashboard: k.dashboard, labelRevision: strconv.Itoa(k.revision), labelRepository: c.config.Repository,
			labelContainer: id, labelNonce: nonce,
			labelUntil: strconv.FormatInt(time.Now().Add(c.config.MaxPause+2*grace).Unix(), 10),
		})
		if err != nil {
			return nil, err
		}
		if made[labelNonce] == nonce {
			return func() {
				ctx, cancel := cleanup(ctx)
				defer cancel()
				if err := c.removeMark(ctx, name); err != nil {
					c.log.Warn("the mark of a pause is left until later", "volume", name, "error", err)
				}
			}, nil
		}
		if until, err := strconv.ParseInt(made[labelUntil], 10, 64); err != nil || time.Now().Unix() > until {
			if err := c.release(ctx, name, id); err != nil { // whoever made it was killed
				return nil, err
			}
			continue
		}
		select {
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), errTooLong) {
				return nil, dashboard.Errorf(dashboard.Unavailable, "Another snapshot of your server is being made. Try again when it is done.")
			}
			return nil, context.Cause(ctx)
		case <-time.After(look):
		}
	}
}

// createMark returns the labels of the volume that has the name then.
func (c *Cloner) createMark(ctx context.Context, name string, labels map[string]string) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	made, err := c.engine.VolumeCreate(ctx, client.VolumeCreateOptions{Name: name, Labels: labels})
	return made.Volume.Labels, err
}

// late is how long a container may go on before it is paused by a process that was
// killed just then: what Docker was asked for it does to the end.
const late = 5 * time.Second

// release does what a process that was killed could not: the container goes on.
func (c *Cloner) release(ctx context.Context, name, id string) error {
	for end := time.Now().Add(late); ; {
		found, err := c.engine.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
		if err != nil && !cerrdefs.IsNotFound(err) {
			return err
		}
		state := found.Container.State
		if err == nil && state != nil && state.Paused {
			c.log.Warn("letting a server go on that was paused when the process that made its snapshot ended", "container", id)
			if !c.resume(ctx, id) {
				return errors.New("the container cannot be let go on")
			}
		}
		if err != nil || state == nil || !state.Running || state.Paused || time.Now().After(end) {
			return c.removeMark(ctx, name)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(look):
		}
	}
}

func (c *Cloner) removeMark(ctx context.Context, name string) error {
	_, err := c.engine.VolumeRemove(ctx, name, client.VolumeRemoveOptions{})
	return isThere(err)
}
