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
			s.suspect(seen)
			return ErrBehind
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// suspect says once that somebody has seen more of this node's log than there is. Nobody
// else writes it, so that the store must be an old copy; unless it is not true.
func (s *server) suspect(seen event.Cursor) {
	own := s.Origin()
	here := *s.committer.published.Load()
	if p, ok := seen.At(own); ok && !here.CoversPosition(own, p.Seq) && s.suspected.CompareAndSwap(false, true) {
		s.logger.Error("a client says that it has seen more of the log of this node than its store has: if that was restored from an old copy, close its log (ank restored)",
			"origin", own.String(), "seen", p.Seq)
	}
}

// has reports whether standing queries have what a cursor covers, but for logs that their
// origins have closed: what is not here may have been lost, and who asks was told so.
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
		if here.Covers(event.NewCursor(p)) {
			continue
		}
		if closed, err := isClosed(ctx, snapshot, p.Origin); !closed || err != nil {
			return false, err
		}
	}
	return true, nil
}
