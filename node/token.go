package node

import (
	"context"
	"fmt"
)

// token is a right that one goroutine holds at a time. It is a channel and no
// mutex because it is held while a device works: waiting for it ends with a
// context, and passes in virtual time.
type token chan struct{}

func newToken() token { return make(token, 1) }

// take waits for the token.
func (t token) take() { t <- struct{}{} }

// tryTake takes the token if nobody has it.
func (t token) tryTake() bool {
	select {
	case t <- struct{}{}:
		return true
	default:
		return false
	}
}

// takeWithin waits for the token until ctx is done.
func (t token) takeWithin(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ended(ctx)
	}
}

// give hands the token back.
func (t token) give() { <-t }

// ended is the error of a context that is done: what it says itself, and the
// cause that was given, if any.
func ended(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if cause == err {
		return err
	}
	return fmt.Errorf("%w: %w", err, cause)
}
