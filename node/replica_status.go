package node

import (
	"errors"
	"fmt"
)

func (r *replica) ackedSoFar() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.acked
}

func (r *replica) isDone() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked != nil && r.answered == r.asked.Number && r.settled == r.answered && r.told.Settled == r.questions && r.questions > 0
}

// outcome is what a connection that ended for err amounts to.
func (r *replica) outcome(err error) error {
	switch {
	case errors.Is(err, errDone), errors.Is(err, ErrClosed), errors.Is(err, errLeft) && !r.options.once:
		return nil
	case errors.Is(err, errLeft) && r.out != nil && r.isDone():
		return nil
	case errors.Is(err, errLeft):
		return fmt.Errorf("%w: %w", ErrLeft, err)
	}
	return fmt.Errorf("replicating: %w", err)
}

func (r *replica) status() *Replica {
	s := r.in.status()
	s.Peer, s.Since = r.other, r.since
	r.mu.Lock()
	defer r.mu.Unlock()
	s.Sent = r.entries
	s.Refused = append(s.Refused, r.theirs...)
	return s
}

// problems are what is to be told of when a connection has ended: logs that were
// refused, and those that miss what the peer did not have.
func (r *replica) problems() []*ReplicaError {
	if r.in == nil {
		return nil
	}
	s := r.status()
	if r.options.once {
		return append(s.Refused, s.Waiting...)
	}
	return s.Refused
}
