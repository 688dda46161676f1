package entity

import (
	"slices"
	"strings"
	"sync/atomic"

	"github.com/ankgo/ank/event"
)

// A State is one entity folded up to a head: the value of every field that an
// event wrote, with the event that wrote it, whether the entity is deleted, and
// the operations that are unknown here. Two states of one entity that applied
// the same events are equal, whatever the order.
//
// A State is not safe for concurrent use, except that its methods other than
// [State.Apply] may run concurrently with each other.
type State struct {
	collection string
	id         event.ID
	head       event.Head
	fields     []register // sorted by name
	kept       []Kept     // sorted by event, then by index
	deletion   deletion
	shared     atomic.Bool // fields and kept belong to a clone too
}

// register is a field's value and who wrote it. By C1 the greatest event wins;
// among the operations of one event the last one does, and because an event is
// applied whole and once, its index need not be remembered.
type register struct {
	name  string
	value []byte // model-encoded; never empty
	by    event.ID
}

// deletion is the register that only Delete and Undelete write.
type deletion struct {
	by      event.ID // zero: never written
	deleted bool
}

// Kept is an operation that nothing here can fold: of an unknown kind, or with a
// path or a value that this version has no meaning for. It is kept with the
// state, so that a version that knows better has it.
type Kept struct {
	Event event.ID
	Index int // position among the event's operations
	Op    event.Operation
}

// NewState returns the state of an entity to which no event was applied yet. Its
// head is empty.
func NewState(collection string, id event.ID) *State {
	return &State{collection: collection, id: id}
}

// Reset makes s what [NewState] returns, and keeps its memory for what comes.
func (s *State) Reset(collection string, id event.ID) {
	if s.shared.Swap(false) {
		s.fields, s.kept = nil, nil // a clone goes on with them
	}
	s.collection, s.id, s.head, s.deletion = collection, id, nil, deletion{}
	s.fields, s.kept = s.fields[:0], s.kept[:0]
}

// Collection is the entity's collection.
func (s *State) Collection() string { return s.collection }

// ID is the entity's ID.
func (s *State) ID() event.ID { return s.id }

// Head is the entity's head: the applied events that no applied event descends
// from.
func (s *State) Head() event.Head { return s.head }

// Deleted reports whether the entity is deleted.
func (s *State) Deleted() bool { return s.deletion.deleted }

// Deletion is the event that last deleted or undeleted the entity; zero if none
// did.
func (s *State) Deletion() event.ID { return s.deletion.by }

// Exists reports whether any event was applied.
func (s *State) Exists() bool { return len(s.head) > 0 }

// Len is the number of fields that were written, known to a schema or not.
func (s *State) Len() int { return len(s.fields) }

// Field returns the encoded value of a field under exactly this name, and the
// event that wrote it. The value must not be changed. ok is false for a field
// that was never written; one that was cleared has the encoding of null.
func (s *State) Field(name string) (value []byte, by event.ID, ok bool) {
	i, ok := s.find(name)
	if !ok {
		return nil, event.ID{}, false
	}
	return s.fields[i].value, s.fields[i].by, true
}

// Writer is the event that wrote the field's value; zero if none did.
func (s *State) Writer(name string) event.ID {
	_, by, _ := s.Field(name)
	return by
}

// Names returns the names of the fields that were written, sorted.
func (s *State) Names() []string {
	names := make([]string, len(s.fields))
	for i := range s.fields {
		names[i] = s.fields[i].name
	}
	return names
}

// Kept returns the operations that could not be folded, in ID order. They must
// not be changed.
func (s *State) Kept() []Kept { return s.kept }

// Clone returns a copy that changes independently. It costs one allocation; the
// fields are copied when one of the two next applies an event. Clone may run
// concurrently with everything but Apply.
func (s *State) Clone() *State {
	s.shared.Store(true)
	c := &State{
		collection: s.collection, id: s.id, head: s.head,
		fields: s.fields, kept: s.kept, deletion: s.deletion,
	}
	c.shared.Store(true)
	return c
}

// own makes fields and kept the state's own before they change.
func (s *State) own() {
	if s.shared.Load() {
		s.fields = slices.Clone(s.fields)
		s.kept = slices.Clone(s.kept)
		s.shared.Store(false)
	}
}

// find returns the position of a field, or where it belongs.
func (s *State) find(name string) (int, bool) {
	return slices.BinarySearchFunc(s.fields, name, func(r register, name string) int {
		return strings.Compare(r.name, name)
	})
}
