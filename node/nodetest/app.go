package nodetest

import (
	"context"
	"errors"
	"math/rand/v2"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/storage"
)

// App is what is tested: what an application's nodes are opened with, what its users
// do and ask, and what must always hold.
type App struct {
	// Models are the schemas of the application, for [node.Models].
	Models []*model.Schema
	// Servers and Clients are what else durable nodes and clients are opened with: hooks
	// and the policy, say. Without a policy everybody may do everything. The options serve
	// many nodes at a time. Models, randomness, clock, logger, role and system are the kit's.
	Servers, Clients []node.Option
	// Actions are what users do. There is at least one.
	Actions []Action
	// Queries are asked, once and as live queries.
	Queries []Query
	// Invariants are checked now and then, on all nodes, and at the end also in the past.
	Invariants []Invariant
	// Expected reports whether an action may fail with an error that the kit does not
	// expect by itself. It may be nil. Expected by itself are what faults explain, such as
	// [node.ErrOffline], and the refusals that callers branch on: entities that are not
	// there or deleted, conflicts, duplicates, denials.
	Expected func(error) bool
}

// An Action is something that a user does at a node.
type Action struct {
	Name string
	// Weight is how often it is done, compared with the others; zero means 1.
	Weight int
	// Do does it, and returns the receipt of what it committed, the zero Receipt if
	// that is nothing. All its choices come from r. The session is at a durable node or at
	// a client; the node may crash or be closed meanwhile, and several actions may be
	// under way at a time.
	Do func(ctx context.Context, r *rand.Rand, s *node.Session) (node.Receipt, error)
}

// A Query is what an application asks. Two entities that the order does not tell apart
// are ordered by ID, as everywhere.
type Query struct {
	Schema *model.Schema
	Text   string
	Args   []any
	// Check says what is wrong with a result, if anything is. Live queries are held against
	// it after every change set, once they are complete; it may be nil. The items are the
	// kit's.
	Check func(items []entity.View) error
}

// An Invariant is what holds in whatever is read at once: no node may ever show a state
// in which it does not.
type Invariant struct {
	Name string
	// Check reads, and says what is wrong. What it reads by one query is of one moment.
	// An error of the reader is returned as it is: reading may fail for the same reasons as
	// an action.
	Check func(ctx context.Context, r entity.Reader) error
}

// expected reports whether an action or a read may fail like that.
func (a *App) expected(err error) bool {
	for _, known := range []error{
		context.DeadlineExceeded, context.Canceled,
		node.ErrOffline, node.ErrClosed, node.ErrReadOnly, node.ErrPending, node.ErrDependency, node.ErrOutboxFull,
		node.ErrConflict, node.ErrDenied, node.ErrDuplicate, node.ErrCredential,
		entity.ErrNotFound, entity.ErrDeleted, event.ErrSkew, storage.ErrUnknown, storage.ErrClosed, errCrashed,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return a.Expected != nil && a.Expected(err)
}
