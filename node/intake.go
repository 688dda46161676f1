package node

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
)

// What one source of entries may make this node hold.
const (
	maxHeldEntries = 64 << 10 // that cannot be stored yet; for their bytes see Limits
	maxRefused     = 1024     // logs; a source with more is ended
	unitEntries    = 1024     // stored together
	unitBytes      = 2 << 20  // likewise
)

// intake takes in what one source, a peer or a bundle, has of other origins' logs.
// It verifies entries as they come, holds those that no signature vouches for yet
// or whose precursors are not here, and has the others stored, in the order of
// their transactions. Who reads from the source calls take; a goroutine of the same
// owner runs store.
type intake struct {
	node   *Node
	trusts trust
	window uint64              // how much the source may have under way; 0: as much as it likes
	tell   func(*ReplicaError) // of a log that is refused; must not wait
	nudge  func()              // something is due to be told to the source
	news   chan struct{}       // something came, or was stored by somebody

	certificates map[event.Origin]event.Certificate // the reader's, verified

	own    event.Origin // store's: this node's, of which the source has more than is here
	common uint64       // store's: how far both are the same
	grown  atomic.Bool  // something was stored since it was last looked for what waits

	mu       sync.Mutex // protects all below
	cursor   event.Cursor
	logs     map[event.Origin]*incoming
	refused  int
	problems []*ReplicaError
	arrived  uint64                  // bytes
	ready    int                     // bytes of what can be stored
	held     int                     // bytes of what cannot
	entries  int                     // of what cannot
	stored   uint64                  // entries
	came     map[event.Origin]uint64 // how far each log came since somebody asked
	number   uint64                  // of times that the source was asked; see wire.Follow
	caught   uint64                  // the last of them that it has answered
	awaits   bool                    // more of this node's own log, and nothing is answered before
	settled  uint64                  // the last of them that is done with
}

// incoming is one log as it comes in.
type incoming struct {
	origin   event.Origin
	verifier *event.LogVerifier
	unsigned []*arrival           // nobody vouches for them yet
	queue    []*arrival           // to be stored next
	waits    *entity.MissingError // what the first of queue misses; nil: nothing
	first    uint64               // the seq of that
	dropped  bool                 // what came was let go, and has to come again
	skips    bool                 // until what was asked for again comes
	refused  bool
	whole    bool                 // it comes from its beginning, to be compared with what is here
	meta     []storage.MetaChange // to be stored with it
	under    int                  // of meta, how many are being stored
	unmarked int                  // bytes since the last checkpoint
	waiting  int                  // bytes of queue
	pending  int                  // bytes of unsigned
}

func newIntake(n *Node, t trust, cursor event.Cursor) *intake {
	return &intake{
		node: n, trusts: t, cursor: cursor, tell: func(*ReplicaError) {}, nudge: func() {},
		news: make(chan struct{}, 1), logs: make(map[event.Origin]*incoming), came: make(map[event.Origin]uint64),
		certificates: make(map[event.Origin]event.Certificate),
	}
}

// errFlood ends a source that sends what cannot be kept.
func errFlood(what string) error {
	return &RefusedError{Code: wire.CodeTooMany, Text: what}
}

// take takes in what came in a message of that size.
func (in *intake) take(ctx context.Context, m *wire.Entries, size int) error {
	for _, c := range m.Certificates {
		if c.System == in.node.System() && c.Verify() == nil {
			in.certificates[c.Subject] = c
		}
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.window > 0 && uint64(in.ready) > 2*in.window {
		return errFlood("entries that nobody has asked for yet")
	}
	in.arrived += uint64(size)
	for _, e := range m.Entries {
		if err := in.entryLocked(ctx, e, size); err != nil {
			return err
		}
	}
	for i := range m.Heads {
		in.headLocked(&m.Heads[i])
	}
	for _, e := range m.Entries {
		for _, a := range slices.Backward(in.logs[e.Origin].unsigned) {
			if !a.shares {
				break
			}
			a.part()
		}
	}
	in.boundLocked()
	if in.refused > maxRefused {
		return errFlood("more logs that are refused than can be kept track of")
	}
	in.wake()
	return nil
}

// wake has store look again. It does not wait.
func (in *intake) wake() {
	select {
	case in.news <- struct{}{}:
	default:
	}
}

// logLocked returns the log of an origin, and begins it if need be.
func (in *intake) logLocked(ctx context.Context, o event.Origin, seq uint64) (*incoming, error) {
	if l := in.logs[o]; l != nil {
		return l, nil
	}
	at, _ := in.cursor.At(o)
	l := &incoming{origin: o, verifier: event.NewLogVerifier(o, at)}
	in.logs[o] = l
	known, err := in.node.isCertified(ctx, o)
	if err != nil {
		return nil, err
	}
	c, shown := in.certificates[o]
	switch reason := in.trusts.check(o); {
	case reason != nil:
		in.refuseLocked(l, seq, reason)
	case known:
	case !shown:
		in.refuseLocked(l, seq, ErrUncertified)
	default:
		l.meta = append(l.meta, certificateMeta(c))
	}
	return l, nil
}

// entryLocked takes the next entry of a log.
func (in *intake) entryLocked(ctx context.Context, e *event.Entry, message int) error {
	l, err := in.logLocked(ctx, e.Origin, e.Seq)
	if err != nil {
		return err
	}
	in.came[e.Origin] = e.Seq
	if e.Seq == 1 && l.verifier.Last().Seq > 0 && e.Origin == in.node.Origin() {
		in.compareLocked(l)
	}
	last := l.verifier.Last()
	switch {
	case l.refused, e.Seq <= last.Seq, l.dropped, l.skips && e.Seq != last.Seq+1:
		return nil
	}
	if l.skips = false; e.Seq > last.Seq+1 {
		if err := in.leapLocked(ctx, l, e); err != nil {
			return err
		}
	}
	a := &arrival{entry: e, size: e.Size()}
	a.shares = message > 4*a.size
	if err := in.followsLocked(l, e); err != nil {
		in.refuseLocked(l, e.Seq, err)
		return nil
	}
	a.short = l.verifier.Last().Short
	l.unsigned = append(l.unsigned, a)
	l.pending += a.size
	in.held += a.size
	in.entries++
	return nil
}

// followsLocked checks that an entry is one, and follows those that came before.
func (in *intake) followsLocked(l *incoming, e *event.Entry) error {
	if err := e.Validate(); err != nil {
		return err
	}
	return l.verifier.Entry(e)
}

// headLocked takes a signed head: what it vouches for can be stored.
func (in *intake) headLocked(h *event.SignedHead) {
	l := in.logs[h.Origin]
	if l == nil || l.refused || l.dropped || l.skips || h.Seq <= l.verifier.Verified().Seq {
		return
	}
	n := int(h.Seq - l.verifier.Verified().Seq)
	if err := l.verifier.Head(*h); err != nil {
		in.refuseLocked(l, h.Seq, err)
		return
	}
	vouched := l.unsigned[:n]
	vouched[n-1].head = h
	for _, a := range vouched {
		l.unmarked += a.size
		l.pending -= a.size
		l.waiting += a.size
		if l.waits == nil {
			in.releaseLocked(a)
		} else {
			a.part()
		}
	}
	if l.unmarked >= checkpointBytes || h.Seq/markEvery > (h.Seq-uint64(n))/markEvery {
		l.unmarked = 0
		l.meta = append(l.meta, checkpoint(h))
	}
	l.queue = append(l.queue, vouched...)
	l.unsigned = append([]*arrival(nil), l.unsigned[n:]...)
}

var errUnsigned = errors.New("more entries than can be held, and no signed head vouches for them")
