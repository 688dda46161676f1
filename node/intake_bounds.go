package node

import (
	"errors"

	"github.com/ankgo/ank/event"
)

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
