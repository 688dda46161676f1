package node

import (
	"errors"
	"fmt"

	"github.com/ankgo/ank/event"
)

// The conditions that callers branch on, with errors.Is. Errors of the packages
// below keep their identity: entity.ErrNotFound and entity.ErrDeleted from reads
// and edits, event.ErrSkew and event.ErrEquivocation from acceptance, and the
// storage errors as causes of [ErrReadOnly].
var (
	// ErrClosed: the node was closed, or is being closed, or the live query was. Nothing
	// happened.
	ErrClosed = errors.New("the node is closed")

	// ErrReadOnly: a write went wrong earlier, so the node takes no more of them
	// until it is opened again. Reads go on. It wraps the storage's error.
	ErrReadOnly = errors.New("the node is read-only after a failed write")

	// ErrNoPolicy: Open was not told what policy to apply.
	ErrNoPolicy = errors.New("no policy: pass node.WithPolicy, with node.AllowAll() if everybody may do everything")

	// ErrDenied: the policy or a hook refused. It comes as a *[DeniedError].
	ErrDenied = errors.New("denied")

	// ErrConflict: something that a serializable transaction read has moved. It
	// comes as a *[ConflictError]. Running the transaction anew may succeed.
	ErrConflict = errors.New("conflict")

	// ErrDuplicate: an entity was to get a key that another one has in a unique
	// index. It comes as a *[DuplicateError]. What collides in an index that was
	// declared unique later is a *[CollisionError].
	ErrDuplicate = errors.New("duplicate")

	// ErrPending: the caller gave up waiting after its transaction had been taken
	// up. It will be decided all the same: ask [Node.Receipt]. On an ephemeral node
	// it is in the outbox, durable and shown, and is delivered when it can be.
	ErrPending = errors.New("the transaction is not decided yet")

	// ErrSystem: the store belongs to another system than the one asked for. It
	// comes as a *[SystemError]. Nothing was changed.
	ErrSystem = errors.New("another system")

	// ErrForeignWrite: somebody else has written to the store while this node had
	// it open. It ends live queries, which have missed that; asking again helps.
	ErrForeignWrite = errors.New("the store was written by somebody else")

	// ErrNoAuthenticator: nobody here can tell who a stranger is; see
	// [WithAuthenticator].
	ErrNoAuthenticator = errors.New("no authenticator: see WithAuthenticator")

	// ErrCredential: there is no credential, or one that is not accepted, has expired
	// or was revoked.
	ErrCredential = errors.New("the credential is missing, not accepted, expired or revoked")

	// ErrNoRoot: this node does not hold the system's root key, so it cannot
	// certify anybody.
	ErrNoRoot = errors.New("this node does not hold the system's root key")

	// ErrUnknownTransaction: no log here has a transaction of that ID.
	ErrUnknownTransaction = errors.New("unknown transaction")

	// ErrUnknownModel: the node was opened without this schema. Pass it to
	// [Models].
	ErrUnknownModel = errors.New("unknown model")

	// ErrPast: a query with AS OF was given to somebody who sees the present only: a
	// live query, or a hook.
	ErrPast = errors.New("AS OF asks of the past, which is there to be fetched, not to be watched or hooked")

	// ErrLate: [Tx.Serializable] was called after the transaction had read.
	ErrLate = errors.New("Serializable must be called before the transaction reads anything")
)

// errNoContext is for those who have none: most would panic far from the mistake.
var errNoContext = errors.New("the context is nil: pass context.Background() if there is no other")

// DeniedError says who was refused what. errors.Is(err, ErrDenied) holds for it,
// and it unwraps to what the policy or hook said.
type DeniedError struct {
	Principal   Principal
	Collection  string   // what was to be read, or defined; empty for a transaction
	Defining    bool     // it was to be defined
	Transaction event.ID // what was to be accepted; zero for a read
	Reason      error
}

// Error implements error.
func (e *DeniedError) Error() string {
	what := "transaction " + e.Transaction.String()
	switch {
	case e.Defining:
		what = "defining " + e.Collection
	case e.Collection != "":
		what = "reading " + e.Collection
	}
	return fmt.Sprintf("denied: %s by %q: %v", what, string(e.Principal), e.Reason)
}

// Is makes errors.Is find [ErrDenied].
func (e *DeniedError) Is(target error) bool { return target == ErrDenied }

// Unwrap returns the reason.
func (e *DeniedError) Unwrap() error { return e.Reason }

// ConflictError names an entity that changed after a serializable transaction
// had read it. errors.Is(err, ErrConflict) holds for it.
type ConflictError struct {
	Collection string
	ID         event.ID
}

// Error implements error.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("conflict: %s %v changed after it was read", e.Collection, e.ID)
}

// Is makes errors.Is find [ErrConflict].
func (e *ConflictError) Is(target error) bool { return target == ErrConflict }

// SystemError names the system that a store belongs to and the one that was
// asked for. errors.Is(err, ErrSystem) holds for it.
type SystemError struct {
	Have, Want event.System
}

// Error implements error.
func (e *SystemError) Error() string {
	return fmt.Sprintf("the store belongs to system %v and not to %v: open it as what it is, or begin with an empty store", e.Have, e.Want)
}

// Is makes errors.Is find [ErrSystem].
func (e *SystemError) Is(target error) bool { return target == ErrSystem }

// ModelError says what is wrong with the models that a node was opened with.
type ModelError struct {
	Model, Collection string
	Reason            error
}

// Error implements error.
func (e *ModelError) Error() string {
	return fmt.Sprintf("model %s (collection %s): %v", e.Model, e.Collection, e.Reason)
}

// Unwrap returns the reason.
func (e *ModelError) Unwrap() error { return e.Reason }

// errLiveClosed is the ErrClosed of a live query, whose node may be open.
var errLiveClosed error = liveClosedError{}

type liveClosedError struct{}

func (liveClosedError) Error() string { return "the live query is closed" }

func (liveClosedError) Is(target error) bool { return target == ErrClosed }
