package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node/reactor"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/signal"
	"github.com/ankgo/ank/storage"
)

// A Node is one place where entities live. Open makes one; [Node.Session] is how
// to use it. It is safe for concurrent use, and has no goroutine while nothing
// happens.
type Node struct {
	engine storage.Engine
	models *catalog
	policy Policy
	limits Limits

	authenticator Authenticator // nil: strangers are not served

	logger Logger
	clock  *event.Clock
	role   role

	// ctx is what the node does on its own account or for several callers; it
	// ends with Close.
	ctx    context.Context
	cancel context.CancelFunc

	identityMu sync.RWMutex // protects identity: the pointer, certificate and system
	identity   *identity

	builds     builds
	committer  *committer
	sharing    *sharing // nil: the store is this process's alone
	reactor    *reactor.Reactor
	graph      *signal.Graph
	readers    gate
	lives      *lives
	visits     *visits
	replicas   replicas
	learner    *learner     // nil: models of peers are not taken
	replicates *replication // with durable peers that are served; nil: they are refused

	reviewed  atomic.Bool // Review has been called
	suspected atomic.Bool // the store was said to be an old copy
	closing   token       // held by whoever closes the node
	closed    atomic.Bool
}

// Open opens a node over a store. An empty store is made the node's own; one
// that another node wrote is opened as that node. Of the options, [WithPolicy] is
// needed.
//
// The engine stays the caller's: it is to be closed after the node, and not to be
// written to by anybody else meanwhile, unless it is a [storage.Shared]. Of the store of
// such a one several processes may open nodes. Each is a node of its own, with a log of
// its own in the store, and live queries, peers and clients of each see what all commit.
func Open(ctx context.Context, engine storage.Engine, list ...Option) (*Node, error) {
	o, err := gather(list)
	switch {
	case err != nil:
		return nil, err
	case ctx == nil:
		return nil, errNoContext
	case engine == nil:
		return nil, errors.New("no engine: pass one, such as memory.Open or pebble.Open return")
	}
	known, err := models(o.schemas)
	if err != nil {
		return nil, err
	}
	n := &Node{
		engine: engine, models: newCatalog(known), policy: o.policy, replicates: o.replicates, authenticator: o.authenticator, limits: o.limits, logger: o.logger,
		clock:   event.NewClock(event.ClockOptions{Now: o.now, Rand: o.rand, Skew: o.skew}),
		reactor: reactor.New(),
		closing: newToken(),
	}
	n.lives = newLives(n)
	n.graph = signal.NewGraph(signal.OnError(func(err error) { o.logger.Error("a signal failed", "error", err) }))
	n.ctx, n.cancel = context.WithCancel(context.WithoutCancel(ctx))
	n.visits = newVisits(n.ctx)
	switch err = checkRole(ctx, engine, o.ephemeral); {
	case err != nil:
	case o.ephemeral:
		err = n.openEphemeral(ctx, &o)
	default:
		err = n.openDurable(ctx, &o)
	}
	if err == nil {
		err = n.startBuilding(ctx)
	}
	if err == nil && n.sharing != nil {
		n.sharing.run()
	}
	if err != nil {
		if n.sharing != nil {
			err = errors.Join(err, n.sharing.close(context.WithoutCancel(ctx)))
		}
		n.cancel()
		n.graph.Close()
		return nil, fmt.Errorf("opening a node: %w", err)
	}
	return n, nil
}

// openDurable gives the node its log.
func (n *Node) openDurable(ctx context.Context, o *options) (err error) {
	shared, isShared := n.engine.(storage.Shared)
	if isShared {
		s, err := takeSlot(ctx, n.engine, n.clock.Now())
		if err != nil {
			return err
		}
		n.engine = s
		defer func() {
			if err == nil {
				return
			}
			if n.sharing == nil { // otherwise Open closes that
				err = errors.Join(err, s.giveBack(context.WithoutCancel(ctx)))
			}
		}()
	}
	if o.learn {
		n.learner = newLearner(n.models)
		if err := n.recall(ctx); err != nil {
			return err
		}
	}
	if err := n.engine.Register(ctx, n.models.all()...); err != nil {
		return err
	}
	if n.identity, err = establish(ctx, n.engine, o); err != nil {
		return err
	}
	snapshot, err := n.engine.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer snapshot.Close()
	end, marked, err := resume(ctx, snapshot, n.Origin(), n.clock)
	if err != nil {
		return err
	}
	n.committer = newCommitter(n, o, end, marked)
	n.role = durable{n}
	if isShared {
		return n.startSharing(ctx, n.engine.(*slot), shared)
	}
	return nil
}

// Session returns a session in which p acts.
func (n *Node) Session(p Principal) *Session { return &Session{node: n, principal: p} }

// Clock is the node's clock, which mints its IDs.
func (n *Node) Clock() *event.Clock { return n.clock }

// Signals is the graph in which the signals of the node's live queries live.
// Values and effects that depend on them belong into it too. It ends with the
// node.
func (n *Node) Signals() *signal.Graph { return n.graph }

// Receipt says what became of a transaction. If it is still being decided,
// Receipt waits, and on ctx's end returns it as pending with the error of ctx. A
// transaction that was decided long ago is looked for in the logs, which takes a
// pass over them; one that was rejected long ago, or before the node was opened,
// is not known any more, like one that never was: ErrUnknownTransaction.
func (n *Node) Receipt(ctx context.Context, tx event.ID) (Receipt, error) {
	return n.role.receipt(ctx, tx)
}

// asked is the schema that a query was checked against.
func asked(q *query.Checked) *model.Schema {
	if q == nil {
		return nil
	}
	return q.Schema()
}

// schema checks that the node knows a schema.
func (n *Node) schema(s *model.Schema) error {
	if s == nil {
		return fmt.Errorf("no schema: %w", ErrUnknownModel)
	}
	known := n.models.of(s.Collection())
	if known == s {
		return nil
	}
	reason := ErrUnknownModel
	if known != nil {
		reason = fmt.Errorf("the node was opened with another schema for the collection, of model %s: %w", known.Model(), ErrUnknownModel)
	}
	return &ModelError{Model: s.Model(), Collection: s.Collection(), Reason: reason}
}
