package entity

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

var (
	// ErrNotFound: the collection has no such entity, or it is deleted. The
	// error that wraps it, an *[EntityError], tells which.
	ErrNotFound = errors.New("not found")

	// ErrDeleted: the entity exists and is deleted. What matches it matches
	// [ErrNotFound] too.
	ErrDeleted = errors.New("deleted")

	// ErrFinished: the transaction was committed or rolled back before.
	ErrFinished = errors.New("the transaction is finished")

	// ErrMisuse: a draft was asked for something that its schema does not allow.
	// The error that wraps it, a *[FieldError], tells what.
	ErrMisuse = errors.New("misuse")

	// ErrGroups: a query with SELECT, which asks for groups, was given where
	// entities are asked for.
	ErrGroups = errors.New("a query with SELECT asks for groups, not for entities: use FetchGroups or QueryGroups")

	// ErrNoGroups: a query without SELECT, which asks for entities, was given where
	// groups are asked for.
	ErrNoGroups = errors.New("a query without SELECT asks for entities, not for groups: use Fetch or Query")

	// ErrShape: a live query was to become one of another collection, or of groups of
	// which something else is computed.
	ErrShape = errors.New("a live query can only become one of the same collection, and one with SELECT only one that computes the same of the same groups")

	// ErrSuperseded: a live query was to become another one, and a later call came
	// first. It is what that one made it.
	ErrSuperseded = errors.New("superseded by a later change of the live query")

	// ErrMissing: an event's precursors are not here. See [MissingError].
	ErrMissing = errors.New("missing precursors")

	// ErrParkingFull: a [Parking] holds as much as it may.
	ErrParkingFull = errors.New("parking is full")

	// ErrForeign: an event was given to the state of another entity.
	ErrForeign = errors.New("an event of another entity")

	// ErrCorrupt: bytes are not what [State.Encode] wrote.
	ErrCorrupt = errors.New("broken state")
)

// EntityError names the entity that an operation was about. It unwraps to the
// reason: [ErrNotFound], [ErrDeleted], or what a schema's check said.
type EntityError struct {
	Model  string
	ID     event.ID
	Reason error
}

// Error implements error.
func (e *EntityError) Error() string {
	return e.Model + " " + e.ID.String() + ": " + e.Reason.Error()
}

// Unwrap returns the reason.
func (e *EntityError) Unwrap() error { return e.Reason }

// Is makes a deleted entity match [ErrNotFound] as well.
func (e *EntityError) Is(target error) bool {
	return target == ErrNotFound && errors.Is(e.Reason, ErrDeleted)
}

// FieldError says what was wrong with a value that a draft was given. It matches
// [ErrMisuse] and unwraps to the reason, a *[model.ValueError] or [ErrDeleted].
type FieldError struct {
	Model  string
	ID     event.ID
	Field  string // the column's name
	Reason error
}

// Error implements error.
func (e *FieldError) Error() string {
	entity := e.Model + " " + e.ID.String()
	var value *model.ValueError
	if errors.As(e.Reason, &value) && value.Field != "" {
		return entity + ": " + e.Reason.Error()
	}
	return entity + ", " + e.Field + ": " + e.Reason.Error()
}

// Unwrap returns the reason.
func (e *FieldError) Unwrap() error { return e.Reason }

// Is makes the error match [ErrMisuse].
func (e *FieldError) Is(target error) bool { return target == ErrMisuse }

// MissingError names the precursors that an event was parked for. It matches
// [ErrMissing].
type MissingError struct {
	Event   event.ID
	Entity  event.ID
	Missing event.Head // sorted; not empty
}

// Error implements error.
func (e *MissingError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "event %v of entity %v misses its precursor", e.Event, e.Entity)
	for i, id := range e.Missing {
		if i > 0 {
			b.WriteString(" and")
		}
		b.WriteString(" " + id.String())
	}
	return b.String()
}

// Is makes the error match [ErrMissing].
func (e *MissingError) Is(target error) bool { return target == ErrMissing }

// NoResultError says that a query of which one entity was wanted selects none.
// It matches [ErrNotFound].
type NoResultError struct {
	Model string
	Query *query.Query
}

// Error implements error.
func (e *NoResultError) Error() string {
	if text := e.Query.String(); text != "" {
		return "no " + e.Model + " found: " + text
	}
	return "no " + e.Model + " found"
}

// Is makes the error match [ErrNotFound].
func (e *NoResultError) Is(target error) bool { return target == ErrNotFound }
