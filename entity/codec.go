package entity

import (
	"fmt"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/internal/codec"
	"github.com/ankgo/ank/model"
)

const mergeVersion = 1

// The sections of merge data, present as their flags say.
const (
	flagWriters  = 1 << iota // not every field was written by the creation event
	flagDeletion             // the deletion register was written
	flagDeleted              // ... and holds true
	flagKept                 // operations are kept
	flagsKnown   = 1<<iota - 1
)

func (s *State) encodeMerge(fields []register) []byte {
	var flags byte
	for i := range fields {
		if fields[i].by != s.id {
			flags |= flagWriters
		}
	}
	if !s.deletion.by.IsZero() {
		flags |= flagDeletion
	}
	if s.deletion.deleted {
		flags |= flagDeleted
	}
	if len(s.kept) > 0 {
		flags |= flagKept
	}
	if flags == 0 {
		return nil
	}
	b := append(make([]byte, 0, 64), mergeVersion, flags)
	if flags&flagWriters != 0 {
		for i := range fields {
			b = append(b, fields[i].by[:]...)
		}
	}
	if flags&flagDeletion != 0 {
		b = append(b, s.deletion.by[:]...)
	}
	return b
}

// DecodeState returns the state that [State.Encode] wrote. It aliases values and
// merge.
func DecodeState(collection string, id event.ID, head event.Head, values model.Tuple, merge []byte) (*State, error) {
	s := NewState(collection, id)
	s.head = head
	s.fields = make([]register, 0, values.Len())
	for name, value := range values.All() {
		s.fields = append(s.fields, register{name: name, value: value, by: id})
	}
	if len(merge) == 0 {
		return s, nil
	}
	r := codec.NewReader(merge)
	if v := r.Byte(); v != mergeVersion {
		return nil, fmt.Errorf("entity: %w: version %d", ErrCorrupt, v)
	}
	flags := r.Byte()
	if flags&flagWriters != 0 {
		for i := range s.fields {
			copy(s.fields[i].by[:], r.Fixed(16))
		}
	}
	if flags&flagDeletion != 0 {
		copy(s.deletion.by[:], r.Fixed(16))
		s.deletion.deleted = flags&flagDeleted != 0
	}
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("entity: %w: %w", ErrCorrupt, err)
	}
	return s, nil
}
