package event

import (
	"errors"
	"fmt"
	"time"

	"github.com/ankgo/ank/internal/codec"
)

var (
	// ErrSkew: a transaction's time lies too far ahead of the acceptor's clock.
	// See [Clock.CheckSkew].
	ErrSkew = errors.New("event: clock skew")

	// ErrEquivocation: an ID is already taken by an event with another digest.
	ErrEquivocation = errors.New("event: one ID for two different events")

	// ErrExhausted: the space of IDs ends before the one to be minted.
	ErrExhausted = errors.New("event: no greater ID exists")

	// ErrInvalid: an event, transaction or entry breaks a rule of its structure.
	// The error that wraps it, an *[InvalidError], tells which.
	ErrInvalid = errors.New("event: invalid")

	// ErrMalformed: bytes are not an encoding of what they should be. The error
	// that wraps it, a *[DecodeError], tells why.
	ErrMalformed = errors.New("event: malformed encoding")

	// ErrSignature: a signature does not match what it is said to sign.
	ErrSignature = errors.New("event: bad signature")
)

// SkewError is [ErrSkew] with its figures.
type SkewError struct {
	Transaction ID
	Ahead       time.Duration // how far the transaction's time is beyond the acceptor's clock
	Skew        time.Duration // how far it may be
}

// Error implements error.
func (e *SkewError) Error() string {
	return fmt.Sprintf("event: transaction %v is %v ahead of the clock, at most %v is accepted", e.Transaction, e.Ahead, e.Skew)
}

// Is makes errors.Is(err, ErrSkew) true.
func (e *SkewError) Is(target error) bool { return target == ErrSkew }

// InvalidError says which rule of its structure an event, transaction or entry
// breaks.
type InvalidError struct {
	What   string // "event", "transaction" or "entry"
	ID     ID     // of the event or transaction; of an entry's transaction
	Reason string
}

// Error implements error.
func (e *InvalidError) Error() string {
	return fmt.Sprintf("event: %s %v: %s", e.What, e.ID, e.Reason)
}

// Is makes errors.Is(err, ErrInvalid) true.
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

// LimitError: something is larger than a limit allows.
type LimitError struct {
	Of    string // what exceeds it, such as "event 01J..."; may be empty
	What  string // what is limited, such as "precursors"
	Limit int
	Got   int // the excessive number; at least Limit+1 where counting stopped there
}

// Error implements error.
func (e *LimitError) Error() string {
	of := e.Of
	if of != "" {
		of += ": "
	}
	return fmt.Sprintf("event: %s%d %s, the limit is %d", of, e.Got, e.What, e.Limit)
}

// VersionError: an encoding was written by a newer version of the format.
type VersionError struct {
	What      string // what was being decoded
	Version   byte   // the version found
	Supported byte   // the newest version known here
}

// Error implements error.
func (e *VersionError) Error() string {
	if e.Version == 0 {
		return fmt.Sprintf("event: %s of format version 0, which never existed", e.What)
	}
	return fmt.Sprintf("event: %s of format version %d, known up to %d: a newer version of this software wrote it", e.What, e.Version, e.Supported)
}

// DecodeError says why bytes could not be decoded.
type DecodeError struct {
	What   string // what was being decoded, such as "entry"
	Offset int    // the byte at which decoding stopped
	Reason string
}

// Error implements error.
func (e *DecodeError) Error() string {
	return fmt.Sprintf("event: decode %s: %s at byte %d", e.What, e.Reason, e.Offset)
}

// Is makes errors.Is(err, ErrMalformed) true.
func (e *DecodeError) Is(target error) bool { return target == ErrMalformed }

// finish returns the error of a Reader that should have been read to its end.
func finish(r *codec.Reader, what string) error {
	err := r.Done()
	if err == nil {
		return nil
	}
	var at *codec.Error
	errors.As(err, &at)
	return &DecodeError{What: what, Offset: at.Offset, Reason: at.What}
}
