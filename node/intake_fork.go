package node

import (
	"context"

	"github.com/ankgo/ank/event"
)

// seek has the source asked for this node's own log from its beginning: it is forked,
// and somewhere there is the last entry that is the same on both sides.
func (in *intake) seek(ctx context.Context, own event.Origin) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	l, err := in.logLocked(ctx, own, 1)
	if err != nil || l.refused || l.whole {
		return err
	}
	in.compareLocked(l)
	in.number++
	in.awaits = true
	in.nudge()
	return nil
}

// await notes that the source has more of this node's own log than is here, so that
// the node will go on under a new origin, with what the source is to be sent.
func (in *intake) await() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.awaits = in.settled < in.number
}

// awaited notes that the node's own log is what it will be.
func (in *intake) awaited() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.awaits = false
	in.nudge()
}

func (in *intake) isAwaiting() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.awaits
}

// compareLocked takes this node's own log as it comes from its beginning.
func (in *intake) compareLocked(l *incoming) {
	if l.whole || l.refused || len(l.queue) > 0 {
		return
	}
	in.forgetLocked(l)
	l.whole = true
	l.verifier = event.NewLogVerifier(l.origin, event.Position{})
}

// leapLocked takes an entry to follow what is stored here, if it does: the source
// leaves out what it knows to be here, such as what it was sent.
func (in *intake) leapLocked(ctx context.Context, l *incoming, e *event.Entry) error {
	s, leave, err := in.node.open(ctx)
	if err != nil {
		return err
	}
	defer leave()
	at, ok := s.Cursor().At(l.origin)
	if !ok || at.Seq < e.Seq-1 {
		return nil
	}
	before, err := readEntry(ctx, s, l.origin, e.Seq-1)
	if err != nil {
		return err
	}
	in.forgetLocked(l)
	l.verifier = event.NewLogVerifier(l.origin, before.Position())
	return nil
}
