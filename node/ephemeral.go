package node

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// ephemeral is the role of a client: it holds what a durable node confirmed, as
// far as it asked for it, and what it has not delivered yet, and shows the one
// with the other on top.
//
// Whoever changes anything of that holds the keeper's token; those who only read
// need mu.
type ephemeral struct {
	*Node
	key        event.PrivateKey // proves to peers that it is the same node as before
	keeper     *keeper
	ending     context.Context // ends when the node closes
	end        context.CancelFunc
	remembered remembered            // decided transactions in the ledger that it will forget; the keeper's
	renamed    map[event.ID]event.ID // new IDs of events that were minted anew, since the node is open; the keeper's
	retried    map[event.ID]bool     // rejected transactions that were delivered again, since the node is open; the keeper's
	offered    uint64                // number of the last transaction that a peer may have been given; the keeper's
	kept       event.Cursor          // of reached, what is stored; the keeper's

	mu         sync.Mutex // held for a few instructions
	outbox     *outbox
	refused    map[event.ID]event.ID             // events of rejected transactions, and these
	sealed     map[Principal]struct{}            // who has left, see Session.Seal
	left       chan struct{}                     // closed when one more has
	reached    event.Cursor                      // covers everything that peers have confirmed, but for what may be lost
	ends       map[event.Origin]event.SignedHead // of logs that were closed, and that matter here
	remotes    map[*remote]uint64                // with their numbers, in the order in which they were made
	made       uint64                            // the last number
	line       *line                             // nil: offline
	connection *Connection                       // nil: none was made, or it was closed
	dialing    bool                              // the connection has not failed yet
	closed     bool
}

var _ role = (*ephemeral)(nil)

// What an ephemeral node keeps of itself in the engine's Meta map.
const (
	metaClient = "node/client" // its private key; also says that the store is an ephemeral node's
	metaOffset = "node/offset" // what its clock is corrected by, in microseconds
)

// checkRole refuses a store that a node of the other role wrote.
func checkRole(ctx context.Context, engine storage.Engine, ephemeral bool) error {
	snapshot, err := engine.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer snapshot.Close()
	if err := storage.Whole(ctx, snapshot); err != nil {
		return err
	}
	other := metaClient
	if ephemeral {
		other = metaKey
	}
	_, err = snapshot.Meta(ctx, other)
	switch {
	case err == nil:
		return ErrRole
	case errors.Is(err, storage.ErrNotFound):
		return nil
	}
	return err
}

// openEphemeral makes the node a client, the one that wrote the store if there
// was one.
func (n *Node) openEphemeral(ctx context.Context, o *options) error {
	if _, shared := n.engine.(storage.Shared); shared {
		return errors.New("an ephemeral node has its store to itself, and this one may be shared with other processes")
	}
	if o.learn {
		return errors.New("an ephemeral node serves nobody, so there is nobody to learn models from")
	}
	if len(o.hooks) > 0 {
		return errors.New("an ephemeral node accepts nothing, so it has no use for hooks")
	}
	e := &ephemeral{
		Node: n, outbox: newOutbox(), refused: make(map[event.ID]event.ID), retried: make(map[event.ID]bool), renamed: make(map[event.ID]event.ID), sealed: make(map[Principal]struct{}), left: make(chan struct{}), remotes: make(map[*remote]uint64), ends: make(map[event.Origin]event.SignedHead),
	}
	e.ending, e.end = context.WithCancel(n.ctx)
	n.role = e
	missing, err := e.read(ctx, o)
	if err != nil {
		return err
	}
	if err := n.engine.Register(ctx, n.models.all()...); err != nil {
		return err
	}
	if err := e.keeper.store(nil, missing...); err != nil {
		return err
	}
	return e.show(ctx, e.outbox.keys())
}

// read reads what the store has of the node, and returns what is to be added.
func (e *ephemeral) read(ctx context.Context, o *options) (missing []storage.MetaChange, err error) {
	snapshot, err := e.engine.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer snapshot.Close()
	if missing, err = e.identify(ctx, snapshot, o); err != nil {
		return nil, err
	}
	return missing, e.resume(ctx, snapshot)
}

