package bed

import (
	"context"
	"os/exec"
)

// Kill ends the hub as a crash does: nothing is cleaned up, and the servers and
// the hub's proxy stay.
func (h *Hub) Kill() error {
	if err := h.command.Process.Kill(); err != nil {
		return err
	}
	<-h.ended
	return nil
}

// Again starts a hub that was killed, with all that it knew, and returns when it
// is up. The context is for the start only.
func (h *Hub) Again(ctx context.Context) error {
	before := h.command
	h.command, h.ended = exec.Command(before.Path, before.Args[1:]...), make(chan struct{}) // #nosec G204 -- as it was
	h.command.Dir, h.command.Env, h.command.SysProcAttr = before.Dir, before.Env, before.SysProcAttr
	return h.run(ctx)
}
