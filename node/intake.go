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

// part gives an entry that may be held for long memory of its own: it must not keep
// alive a message that it was a small part of.
func (a *arrival) part() {
	if !a.shares {
		return
	}
	a.shares = false
	if e, err := event.DecodeEntry(a.entry.AppendTo(nil)); err == nil { // it was decoded before
		a.entry = e
	}
}

// holdLocked and releaseLocked count what cannot be stored, and what can.
func (in *intake) holdLocked(a *arrival) {
	a.part()
	in.ready -= a.size
	in.held += a.size
	in.entries++
}

func (in *intake) releaseLocked(a *arrival) {
	in.held -= a.size
	in.entries--
	in.ready += a.size
}

// refuse takes nothing more of a log that something was found out about elsewhere.
func (in *intake) refuse(e *ReplicaError) {
	in.mu.Lock()
	defer in.mu.Unlock()
	l := in.logs[e.Origin]
	if l == nil {
		at, _ := in.cursor.At(e.Origin)
		l = &incoming{origin: e.Origin, verifier: event.NewLogVerifier(e.Origin, at)}
		in.logs[e.Origin] = l
	}
	in.refuseLocked(l, e.Seq, e.Reason)
}

// refuseLocked takes nothing more of a log. What was vouched for before is stored
// all the same.
func (in *intake) refuseLocked(l *incoming, seq uint64, reason error) {
	if l.refused {
		return
	}
	var problem *event.LogError
	if errors.As(reason, &problem) {
		seq = problem.Seq
	}
	l.refused = true
	in.refused++
	in.forgetLocked(l)
	err := &ReplicaError{Origin: l.origin, Seq: seq, Reason: reason}
	in.problems = append(in.problems, err)
	in.node.logger.Error("a log is not taken any further", "origin", l.origin.String(), "seq", seq, "error", reason)
	in.tell(err)
}

// forgetLocked lets go of what nobody vouches for.
func (in *intake) forgetLocked(l *incoming) {
	in.held -= l.pending
	in.entries -= len(l.unsigned)
	l.unsigned, l.pending = nil, 0
}

// boundLocked lets go of what is too much to be held: of the log that waits for
// something with the most, which is asked for again when that has come; and if none
// waits, somebody sends entries without signing them.
func (in *intake) boundLocked() {
	for in.held > in.node.limits.Held || in.entries > maxHeldEntries {
		var most *incoming
		for _, l := range in.logs {
			if size := l.holds(); size > 0 && (most == nil || size > most.holds()) {
				most = l
			}
		}
		if most == nil {
			return
		}
		if most.waits == nil {
			in.refuseLocked(most, most.verifier.Verified().Seq+1, errUnsigned)
			continue
		}
		in.dropLocked(most)
	}
}

var errUnsigned = errors.New("more entries than can be held, and no signed head vouches for them")

// holds is how much of a log is held that cannot be stored.
func (l *incoming) holds() int {
	if l.waits != nil {
		return l.pending + l.waiting
	}
	return l.pending
}

// dropLocked lets go of a log that waits, to be asked for again.
func (in *intake) dropLocked(l *incoming) {
	in.forgetLocked(l)
	first := l.queue[0].entry
	at := event.Position{Origin: l.origin, Seq: first.Seq - 1, Short: first.Prev.Short()}
	in.held -= l.waiting
	in.entries -= len(l.queue)
	l.queue, l.waiting, l.dropped = nil, 0, true
	l.verifier = event.NewLogVerifier(l.origin, at)
	in.node.logger.Info("entries wait for too long, and will be asked for again", "origin", l.origin.String(), "seq", first.Seq)
}
