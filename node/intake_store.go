package node

import (
	"bytes"
	"container/heap"
	"context"
	"errors"
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
)

// store has everything stored that can be, as it comes, until ctx ends or the node
// takes no more. With once, it returns nil when there is nothing to be done.
func (in *intake) store(ctx context.Context, once bool) error {
	stop := in.node.committer.grown.listen(in.heard)
	defer stop()
	for {
		if err := in.awake(ctx); err != nil {
			return err
		}
		unit, meta := in.next()
		if len(unit) > 0 {
			if err := in.node.ingest(ctx, unit, meta); err != nil {
				return err
			}
			if in.note(unit) {
				in.node.logger.Error("others have more of the log of this node than its store, which must be an old copy", "origin", in.own.String(), "common", in.common)
				if err := in.node.renew(ctx, in.own, in.common); err != nil {
					return err
				}
				in.awaited()
			}
			continue
		}
		if in.rest(); once {
			return nil
		}
		select {
		case <-in.news:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// heard notes that something was stored, by whomever. The committer calls it, and must
// not wait for somebody who verifies.
func (in *intake) heard() {
	in.grown.Store(true)
	in.wake()
}

// queues is a heap of logs, the one with the least transaction on top.
type queues []*queued

type queued struct {
	log  *incoming
	next int // of its queue
}

func (q *queued) arrival() *arrival { return q.log.queue[q.next] }

func (h queues) Len() int      { return len(h) }
func (h queues) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h queues) Less(i, j int) bool {
	return h[i].arrival().entry.Tx.ID.Less(h[j].arrival().entry.Tx.ID)
}
func (h *queues) Push(x any) { *h = append(*h, x.(*queued)) }

func (h *queues) Pop() any {
	last := len(*h) - 1
	q := (*h)[last]
	*h = (*h)[:last]
	return q
}

// next returns what is to be stored together, logs merged by transaction: that is
// the order in which precursors come first, as far as one knows.
func (in *intake) next() (unit []*arrival, meta []storage.MetaChange) {
	in.mu.Lock()
	defer in.mu.Unlock()
	var open queues
	for _, l := range in.logs {
		if len(l.queue) > 0 && l.waits == nil {
			open = append(open, &queued{log: l})
			meta = append(meta, l.meta...)
			l.under = len(l.meta)
		}
	}
	heap.Init(&open)
	size := 0
	for len(open) > 0 && len(unit) < min(unitEntries, in.node.limits.Batch) && size < unitBytes {
		q := open[0]
		unit = append(unit, q.arrival())
		size += q.arrival().size
		if q.next++; q.next == len(q.log.queue) {
			heap.Pop(&open)
		} else {
			heap.Fix(&open, 0)
		}
	}
	return unit, meta
}

// note takes in what became of a unit, and reports whether it brought more of this
// node's own log than is here, or another continuation of it.
func (in *intake) note(unit []*arrival) (ahead bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, a := range unit {
		l := in.logs[a.entry.Origin]
		switch {
		case l.waits != nil, len(l.queue) == 0 || l.queue[0] != a:
			// something before it in its log is not stored
		case a.stored:
			in.ready -= a.size
			l.waiting -= a.size
			in.stored++
			l.queue, l.meta, l.under = l.queue[1:], l.meta[l.under:], 0
		case a.err == errAhead, a.err == errForked:
			ahead, in.own, in.common = true, a.entry.Origin, a.entry.Seq-1
		case a.err != nil:
			in.refuseLocked(l, a.entry.Seq, a.err)
			in.ready -= l.waiting
			l.queue, l.waiting = nil, 0
		case a.missing != nil:
			l.waits, l.first = a.missing, a.entry.Seq
			for _, waiting := range l.queue {
				in.holdLocked(waiting)
			}
		}
	}
	in.boundLocked()
	in.nudge()
	return ahead
}

// awake looks whether what logs wait for has come.
func (in *intake) awake(ctx context.Context) error {
	if !in.grown.Swap(false) {
		return nil
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	var snapshot storage.Snapshot
	for _, l := range in.logs {
		if l.waits == nil {
			continue
		}
		if snapshot == nil {
			s, leave, err := in.node.open(ctx)
			if err != nil {
				return err
			}
			defer leave()
			snapshot = s
		}
		here, err := hasAll(ctx, snapshot, l.waits.Entity, l.waits.Missing)
		if err != nil {
			return err
		}
		if here {
			in.resumeLocked(l)
		}
	}
	return nil
}

func hasAll(ctx context.Context, s storage.Snapshot, entity event.ID, events event.Head) (bool, error) {
	for _, id := range events {
		_, err := s.Event(ctx, entity, id)
		if errors.Is(err, storage.ErrNotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

// resumeLocked goes on with a log that waits for nothing any more.
func (in *intake) resumeLocked(l *incoming) {
	l.waits = nil
	for _, a := range l.queue {
		in.releaseLocked(a)
	}
	if l.dropped {
		l.dropped, l.skips = false, true
		in.number++
		in.nudge()
	}
}

// rest notes that nothing can be stored at the moment. If the source has sent all
// that it was asked for, then that is settled: what still waits misses something
// that the source does not have.
func (in *intake) rest() {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.ready > 0 || in.grown.Load() || in.settled == in.number || in.caught != in.number {
		return
	}
	in.settled, in.awaits = in.number, false
	in.nudge()
}

// finished takes in that the source has sent all that it was asked for.
func (in *intake) finished(number uint64) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if number > in.number || number < in.caught {
		return &RefusedError{Code: wire.CodeProtocol, Text: "an answer to a question that was not asked"}
	}
	if in.caught = number; number == in.number {
		for _, l := range in.logs {
			l.skips = false
		}
	}
	in.wake()
	return nil
}

// question is what the source is to be asked for now.
func (in *intake) question() *wire.Follow {
	in.mu.Lock()
	defer in.mu.Unlock()
	cursor := in.cursor
	for _, l := range in.logs {
		if last := l.verifier.Last(); l.whole || !l.refused && last.Seq > 0 {
			cursor = cursor.With(last)
		}
	}
	return &wire.Follow{Number: in.number, Cursor: cursor}
}

// shown returns how far the logs came since it was asked last: so far the source has
// them.
func (in *intake) shown() map[event.Origin]uint64 {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.came) == 0 {
		return nil
	}
	came := in.came
	in.came = make(map[event.Origin]uint64)
	return came
}

// progress is how far all that has come.
func (in *intake) progress() (p wire.Progress, idle bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	return wire.Progress{Bytes: in.arrived - uint64(in.ready), Settled: in.settled}, in.ready == 0
}

func (in *intake) status() *Replica {
	in.mu.Lock()
	defer in.mu.Unlock()
	return &Replica{
		Settled: in.number > 0 && in.settled == in.number, Received: in.stored, Held: in.held,
		Refused: slices.Clone(in.problems), Waiting: in.waitingLocked(),
	}
}

// waitingLocked returns the logs that wait for something, as errors, by origin.
func (in *intake) waitingLocked() []*ReplicaError {
	var list []*ReplicaError
	for _, l := range in.logs {
		switch {
		case l.refused || l.waits == nil && len(l.unsigned) == 0:
		case l.waits != nil:
			list = append(list, &ReplicaError{Origin: l.origin, Seq: l.first, Reason: l.waits})
		default:
			list = append(list, &ReplicaError{Origin: l.origin, Seq: l.unsigned[0].entry.Seq, Reason: errNoHead})
		}
	}
	// What comes out of a map is to be the same every time.
	slices.SortFunc(list, func(a, b *ReplicaError) int { return bytes.Compare(a.Origin[:], b.Origin[:]) })
	return list
}

var errNoHead = errors.New("no signed head vouches for it")
