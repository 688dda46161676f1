package storage

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ankgo/ank/event"
)

// The conditions that callers branch on, with errors.Is.
var (
	// ErrNotFound: there is no such entity, event, signed head or key.
	ErrNotFound = errors.New("not found")

	// ErrConflict: what a batch was built on has moved; nothing was stored. It
	// comes as a *ConflictError, which names what.
	ErrConflict = errors.New("conflict")

	// ErrUnknown: a commit's outcome is not known. Read the log's position back.
	ErrUnknown = errors.New("outcome unknown")

	// ErrClosed: the engine or snapshot was closed.
	ErrClosed = errors.New("storage is closed")

	// ErrLocked: the store is open, in another process or in this one.
	ErrLocked = errors.New("storage is in use")

	// ErrFormat: the store was written in a format that this program does not
	// know. It comes as a *FormatError.
	ErrFormat = errors.New("unknown storage format")

	// ErrLoading: a dump was loaded into the store only in part.
	ErrLoading = errors.New("loading a dump into the store was not finished: load it again, which goes on where it was")

	// ErrFull: there is no room to write.
	ErrFull = errors.New("storage is full")

	// ErrReadOnly: an earlier write went wrong, so the engine refuses to write
	// until it is opened again; reads go on. The error of that write is wrapped
	// with it.
	ErrReadOnly = errors.New("storage is read-only after a failed write")

	// ErrCorrupt: stored bytes are not what was written. It comes as a
	// *CorruptError.
	ErrCorrupt = errors.New("storage is corrupt")
)

// ConflictError names everything that had moved when a batch was refused.
// errors.Is(err, ErrConflict) holds for it.
type ConflictError struct {
	Positions []MovedPosition
	States    []MovedState
	Meta      []string // the keys of Batch.Holds that have another value
}

// MovedPosition is a log that is not where Batch.Expect had it.
type MovedPosition struct {
	Expected, Found event.Position // Seq 0: none
}

// MovedState is an entity whose stored stamp is not StateChange.Was.
type MovedState struct {
	Collection      string
	ID              event.ID
	Expected, Found event.Stamp // zero: absent
}

// Is makes errors.Is find ErrConflict.
func (e *ConflictError) Is(target error) bool { return target == ErrConflict }

func (e *ConflictError) Error() string {
	var parts []string
	for _, p := range e.Positions {
		parts = append(parts, fmt.Sprintf("log %x is at %d, not at %d", p.Expected.Origin[:4], p.Found.Seq, p.Expected.Seq))
	}
	for _, s := range e.States {
		parts = append(parts, fmt.Sprintf("%s %s changed meanwhile", s.Collection, s.ID))
	}
	for _, key := range e.Meta {
		parts = append(parts, key+" has another value")
	}
	return "conflict: " + strings.Join(parts, "; ")
}

// BatchError says which rule of Batch a batch breaks.
type BatchError struct {
	Field  string // "entries", "states", "advance", "expect", "holds" or "meta"
	Index  int    // which of them
	Reason string
}

func (e *BatchError) Error() string {
	return fmt.Sprintf("bad batch: %s[%d] %s", e.Field, e.Index, e.Reason)
}

// FormatError tells the format of a store and the newest one this program
// knows. errors.Is(err, ErrFormat) holds for it.
type FormatError struct {
	Found, Known uint64
}

// Is makes errors.Is find ErrFormat.
func (e *FormatError) Is(target error) bool { return target == ErrFormat }

func (e *FormatError) Error() string {
	return fmt.Sprintf("storage has format %d, and this program knows formats up to %d: open it with a newer release",
		e.Found, e.Known)
}

// CorruptError says what could not be read. errors.Is(err, ErrCorrupt) holds
// for it.
type CorruptError struct {
	What string // the thing: "record 01H...", "entry 7 of log ab12cd34"
	Key  []byte // where it lies, nil if not known
	Err  error  // what decoding said, nil if it is missing
}

// Is makes errors.Is find ErrCorrupt.
func (e *CorruptError) Is(target error) bool { return target == ErrCorrupt }

// Unwrap returns the error of the decoder.
func (e *CorruptError) Unwrap() error { return e.Err }

func (e *CorruptError) Error() string {
	if e.Err == nil {
		return "storage is corrupt: " + e.What + " is missing"
	}
	return "storage is corrupt: " + e.What + ": " + e.Err.Error()
}

// Whole returns ErrLoading if the store is not whole, nil if it is.
func Whole(ctx context.Context, s Snapshot) error {
	switch _, err := s.Meta(ctx, MetaLoading); {
	case err == nil:
		return ErrLoading
	case errors.Is(err, ErrNotFound):
		return nil
	default:
		return err
	}
}
