package event

// OpKind tells what an operation does to its field. Kinds that are unknown here
// are kept, hashed and passed on like the known ones.
type OpKind uint16

// The kinds of operations.
const (
	OpSet      OpKind = 1 // assign a register: Value is a model-encoded value
	OpDelete   OpKind = 2 // delete the entity
	OpUndelete OpKind = 3 // take a deletion back
)

// An Operation is one field's change inside an event.
type Operation struct {
	// Field names the field; it is empty for operations on the entity itself.
	Field string
	// Path leads to a part of the field's value; empty for the whole.
	Path string
	// FieldHead is the field's own head that the writer saw, for the kinds that
	// need it. Nil means equal to the event's precursors; a field that no event
	// wrote before has the empty head Head{}.
	FieldHead Head
	// Value is the operation's argument, in an encoding that its kind and field
	// determine. An empty Value and no Value are the same.
	Value []byte
	// Erased is set when the value and its salt are gone; Value is empty then.
	Erased *Erasure
	Kind   OpKind
}

// An Erasure stands for a value that was erased: its commitment remains, so
// that the digests of its event, its transaction and its log stay what they
// were.
type Erasure struct {
	Commitment Digest
}

// An Extension carries what this version of the format has no field for. It is
// kept verbatim, is part of the digest of what it is attached to, and cannot be
// erased. The extensions of one thing are sorted by tag and have distinct tags.
type Extension struct {
	Tag   uint64
	Value []byte
}

// The reserved extension tags.
const (
	TagSignature = 1 // the author's own signature; see FORMAT.md
	TagNote      = 2 // a note by the author: UTF-8 text
)

// A Salt makes the commitments to an event's values impossible to guess from
// the values. Make it with [Clock.NewSalt].
type Salt [16]byte

// An Event is one atomic change to one entity. Events are immutable once
// shared.
type Event struct {
	ID         ID
	Collection string
	// Entity is the ID of the entity's creation event.
	Entity ID
	// Precursors is the entity's head that the writer saw; empty in the creation
	// event only.
	Precursors Head
	Ops        []Operation
	// Salt is the secret from which the salt of each operation's value is
	// derived. It counts only while no value of the event is erased, and is not
	// encoded for an event that has no values.
	Salt Salt
	// OpSalts replaces Salt once a value was erased and others remain: one
	// explicit salt per operation, zero for operations without a value. Nil
	// otherwise.
	OpSalts []Salt
	Ext     []Extension
}

// IsCreation reports whether e creates its entity.
func (e *Event) IsCreation() bool { return len(e.Precursors) == 0 }

// IsJoin reports whether e changes nothing and only joins the parts of a head
// that grew wide.
func (e *Event) IsJoin() bool { return len(e.Ops) == 0 && len(e.Precursors) > 1 }

// carries reports whether the operation has a value that is still there.
func (o *Operation) carries() bool { return o.Erased == nil && len(o.Value) > 0 }

// explicitFieldHead reports whether the operation's field head must be named.
func (o *Operation) explicitFieldHead(precursors Head) bool {
	return o.FieldHead != nil && !o.FieldHead.Equal(precursors)
}
