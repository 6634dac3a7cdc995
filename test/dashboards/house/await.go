package house

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// final is an error that no waiting changes.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

// Final makes an error one for which Await does not wait any more.
func Final(err error) error { return final{err} }

// Await waits until a check passes, and returns its last complaint if it does not
// in time.
func Await(ctx context.Context, limit time.Duration, check func() error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		err := check()
		if err == nil || errors.As(err, new(final)) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("after %s: %w", limit, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