// identify reads who the node is, or makes it somebody.
func (e *ephemeral) identify(ctx context.Context, s storage.Snapshot, o *options) (missing []storage.MetaChange, err error) {
	e.identity = new(identity)
	known, err := readIdentity(ctx, s)
	if err != nil {
		return nil, err
	}
	if err := known.checkSystem(o); err != nil {
		return nil, err
	}
	e.identity.system = known.system
	if known.system.IsZero() && !o.system.IsZero() {
		e.identity.system = o.system
		missing = append(missing, storage.MetaChange{Key: metaSystem, Value: o.system[:]})
	}
	key, err := e.readKey(ctx, s)
	if err != nil {
		return nil, err
	}
	if key.IsZero() {
		if key, err = event.NewKey(o.random()); err != nil {
			return nil, err
		}
		missing = append(missing, storage.MetaChange{Key: metaClient, Value: key.Bytes()})
	}
	e.key = key
	e.keeper = &keeper{node: e.Node, self: key.Public(), writing: newToken()}
	if err := e.keeper.resume(ctx, s); err != nil {
		return nil, err
	}
	if err := e.readSeen(ctx, s); err != nil {
		return nil, err
	}
	return missing, e.readOffset(ctx, s)
}

func (e *ephemeral) readKey(ctx context.Context, s storage.Snapshot) (event.PrivateKey, error) {
	b, err := s.Meta(ctx, metaClient)
	if errors.Is(err, storage.ErrNotFound) {
		return event.PrivateKey{}, nil
	}
	if err != nil {
		return event.PrivateKey{}, err
	}
	return event.KeyFromBytes(b)
}

func (e *ephemeral) readOffset(ctx context.Context, s storage.Snapshot) error {
	b, err := s.Meta(ctx, metaOffset)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	offset, err := decodeOffset(b)
	if err == nil {
		e.clock.Correct(offset)
	}
	return err
}

// online returns the line to the peer, nil if there is none.
func (e *ephemeral) online() *line {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.line
}

// receipt implements role.
func (e *ephemeral) receipt(ctx context.Context, tx event.ID) (Receipt, error) {
	e.mu.Lock()
	p := e.outbox.byTx[tx]
	e.mu.Unlock()
	if p != nil {
		return e.await(ctx, p)
	}
	// It may just have been decided: what is shown must not lag behind the answer.
	if err := e.keeper.begin(ctx); err != nil {
		return Receipt{Transaction: tx, Status: Pending}, err
	}
	e.keeper.end()
	entry, err := e.find(ctx, tx)
	return entry.Receipt(), err
}

// await waits until a transaction is decided.
func (e *ephemeral) await(ctx context.Context, p *pending) (Receipt, error) {
	waiting := Receipt{Transaction: p.tx.ID, Status: Pending}
	for {
		e.mu.Lock()
		sealed, left := p.sealed, e.left
		e.mu.Unlock()
		if sealed {
			return waiting, ErrSealed
		}
		select {
		case <-p.done:
			return p.receipt, nil
		case <-left:
		case <-e.ending.Done():
			return waiting, ErrClosed
		case <-ctx.Done():
			return waiting, context.Cause(ctx)
		}
	}
}

// close implements role.
func (e *ephemeral) close(ctx context.Context) error {
	e.mu.Lock()
	e.closed = true
	connection := e.connection
	e.mu.Unlock()
	e.end()
	if connection != nil {
		if err := connection.stop(ctx); err != nil {
			return err
		}
	}
	if err := e.keeper.close(ctx); err != nil {
		return err
	}
	for _, l := range e.all() {
		l.end(ErrClosed)
	}
	return nil
}

// all returns all live queries, in the order in which they were made.
func (e *ephemeral) all() []*remote {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.SortedFunc(maps.Keys(e.remotes), func(a, b *remote) int { return cmp.Compare(e.remotes[a], e.remotes[b]) })
}
