package storage

import (
	"slices"

	"github.com/ankgo/ank/event"
)

// Batch is what one Commit stores, all or nothing. Fields that are empty change
// nothing; an empty batch is legal and still checks Expect.
type Batch struct {
	// Cut takes back the ends of logs, before anything else: the log of an origin
	// ends at the position named, one that it has come by, and with sequence 0 it is
	// no more. The signed head of what is gone goes with it. A batch neither appends
	// to a log that it cuts, nor moves it.
	//
	// Events stay: those of entries that are gone are either in Entries, or were
	// logged elsewhere as well and answered from there. Only the owner of a log that
	// was forked, because its store was an old copy, has a reason for this.
	Cut []event.Position

	// Entries are appended to the logs of their origins, in order: the first of
	// an origin follows the position that the store has for it (sequence 1 if
	// none), each later one the one before. Their events become readable through
	// Event and Events.
	Entries []*event.Entry

	// Again names events of Entries that are logged, but that Event and Events
	// go on answering from where they were: a transaction that came by a second
	// address, or an event that lost to another with the same ID. Without it the
	// newest address wins.
	Again []event.ID

	// States replace the records of their entities, one change for each entity.
	States []StateChange

	// Advance moves cursor positions forward. For an origin in Entries it may be
	// left out (the engine then computes it from the last entry) or must name the
	// last entry. Other origins may advance without entries, by nodes that
	// keep no history.
	Advance []event.Position

	// Expect holds positions that the store must have before this batch, or it
	// is refused with ErrConflict. Sequence 0 means that the origin has none.
	Expect []event.Position

	// Holds are Meta values that the store must have before this batch, or it is refused
	// with ErrConflict: a nil value means that there is no such key. By it a process whose
	// lease was taken over notices in time.
	Holds []MetaValue

	// Heads replace the signed heads of their origins.
	Heads []event.SignedHead

	// Meta changes the map of small values that the owner keeps for itself. A
	// later change of a key overrules an earlier one.
	Meta []MetaChange
}

// StateChange replaces one record.
type StateChange struct {
	// Record is the new state. It belongs to the engine's readers from now on.
	Record *Record

	// Was is the stamp of the state that Record was folded from, zero if the
	// entity was not there. An engine that can compare it cheaply refuses the
	// batch with ErrConflict if the stored stamp differs.
	Was event.Stamp

	// Before, if not nil, is the record with the stamp Was: it spares the engine
	// from reading the old row when it moves index entries.
	Before *Record
}

// MetaChange sets a key of the Meta map. Keys are 1 to 1,024 bytes.
type MetaChange struct {
	Key   string
	Value []byte // nil removes the key; empty is a value
}

// MetaLoading is the Meta key that marks a store into which a dump is being loaded: it is not
// whole, and no node opens it. Package dump sets and removes it.
const MetaLoading = "storage/loading"

// MaxMetaKey is the greatest length of a Meta key in bytes.
const MaxMetaKey = 1024

// Validate checks everything about a batch that can be judged without the
// store, and returns a *BatchError for the first rule it breaks. Engines call it
// first thing in Commit.
func (b *Batch) Validate() error {
	for _, check := range []func(*Batch) error{
		checkEntries, checkStates, checkPositions, checkCut, checkMeta,
	} {
		if err := check(b); err != nil {
			return err
		}
	}
	return nil
}

func checkEntries(b *Batch) error {
	for i, e := range b.Entries {
		switch {
		case e == nil || e.Tx == nil:
			return &BatchError{"entries", i, "has no transaction"}
		case e.Seq == 0:
			return &BatchError{"entries", i, "has sequence 0; a log begins with 1"}
		}
		for j := i - 1; j >= 0; j-- {
			if b.Entries[j].Origin != e.Origin {
				continue
			}
			if b.Entries[j].Seq+1 != e.Seq {
				return &BatchError{"entries", i, "does not follow the entry before it in its origin's log"}
			}
			break
		}
	}
	return nil
}

func checkStates(b *Batch) error {
	var last event.ID
	var seen map[event.ID]struct{} // once the IDs do not ascend
	for i := range b.States {
		if reason := b.States[i].problem(); reason != "" {
			return &BatchError{"states", i, reason}
		}
		id := b.States[i].Record.Row.ID
		if seen == nil && last.Less(id) {
			last = id
			continue
		}
		if seen == nil {
			seen = make(map[event.ID]struct{}, len(b.States))
			for j := range i {
				seen[b.States[j].Record.Row.ID] = struct{}{}
			}
		}
		if _, twice := seen[id]; twice {
			return &BatchError{"states", i, "changes an entity for the second time: " + id.String()}
		}
		seen[id] = struct{}{}
	}
	return nil
}

// problem says what is wrong with one change, "" if nothing.
func (c *StateChange) problem() string {
	r := c.Record
	switch {
	case r == nil:
		return "has no record"
	case r.Collection == "":
		return "has no collection"
	case r.Row.ID.IsZero():
		return "has no entity ID"
	case len(r.Row.Head) == 0:
		return "has no head: " + r.Row.ID.String()
	case r.Stamp != r.Row.Head.Stamp():
		return "has a stamp that is not its head's: " + r.Row.ID.String()
	case c.Before == nil:
		return ""
	case c.Before.Row.ID != r.Row.ID || c.Before.Collection != r.Collection:
		return "has a record of another entity as Before: " + r.Row.ID.String()
	case c.Before.Stamp != c.Was:
		return "has a Before whose stamp is not Was: " + r.Row.ID.String()
	}
	return ""
}

func checkPositions(b *Batch) error {
	for i, p := range b.Expect {
		for j := range i {
			if b.Expect[j].Origin == p.Origin {
				return &BatchError{"expect", i, "names an origin for the second time"}
			}
		}
	}
	for i, p := range b.Advance {
		if p.Seq == 0 {
			return &BatchError{"advance", i, "has sequence 0"}
		}
		for j := range i {
			if b.Advance[j].Origin == p.Origin {
				return &BatchError{"advance", i, "names an origin for the second time"}
			}
		}
		if last := b.lastEntry(p.Origin); last != nil && last.Seq != p.Seq {
			return &BatchError{"advance", i, "is not the last entry of its origin in this batch"}
		}
	}
	return nil
}

func checkCut(b *Batch) error {
	for i, p := range b.Cut {
		for j := range i {
			if b.Cut[j].Origin == p.Origin {
				return &BatchError{"cut", i, "names an origin for the second time"}
			}
		}
		advances := slices.ContainsFunc(b.Advance, func(a event.Position) bool { return a.Origin == p.Origin })
		if advances || b.lastEntry(p.Origin) != nil {
			return &BatchError{"cut", i, "is of a log that the batch appends to or moves"}
		}
	}
	return nil
}

// lastEntry is the batch's last entry of an origin, nil if it has none.
func (b *Batch) lastEntry(o event.Origin) *event.Entry {
	for i := len(b.Entries) - 1; i >= 0; i-- {
		if b.Entries[i].Origin == o {
			return b.Entries[i]
		}
	}
	return nil
}

func checkMeta(b *Batch) error {
	for i, m := range b.Holds {
		if m.Key == "" || len(m.Key) > MaxMetaKey {
			return &BatchError{"holds", i, "has a key that is not 1 to 1,024 bytes long"}
		}
	}
	for i, m := range b.Meta {
		if m.Key == "" || len(m.Key) > MaxMetaKey {
			return &BatchError{"meta", i, "has a key that is not 1 to 1,024 bytes long"}
		}
	}
	return nil
}
