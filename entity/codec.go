package entity

import (
	"fmt"
	"math"
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/internal/codec"
	"github.com/ankgo/ank/model"
)

// Merge data is what a state holds beside its head and its values: who wrote
// each field, the deletion register, the operations kept. It is
//
//	version  1 byte
//	flags    1 byte: which of the following sections are there
//	writers  a count and that many IDs, ascending: those that occur below and
//	         are neither the entity's own ID nor in its head
//	fields   for each value of the tuple, in its order, the writer
//	deletion the writer
//	kept     a count and that many operations
//
// A writer is a number: 0 is the creation event, 1 and up are the head's events,
// the numbers after those are the writers listed. All numbers are varints. Merge
// data that would hold no section is empty.
const mergeVersion = 1

// The flags of merge data.
const (
	flagWriters  = 1 << iota // writers are listed
	flagFields               // not all fields were written by the creation event
	flagDeletion             // the deletion register was written
	flagDeleted              // ... and holds true
	flagKept                 // operations are kept
	flagsKnown   = 1<<iota - 1
)

// The flags of a kept operation.
const (
	keptSame      = 1 << iota // of the same event as the one before
	keptPath                  // a path follows
	keptFieldHead             // a field head follows
	keptValue                 // a value follows
	keptErased                // a commitment follows
	keptKnown     = 1<<iota - 1
)

const idSize = len(event.ID{})

// writers numbers the events that merge data refers to.
type writers struct {
	entity event.ID
	head   event.Head
	others event.Head
}

// add lists an event unless it has a number without that.
func (w *writers) add(id event.ID) {
	if id != w.entity && !w.head.Contains(id) {
		w.others = append(w.others, id)
	}
}

func (w *writers) number(id event.ID) uint64 {
	if id == w.entity {
		return 0
	}
	if i, ok := slices.BinarySearchFunc(w.head, id, event.ID.Compare); ok {
		return uint64(i + 1)
	}
	i, _ := slices.BinarySearchFunc(w.others, id, event.ID.Compare)
	return uint64(1 + len(w.head) + i)
}

// read reads a writer's number.
func (w *writers) read(r *codec.Reader) event.ID {
	n := r.Uvarint()
	switch {
	case n == 0:
		return w.entity
	case n <= uint64(len(w.head)):
		return w.head[n-1]
	case n <= uint64(len(w.head)+len(w.others)):
		return w.others[n-1-uint64(len(w.head))]
	}
	r.Fail("a writer that is not listed")
	return event.ID{}
}

// encodeMerge returns the merge data that goes with a tuple of fields.
func (s *State) encodeMerge(fields []register) []byte {
	w := writers{entity: s.id, head: s.head}
	flags := s.sections(fields, &w)
	if flags == 0 {
		return nil
	}
	b := make([]byte, 0, 2+len(fields)+len(w.others)*idSize+8)
	b = append(b, mergeVersion, flags)
	if flags&flagWriters != 0 {
		b = w.others.AppendTo(b)
	}
	if flags&flagFields != 0 {
		for i := range fields {
			b = codec.AppendUvarint(b, w.number(fields[i].by))
		}
	}
	if flags&flagDeletion != 0 {
		b = codec.AppendUvarint(b, w.number(s.deletion.by))
	}
	if flags&flagKept != 0 {
		b = appendKept(b, s.kept)
	}
	return b
}

// sections tells which sections there are, and lists the writers.
func (s *State) sections(fields []register, w *writers) (flags byte) {
	for i := range fields {
		if fields[i].by != s.id {
			flags |= flagFields
			w.add(fields[i].by)
		}
	}
	if !s.deletion.by.IsZero() {
		flags |= flagDeletion
		w.add(s.deletion.by)
	}
	if s.deletion.deleted {
		flags |= flagDeleted
	}
	if len(s.kept) > 0 {
		flags |= flagKept
	}
	if len(w.others) > 0 {
		flags |= flagWriters
		slices.SortFunc(w.others, event.ID.Compare)
		w.others = slices.Compact(w.others)
	}
	return flags
}

func appendKept(b []byte, kept []Kept) []byte {
	b = codec.AppendUvarint(b, uint64(len(kept)))
	var last event.ID
	for i := range kept {
		k := &kept[i]
		flags := k.flags()
		if i > 0 && k.Event == last {
			flags |= keptSame
		}
		b = append(b, flags)
		if flags&keptSame == 0 {
			b = append(b, k.Event[:]...)
			last = k.Event
		}
		b = codec.AppendUvarint(b, uint64(k.Index))
		b = codec.AppendString(b, k.Op.Field)
		b = codec.AppendUvarint(b, uint64(k.Op.Kind))
		if flags&keptPath != 0 {
			b = codec.AppendString(b, k.Op.Path)
		}
		if flags&keptFieldHead != 0 {
			b = k.Op.FieldHead.AppendTo(b)
		}
		if flags&keptValue != 0 {
			b = codec.AppendBytes(b, k.Op.Value)
		}
		if flags&keptErased != 0 {
			b = append(b, k.Op.Erased.Commitment[:]...)
		}
	}
	return b
}

