package node

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node/wire"
)

// A ReplicateOption tells [Node.Replicate] and its like how to go about it.
type ReplicateOption func(*replication)

// replication is what options set.
type replication struct {
	once   bool
	trusts trust
}

// Once has [Node.Replicate] return as soon as both sides have what the other one had
// when they met. Without it, what is committed later is sent as well, until the
// connection ends.
func Once() ReplicateOption { return func(r *replication) { r.once = true } }

// OnlyOrigins restricts replication to the logs of these origins, both ways. What
// builds on the log of another waits for it.
func OnlyOrigins(list ...event.Origin) ReplicateOption {
	return func(r *replication) { r.trusts.only, r.trusts.some = append(r.trusts.only, list...), true }
}

// WithoutOrigins excludes the logs of these origins from replication, both ways.
func WithoutOrigins(list ...event.Origin) ReplicateOption {
	return func(r *replication) { r.trusts.without = append(r.trusts.without, list...) }
}

// ServeReplicas has [Node.Serve] and [Node.ServeStranger] replicate with durable nodes
// of the system, so that they can share an address with clients: whoever proves that
// the system has certified it gets everything. [Once] means nothing here.
func ServeReplicas(list ...ReplicateOption) Option {
	return func(o *options) {
		o.replicates = newReplication(list)
		o.replicates.once = false
	}
}

func newReplication(options []ReplicateOption) *replication {
	r := new(replication)
	for _, set := range options {
		set(r)
	}
	return r
}

// trust says which logs are to be replicated.
type trust struct {
	only    []event.Origin
	some    bool // only is meant
	without []event.Origin
}

func (t *trust) check(o event.Origin) error {
	if t.some && !slices.Contains(t.only, o) || slices.Contains(t.without, o) {
		return ErrBlocked
	}
	return nil
}

// Replicate exchanges logs with the durable node at the other end of a connection,
// which calls Replicate too. Each sends what the other one lacks, of its own log and
// of those that it has from others, and goes on with what is committed later.
//
// It returns when the connection has ended, which is closed then: nil if the peer
// left or n was closed; with [Once], if both have everything. Logs that were not
// taken, of which the others know nothing, are named by one *[ReplicaError] each,
// joined. They do not end the connection.
//
// The peer has to prove that the system has certified it. It learns everything that is
// in the logs, whoever may see it, and what it brings is stored without asking the
// policy. On an ephemeral node the error is ErrEphemeral; of a peer in another system,
// ErrSystem.
func (n *Node) Replicate(ctx context.Context, conn wire.Conn, options ...ReplicateOption) error {
	ctx, leave, err := n.visit(ctx)
	if err != nil {
		_ = conn.Close() // nothing was said on it
		return err
	}
	defer leave()
	r := newReplica(n, newPeer(ctx, conn), newReplication(options))
	err = r.outcome(r.speak(func() {}))
	list := []error{err}
	for _, e := range r.problems() {
		list = append(list, e)
	}
	return errors.Join(list...)
}

// Follow replicates with a durable node as [Node.Replicate] does, and dials again
// when the connection is lost. It does not wait; [Connection.Wait] does. dial is as for
// [Node.Connect]; at the other end somebody calls Replicate. [Node.Replicas] tells which logs are not taken. Several nodes may
// be followed at a time; [Once] means nothing here. It ends with the node.
func (n *Node) Follow(dial func(ctx context.Context) (wire.Conn, error), options ...ReplicateOption) (*Connection, error) {
	if dial == nil {
		return nil, errors.New("no function to dial with")
	}
	r := newReplication(options)
	r.once = false
	ctx, leave, err := n.visit(n.ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	c := newConnection(n, dial, cancel)
	c.speak = func(ctx context.Context, conn wire.Conn) error {
		replica := newReplica(n, newPeer(ctx, conn), r)
		return replica.speak(func() { c.become(Connected, nil) })
	}
	go func() {
		defer leave()
		c.run(ctx)
	}()
	return c, nil
}

// A Replica is a connection with another durable node.
type Replica struct {
	Peer  event.Origin // that the peer writes
	Since time.Time    // when the connection was made
	// Settled says that all is here that the peer had when it was asked last, unless
	// Refused or Waiting name it.
	Settled bool
	// Sent and Received count entries; of those received, the ones that were new here.
	Sent, Received uint64
	// Refused are the logs that are not taken from the peer any more, and those that the
	// peer does not take any more.
	Refused []*ReplicaError
	// Waiting are the logs that go on when something else has come.
	Waiting []*ReplicaError
	// Held is how many bytes of entries wait.
	Held int
}

// Replicas tells of the connections with other durable nodes, the oldest first.
func (n *Node) Replicas() []Replica {
	var list []Replica
	for _, r := range n.replicas.all() {
		list = append(list, *r.status())
	}
	return list
}

// errDone ends a connection on which all has been exchanged.
var errDone = errors.New("everything was exchanged")
