package node

import "context"

// token is a right that one goroutine holds at a time. It is a channel and no
// mutex because it is held while a device works: waiting for it ends with a
// context, and passes in virtual time.
type token chan struct{}

func newToken() token { return make(token, 1) }

// take waits for the token.
func (t token) take() { t <- struct{}{} }

// takeWithin waits for the token until ctx is done.
func (t token) takeWithin(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// give hands the token back.
func (t token) give() { <-t }
