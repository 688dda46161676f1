package node

import (
	"context"
	"time"

	"github.com/ankgo/ank/event"
)

// behindWait is how long a peer that has seen more than there is here waits for the rest.
const behindWait = 2 * time.Second

// catchUp waits until standing queries have what a cursor covers. The error is ErrBehind
// if that does not come.
func (s *server) catchUp(ctx context.Context, seen event.Cursor) error {
	if s.committer.published.Load().Covers(seen) {
		return nil
	}
	grown := make(chan struct{}, 1)
	stop := s.committer.grown.listen(func() {
		select {
		case grown <- struct{}{}:
		default:
		}
	})
	defer stop()
	timer := time.NewTimer(behindWait)
	defer timer.Stop()
	for {
		has, err := s.has(ctx, seen)
		if has || err != nil {
			return err
		}
		select {
		case <-grown:
		case <-timer.C:
			return ErrBehind
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// has reports whether standing queries have what a cursor covers. Of a log that its origin
// has closed there is no more than there is here, and what this node has moved from its
// log of before to the next one is here.
func (s *server) has(ctx context.Context, seen event.Cursor) (bool, error) {
	here := *s.committer.published.Load()
	if here.Covers(seen) {
		return true, nil
	}
	snapshot, leave, err := s.open(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	for _, p := range seen.Positions() {
		own, _ := here.At(p.Origin)
		if here.Covers(event.NewCursor(p)) {
			continue
		}
		if moved, err := isMoved(ctx, snapshot, p); moved {
			continue
		} else if err != nil {
			return false, err
		}
		head, err := snapshot.SignedHead(ctx, p.Origin)
		if err != nil || !head.Closed || head.Seq != own.Seq {
			return false, nil // what cannot be told is not here
		}
	}
	return true, nil
}