func (k *Kept) flags() (flags byte) {
	if k.Op.Path != "" {
		flags |= keptPath
	}
	if k.Op.FieldHead != nil {
		flags |= keptFieldHead
	}
	if len(k.Op.Value) > 0 {
		flags |= keptValue
	}
	if k.Op.Erased != nil {
		flags |= keptErased
	}
	return flags
}

// DecodeState returns the state of which [State.Encode] returned values and
// merge while it had the given head. It aliases both, which must not change. The
// error, if they do not belong together, matches [ErrCorrupt].
func DecodeState(collection string, id event.ID, head event.Head, values model.Tuple, merge []byte) (*State, error) {
	s := NewState(collection, id)
	if err := s.Decode(head, values, merge); err != nil {
		return nil, err
	}
	return s, nil
}

// Decode is DecodeState for a state that is new or was reset.
func (s *State) Decode(head event.Head, values model.Tuple, merge []byte) error {
	s.head = head
	s.fields = slices.Grow(s.fields, values.Len())
	for name, value := range values.All() {
		s.fields = append(s.fields, register{name: name, value: value, by: s.id})
	}
	if len(merge) == 0 {
		return nil
	}
	if err := s.decodeMerge(merge); err != nil {
		return fmt.Errorf("entity: %w of %s %v: %w", ErrCorrupt, s.collection, s.id, err)
	}
	return nil
}

func (s *State) decodeMerge(merge []byte) error {
	var r codec.Reader
	r.Reset(merge)
	if v := r.Byte(); v != mergeVersion {
		r.Fail(fmt.Sprintf("merge data of version %d, %d is supported", v, mergeVersion))
	}
	flags := r.Byte()
	if flags > flagsKnown || flags&(flagDeletion|flagDeleted) == flagDeleted {
		r.Fail("impossible flags of merge data")
	}
	w := writers{entity: s.id, head: s.head}
	if flags&flagWriters != 0 {
		w.others = readIDs(&r)
	}
	if flags&flagFields != 0 {
		for i := range s.fields {
			s.fields[i].by = w.read(&r)
		}
	}
	if flags&flagDeletion != 0 {
		s.deletion = deletion{by: w.read(&r), deleted: flags&flagDeleted != 0}
	}
	if flags&flagKept != 0 {
		s.kept = readKept(&r)
	}
	return r.Done()
}

func readIDs(r *codec.Reader) event.Head {
	ids := make(event.Head, r.Count(math.MaxInt32, idSize))
	for i := range ids {
		copy(ids[i][:], r.Fixed(idSize))
		if i > 0 && !ids[i-1].Less(ids[i]) {
			r.Fail("writers that are not sorted")
			return nil
		}
	}
	return ids
}

func readKept(r *codec.Reader) []Kept {
	const least = 4 // flags, index, empty field, kind
	kept := make([]Kept, 0, r.Count(math.MaxInt32, least))
	for range cap(kept) {
		var k Kept
		readKeptOp(r, &k, kept)
		if r.Err() != nil {
			return nil
		}
		kept = append(kept, k)
	}
	return kept
}

// readKeptOp reads an operation that follows those before.
func readKeptOp(r *codec.Reader, k *Kept, before []Kept) {
	flags := r.Byte()
	if flags > keptKnown || flags&keptSame != 0 && len(before) == 0 {
		r.Fail("impossible flags of a kept operation")
		return
	}
	if flags&keptSame != 0 {
		k.Event = before[len(before)-1].Event
	} else {
		copy(k.Event[:], r.Fixed(idSize))
	}
	k.Index = readBelow(r, event.MaxOps)
	k.Op.Field = r.Text(event.MaxName)
	k.Op.Kind = event.OpKind(readBelow(r, math.MaxUint16+1))
	if flags&keptPath != 0 {
		k.Op.Path = r.Text(event.MaxPath)
	}
	if flags&keptFieldHead != 0 {
		k.Op.FieldHead = readIDs(r)
	}
	if flags&keptValue != 0 {
		k.Op.Value = r.Bytes(event.MaxEventSize)
	}
	if flags&keptErased != 0 {
		k.Op.Erased = new(event.Erasure)
		copy(k.Op.Erased.Commitment[:], r.Fixed(len(event.Digest{})))
	}
	if n := len(before); n > 0 && compareKept(before[n-1], *k) >= 0 {
		r.Fail("kept operations that are not sorted")
	}
}

func readBelow(r *codec.Reader, limit uint64) int {
	n := r.Uvarint()
	if n >= limit {
		r.Fail("a number of a kept operation that is too large")
		return 0
	}
	return int(n)
}
