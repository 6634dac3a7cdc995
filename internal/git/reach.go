package git

import (
	"context"
	"errors"
)

// Reach says whether the remote can be asked, and has what is wanted of it.
// Nothing is written.
func (s Source) Reach(ctx context.Context) error {
	p, err := newPull(s, nil)
	if err != nil {
		return err
	}
	p.enter(ctx, "/") // where nobody else can put a .git
	if _, err := p.resolve(ctx); err != nil {
		return errors.New(p.git.redact(err.Error()))
	}
	return nil
}
