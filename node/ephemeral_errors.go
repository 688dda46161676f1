package node

import "errors"

var (
	// ErrOffline: an ephemeral node was asked for what only its peer knows, and has
	// no connection. [Session.Local] reads what is held here.
	ErrOffline = errors.New("offline")

	// ErrBehind: the peer does not have what this node has been told by one before, since
	// it is a replica that lags, or was restored from an old copy. Live queries show what is
	// held, with this error in their state, and ask again until the peer has caught up.
	ErrBehind = errors.New("the peer is behind what is known here")

	// ErrDependency: a transaction built on another one that was refused.
	ErrDependency = errors.New("depends on a refused transaction")

	// ErrDelivered: a transaction cannot be discarded, because a durable node has been
	// given it, or may have been. Its verdict decides.
	ErrDelivered = errors.New("delivered already: the verdict decides")

	// ErrDiscarded: a transaction was discarded before it was delivered.
	ErrDiscarded = errors.New("discarded before it was delivered")

	// ErrSealed: the session's principal has left ([Session.Seal]), and has to come back
	// first.
	ErrSealed = errors.New("the principal has left: see Session.Unseal")

	// ErrUndelivered: transactions would be lost that nobody has confirmed to lose. It
	// comes as an *[UndeliveredError].
	ErrUndelivered = errors.New("undelivered transactions")

	// ErrWiped: a live query ended because what its principal had here was removed
	// ([Session.Wipe]).
	ErrWiped = errors.New("what the principal had here was wiped")

	// ErrOutboxFull: an ephemeral node holds as many undelivered transactions as
	// [Limits] allow. Nothing happened.
	ErrOutboxFull = errors.New("the outbox is full")

	// ErrEphemeral: an ephemeral node cannot do that: it keeps no history and serves
	// nobody.
	ErrEphemeral = errors.New("not on an ephemeral node")

	// ErrDurable: a durable node has no outbox, and nobody to connect to.
	ErrDurable = errors.New("only on an ephemeral node")

	// ErrRole: a durable node's store cannot be an ephemeral node's, nor the other
	// way round. Nothing was changed.
	ErrRole = errors.New("the store was written by a node of the other role")

	// ErrClientTooOld: this node speaks only versions of the protocol that its server has
	// given up. Update the program.
	ErrClientTooOld = errors.New("the client is too old for the server")

	// ErrServerTooOld: the server does not speak this node's versions of the protocol yet.
	// Connect again once it has been updated.
	ErrServerTooOld = errors.New("the server is too old for the client")

	// ErrConnected: the node has a connection already. Close it first.
	ErrConnected = errors.New("the node has a connection already")
)
