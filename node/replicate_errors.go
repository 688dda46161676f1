package node

import (
	"errors"
	"fmt"

	"github.com/ankgo/ank/event"
)

var (
	// ErrUncertified: a log is that of an origin which the system has not certified.
	ErrUncertified = errors.New("the origin is not certified by the system")

	// ErrBlocked: a log is that of an origin which is not to be replicated: see
	// [OnlyOrigins] and [WithoutOrigins].
	ErrBlocked = errors.New("the origin is not to be replicated")

	// ErrLeft: the peer has left before both had everything.
	ErrLeft = errors.New("the peer has left before everything was exchanged")
)

// errAhead: somebody has more of this node's own log than this node, whose store must
// be an old copy. See [Node.renew].
var errAhead = errors.New("others have more of this node's log than is here")

// errForked: somebody has another entry of this node's own log in the place of one that
// is here. See [Node.renew].
var errForked = errors.New("others have another continuation of this node's log than is here")

// ReplicaError tells that a log is not replicated from an entry on. It unwraps to
// the reason: an *[event.LogError] if the log was tampered with, forked, gapped or
// badly signed; [ErrUncertified] or [ErrBlocked]; event.ErrInvalid; an
// *[entity.MissingError] if the entry builds on what did not come. Other logs are
// not concerned.
type ReplicaError struct {
	Origin event.Origin
	Seq    uint64 // the first entry that is not taken
	Reason error
}

// Error implements error.
func (e *ReplicaError) Error() string {
	return fmt.Sprintf("the log of origin %s is not replicated from entry %d on: %v", e.Origin.Short(), e.Seq, e.Reason)
}

// Unwrap returns the reason.
func (e *ReplicaError) Unwrap() error { return e.Reason }
