package git

import "context"

// Head is the id of the commit that the folder has after a Pull. It is empty if the
// repository has none.
func (s Source) Head(ctx context.Context) (string, error) {
	p, err := newPull(s, nil)
	if err != nil {
		return "", err
	}
	p.enter(ctx, p.folder)
	commit := p.git.commit(ctx, "HEAD")
	return commit, context.Cause(ctx)
}
