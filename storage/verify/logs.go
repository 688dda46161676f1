package verify

import (
	"errors"
	"fmt"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// log is how far the log of one origin was read.
type log struct {
	seq    uint64
	hash   event.Digest
	signed *event.SignedHead // to be met
}

// logs reads all logs.
func (v *verifier) logs() error {
	positions := v.snapshot.Cursor().Positions()
	logs := make(map[event.Origin]*log, len(positions))
	for _, p := range positions {
		signed, err := v.signed(p)
		if err != nil {
			return err
		}
		logs[p.Origin] = &log{signed: signed}
	}
	for e, err := range v.snapshot.Log(v.ctx, event.Cursor{}) {
		if err != nil {
			return err
		}
		l := logs[e.Origin]
		if l == nil {
			return wrong(name(e.Origin, e.Seq), "the cursor has no such log")
		}
		if err = l.next(e); err == nil {
			err = v.events(e, len(positions) > 1)
		}
		if err != nil {
			return err
		}
		if v.report.Entries++; v.report.Entries%step == 0 {
			v.progress(v.report)
		}
	}
	if v.report.Entries == 0 && len(positions) > 0 {
		return ErrNoHistory
	}
	for _, p := range positions {
		if err := logs[p.Origin].ends(p); err != nil {
			return err
		}
		v.report.Logs++
	}
	return nil
}

func name(o event.Origin, seq uint64) string {
	return fmt.Sprintf("entry %d of log %s", seq, o.Short())
}

// signed returns the signed head of a log, nil if there is none.
func (v *verifier) signed(p event.Position) (*event.SignedHead, error) {
	head, err := v.snapshot.SignedHead(v.ctx, p.Origin)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	}
	if err := head.Verify(); err != nil {
		return nil, wrong("signed head of log "+p.Origin.Short(), "%w", err)
	}
	return &head, nil
}

// next checks that an entry follows the one before it.
func (l *log) next(e *event.Entry) error {
	what := name(e.Origin, e.Seq)
	if err := e.Validate(); err != nil {
		return wrong(what, "%w", err)
	}
	if e.Seq != l.seq+1 {
		return wrong(what, "it follows entry %d", l.seq)
	}
	if e.Prev != l.hash {
		return wrong(what, "the entry before it is not the one that it followed")
	}
	l.seq, l.hash = e.Seq, e.Hash()
	if l.signed == nil || l.signed.Seq != l.seq {
		return nil
	}
	if l.signed.Hash != l.hash {
		return wrong(what, "it is not the one that its origin signed")
	}
	l.signed = nil
	return nil
}

// ends checks that a log ends where it should.
func (l *log) ends(p event.Position) error {
	what := "log " + p.Origin.Short()
	if l.seq != p.Seq || l.hash.Short() != p.Short {
		return wrong(what, "it ends with entry %d, and the cursor has %d", l.seq, p.Seq)
	}
	if l.signed != nil {
		return wrong(what, "it does not have the entry %d that its origin signed", l.signed.Seq)
	}
	return nil
}

// events notes the events of an entry that are found at its address.
func (v *verifier) events(e *event.Entry, several bool) error {
	for _, ev := range e.Events() {
		if several {
			origin, seq, err := storage.Locate(v.ctx, v.snapshot, ev.Entity, ev.ID)
			if err != nil {
				return wrong(name(e.Origin, e.Seq), "its event %v is not found by entity: %w", ev.ID, err)
			}
			if origin != e.Origin || seq != e.Seq {
				continue // the transaction has another address, too
			}
		}
		v.logged.add(ev, e.Origin, e.Seq)
		v.report.Events++
		if ev.IsCreation() {
			v.founded++
		}
	}
	return nil
}

// lost names the first event that the logs have and no entity, or the other way round.
func (v *verifier) lost() error {
	for e, err := range v.snapshot.Log(v.ctx, event.Cursor{}) {
		if err != nil {
			return err
		}
		for _, ev := range e.Events() {
			if _, err := v.snapshot.State(v.ctx, ev.Collection, ev.Entity); err != nil {
				return wrong(fmt.Sprintf("entity %v of %s", ev.Entity, ev.Collection), "%s has a change of it: %w", name(e.Origin, e.Seq), err)
			}
			stored, err := v.snapshot.Event(v.ctx, ev.Entity, ev.ID)
			if err != nil {
				return wrong(name(e.Origin, e.Seq), "its event %v is not found by entity: %w", ev.ID, err)
			}
			if stored.Origin == e.Origin && stored.Seq == e.Seq && stored.Event.Digest() != ev.Digest() {
				return wrong(name(e.Origin, e.Seq), "its event %v is another one by entity", ev.ID)
			}
		}
	}
	return wrong("the events by entity", "there are some that no log has")
}
