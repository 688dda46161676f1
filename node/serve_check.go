package node

import (
	"sync/atomic"
	"time"
)

// checkEvery is how often a peer is told the sums over the results that it follows, if
// anything was committed meanwhile: it notices if it holds something else, and its
// cursors do not grow old.
const checkEvery = 5 * time.Minute

// checks has the sums told.
type checks struct {
	due   atomic.Bool
	timer *time.Timer // of the owner of the connection
}

// watchResults begins to have sums told, until the timer is stopped.
func (s *server) watchResults() {
	s.checks.timer = time.AfterFunc(time.Hour, func() {
		if s.ctx.Err() != nil {
			return
		}
		s.checks.due.Store(true)
		s.nudge()
		s.checks.timer.Reset(checkEvery)
	})
	s.checks.timer.Reset(checkEvery) // the function uses the timer, which is there now
}

// check tells the sums that are due. The writer calls it.
func (s *server) check() error {
	if !s.checks.due.Swap(false) {
		return nil
	}
	s.mu.Lock()
	all := make([]*subscription, 0, len(s.subscriptions))
	for _, sub := range s.subscriptions {
		all = append(all, sub)
	}
	s.mu.Unlock()
	for _, sub := range all {
		if err := sub.check(); err != nil {
			return err
		}
	}
	return nil
}

// check tells the sum over the result, if the peer has been told of everything in it, and
// of nothing that is not in it yet.
func (sub *subscription) check() error {
	now := *sub.server.committer.published.Load()
	if !sub.begun || sub.late != nil || now.Equal(sub.checked) || !now.Covers(sub.read) {
		return nil
	}
	q, err := sub.query()
	if err != nil {
		return err
	}
	items, sum, ok := sub.sub.Sum(digestsOf(q))
	if !ok {
		return nil
	}
	sub.checked = now
	sub.reach(now)
	return sub.sendSummary(items, sum)
}
