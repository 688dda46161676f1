// Package node is where entities live: it puts a storage engine, the models of a
// program and the rules for who may do what together into a [Node].
//
//	n, err := node.Open(ctx, engine, node.Models(music.Models()...), node.WithPolicy(node.AllowAll()))
//	...
//	session := n.Session("prince")
//	tx := session.Begin()
//	album, err := music.Albums.Create(tx, music.Album{Name: "Parade", Year: 1986})
//	receipt, err := tx.Commit(ctx)
//
//	live, err := music.Albums.Query(ctx, session, "year > ? ORDER BY year LIMIT 10", 1985)
//	for changes := range live.Changes(ctx) { ... }
//
//	err = n.Close(ctx)
//	err = engine.Close()
//
// The package knows nothing of particular engines, of files, sockets, tokens and
// passwords, and next to nothing of what fields mean: folding events is package
// entity's, finding rows the engine's, keeping results current the reactor's. What
// it adds is order: which transactions are accepted, one after the other, and who
// is told of them.
//
// # Who owns what
//
// The engine that Open is given stays the caller's, who closes it after the node.
// Nobody else may write to it meanwhile. What Open makes, the node closes. A
// [Node], its [Session]s and live queries are safe for concurrent use; a [Tx] and
// its drafts are one goroutine's. A node that has nothing to do has no goroutine.
//
// If the engine is a [storage.Shared], several processes may open nodes over its store.
// Each leases a slot there, with a log of its own; a node whose slot somebody else
// has taken over, because it was silent for half a minute, writes nothing more
// (ErrSlotLost). What one commits, live queries, peers and clients of all hear of. Two
// that change the same entity at once, or rely on what the other one changes (unique
// indexes, serializable transactions, hooks), are judged again, one after the other; all
// else goes side by side. Such a node keeps a snapshot and three goroutines, with
// [LearnModels] four.
//
// # Transactions
//
// A [Tx] collects changes that only it sees. Commit makes one event of each entity
// that changed, on top of the head that the transaction saw when it first touched
// the entity, and takes it to be accepted. That others changed an entity meanwhile
// is no conflict: events that do not know of each other merge, field by field.
//
// Who cannot have that makes the transaction serializable ([Tx.Serializable]): it
// is refused with ErrConflict if anything that it read has changed.
// [Session.Update] runs a function in a transaction, again if need be.
//
// Commit returns a [Receipt] when the transaction is durable, as the engine's mode
// promises it, and every reader sees it, the standing queries of this node
// included. When its context ends before the transaction was taken up, nothing
// happened; afterwards it is decided all the same, and [Node.Receipt] tells how.
//
// # Acceptance
//
// A durable node accepts a transaction once, first-hand, on behalf of everybody,
// whether it was made here or elsewhere. In this order it must pass:
//
//  1. structure and limits; of one made elsewhere, also the values ([entity.CheckEvent])
//  2. repetition: a transaction that is here gets the receipt it got before; another
//     one with its ID is refused with event.ErrEquivocation
//  3. the clock: event.ErrSkew if it is too far ahead
//  4. what a serializable transaction has read: ErrConflict
//  5. precursors: entity.ErrMissing names those that are not here
//  6. the models' Validate methods, on the entities as they will be
//  7. hooks, in their order, which may refuse, and add events of their own
//  8. the [Policy], which sees everything, additions included
//  9. unique indexes: ErrDuplicate if an entity would get a key that another one has
//
// Hooks and policies see the entities before and after ([Acceptance]). They must
// be free of side effects, because a batch that could not be stored is judged
// anew. They run on the way of everybody's commits: what takes long belongs
// elsewhere. An entity whose head has become wider than an event can follow gets
// an empty event that joins it.
//
// Accepted transactions are entries of the node's log. Each entry holds the hash
// of the one before, and the node signs the end of the log every 4,096 entries,
// when it is closed, and when it is asked ([Node.SignedHead]).
//
// # Committing
//
// There is one committer and it has no goroutine: whoever comes first leads.
// Transactions that come while the engine works are made durable together next
// (group commit), and are judged while it works. A failure undoes what was
// prepared on top of it. See committer in commit.go.
//
// When the engine fails for good, the node turns read-only: every commit returns
// ErrReadOnly with the cause, reads and live queries go on, and opening the node
// anew is the way back. An outcome that the engine does not know is settled by
// reading the log.
//
// # Reading
//
// Get and Fetch read one snapshot of what is committed, and neither wait for
// commits nor hold them up. A Fetch that is not ranged over to its end holds its
// snapshot, and the node's Close.
//
// There are two readers of the past. [Session.AsOf] reads in the order of IDs:
// what was written by some time, as far as it is known now. [Session.AsKnown] reads
// in the order of arrival: what this node knew at some cursor, which never
// changes. [Session.History] lists what happened to one entity, and who did it.
//
// # Indexes
//
// An index that a model declares is there when the node is open, if the node has
// had it before or the collection is small. Over more data it is built in the
// background, by the node's one goroutine of its own: commits, and queries, which
// do without it, go on meanwhile. A node that is closed in between goes on with
// that when it is opened again. [Node.Indexes] tells how far it is and
// [Node.WaitIndexes] waits for the end.
//
// # Unique keys
//
// In a unique index no two entities may have the same key: [model.Index] says what
// is the same. The node that accepts a transaction sees to that. It judges a
// transaction as a whole, so that two entities can exchange their keys; of those
// that want one key, the first to be accepted gets it, and the others are refused
// with a *[DuplicateError], which says who has it. Deleting an entity frees its key.
// Undeleting needs it again, and may be refused. Only giving an entity a key that
// it did not have can be refused, never another change of it.
//
// On an ephemeral node nothing is refused when it is committed. The transaction is
// pending, and shown; if somebody else was accepted first, it is refused when it is
// delivered, rolled back, and kept in the ledger with the reason, as every other
// refused one.
//
// An index that is declared unique over data that is not stays, as does the data.
// While it is being built nothing is refused on its account. From then on no
// entity gets a key that another one has, while those that share one keep it, and
// can be edited. [Node.WaitIndexes] and [Node.Indexes] name them in a
// *[CollisionError] until somebody has decided between them. The same becomes
// of entries from the log of another durable node, which are never refused: of
// uniqueness, like everything else, the node that accepts first-hand decides. A
// query for the key finds all who have it, the oldest first, unless it asks for
// another order.
//
// # Live queries
//
// [Session.Query] makes a query a standing one, in which now() is when it began. Every commit that changes its
// result becomes one change set, with rows that moved into a LIMIT from beyond it.
// Each range over Changes begins with the result as it is; a consumer that is
// slower than commits come finds them joined into fewer sets, none lost. Commits
// never wait for consumers. The same result is a signal, in the graph that
// [Node.Signals] returns.
//
// A live query becomes another one in place ([entity.Live.Requery]). The new one is
// registered and read beside the old, and when it is there, whoever is subscribed to
// the old result is subscribed to the new one, as of the same commit, with one change
// set that leads there. On a client the server is asked for the new one beside the
// old, which goes on being shown, so that for a moment it holds both; if it refuses,
// nothing has changed. Cut off, the client shows at once what it holds, as local, and
// asks when it is connected.
//
// The policy is asked when a live query begins and when it becomes another one.
// When something has changed that it decides by, [Node.Review] asks again: what may
// not be read any more leaves live queries, here and at the peers that are served, as
// no longer allowed, and they end.
//
// # Clients
//
// A node opened with [Ephemeral] is a client. It accepts nothing and keeps no
// history; it holds what it asked for and what it has not delivered yet, and code
// that uses a session does not notice which kind of node it has:
//
//	client, err := node.Open(ctx, engine, node.Ephemeral(), node.Models(...), node.WithPolicy(...))
//	connection, err := client.Connect(dial)   // any wire.Conn; see node/websocket, node/stream, node/pipe
//	...
//	err = server.Serve(ctx, conn, "prince")   // at the other end
//
// This package opens no sockets. A net.Listener is served by node/stream, a path of
// net/http by the handler of node/websocket, several of either by as many calls:
//
//	err = stream.Serve(ctx, listener, func(ctx context.Context, c wire.Conn) { server.ServeStranger(ctx, c) })
//	mux.Handle("/sync", &websocket.Handler{Serve: func(ctx context.Context, c wire.Conn, _ *http.Request) { ... }})
//
// [Node.Close] tells the peers of all of them that the server ends, and lets transactions
// that were handed over be decided.
//
// [Node.Connect] dials, and dials again when the connection is lost. A peer that
// has not answered for a minute is given up, on either side. Get, Fetch and
// History ask the server and put on top what is pending here; without a connection
// they return ErrOffline. [Session.Local] reads what is held. A live query shows
// what is held until the server has answered, and says so: its phase is loading,
// local, complete, and stale once the connection is gone. While a large result comes, the
// state counts its rows. Editing what is shown
// needs no connection, and no asking.
//
// After a connection was lost, a live query is told what it missed, in the first of these
// ways that works:
//
//	nothing changed              a sum over what is held, which the client keeps, is that
//	                             over the result
//	little happened since        the rows that were touched since, and which of those touched
//	                             are not in the result: up to 4,096 entries of the logs are
//	                             read, or as many as there are rows in the result
//	it was held, more or less    the rows of the buckets, of 1,024 at most, that differ
//	otherwise                    the whole result
//
// The first two cost what has changed, however much is held: bytes, and the server's work too
// as long as anybody else follows the same query there; if not, the server reads the result
// once. The second is not for queries with LIMIT, OFFSET or SELECT, nor if something has changed
// where a query's references lead: those compare, which takes the server a look at all rows, and
// 8 bytes for each bucket. After a restart it works if the query was followed to the end. A client
// shows an answer only if the sum over what it holds with it is right, and asks for more otherwise.
// While it is connected, it is told that sum every five minutes if anything was committed; what is not right is asked for
// again. [Connection.ResumeStats] counts all this, faults included.
//
// Of entities that were shown and that a whole result, or a bucket, leaves out, the client asks why
// before it shows that: deleted, no longer matching, pushed out by LIMIT, or no longer allowed, which is
// also said of what the server does not have. If there is no answer within five seconds, they match no more, or
// were pushed out if what is held of them matches. Up to 4,096 are asked about at a time.
//
// A live query that a server cannot keep for a reason of its own, such as a store that cannot
// be read, says so in its state, and is asked for again after a time that doubles, up to
// half a minute.
//
// A client does not go back in time. It notes how far the logs were of what it was told, over restarts
// too, and a server that has less, because it is a replica that lags or was restored from an old copy,
// is asked again until it has caught up. Meanwhile live queries show what is held, and their state has ErrBehind.
// Get and Fetch tell what the server has.
//
// Commit puts the transaction into the outbox, shows it at once and returns a
// receipt that is Pending. It is delivered when there is a connection, after those
// that it builds on: that wrote what it writes, or created what it refers to.
// [Node.Receipt] waits for the verdict, and so does Commit itself if it is told
// [UntilAccepted]. Until then the rows that show the transaction say so
// ([entity.View.Pending]); when it is accepted, live queries tell that with a change
// that is Updated and has no Fields, for nothing else changes.
//
// A transaction that is refused is taken back, with all that build on it, and stays
// in the [Node.Ledger] with its values and the reason, until the application decides:
// [Session.Retry] commits its changes again, on entities as they are now,
// [Session.Resubmit] returns them as a transaction that can be edited first, and
// [Node.Dismiss] forgets them. The transaction that takes its place is another one, to
// which the receipt of the first leads (Superseded); entities keep their IDs. A
// pending one that was not delivered yet can be taken back with [Node.Discard]. Each of
// that is one step: it has happened, and live queries show it, or it has not. Outbox and
// ledger survive a restart.
//
// A delivery that comes to nothing without a verdict is tried again after a time that
// doubles, up to half a minute. It holds up what builds on it and nothing else, unless the
// server says that it takes nothing at all.
//
// Several principals can act on one client. Their sessions share what it holds: they see
// what was fetched for others, and what others have pending, as far as the client's
// own [Policy] lets them read; each is asked for, and delivered, on behalf of who
// committed it. A principal that leaves the device waits until its work is delivered
// ([Session.Flush]), or puts it away until it comes back ([Session.Seal],
// [Session.Unseal]). Sealed work is neither shown nor delivered, but it is not
// encrypted, and what was fetched stays: for users who must not read each other's data
// use a store for each. [Session.Wipe] removes what the principal has committed, and
// what was fetched, and wants to be told how many transactions that loses.
//
// A client takes its server's time ([event.Clock.Correct]). What it made before, with
// a clock that ran ahead by more than the skew, is made anew when that is known: the
// same changes, with other IDs, in the same order. References follow, between
// entities and in transactions that are open. What the program has written down it
// can look up: the receipt of the old transaction is Superseded and leads to the new
// one, and the ledger lists the entities that were created under other IDs
// (Renamed). Only what may have been delivered before keeps its IDs, and is delivered
// again once its time has come.
//
// # Who is there
//
// Whoever calls [Node.Serve] has made sure who the peer is. [Node.ServeStranger] leaves
// that to the peer: it shows credentials, tokens say, which an [Authenticator] looks
// at (see package node/auth), and acts on behalf of several principals if it has
// several. On the client, [WithCredentials] says where they come from. Before they
// expire they are renewed; if that fails, or after [Node.Revoke], live queries become
// stale, with ErrCredential, and what was committed waits. Whatever is asked, the
// [Policy] is told on whose behalf.
//
// A durable node proves to its clients that its system has certified it, so a client
// that has been there before ends up with nobody else. Only TLS keeps what is said
// from those in between: see node/stream and node/websocket.
//
// A peer that breaks the rules of the protocol loses its connection, what it may ask
// for at a time is bounded, and how slow it is concerns nobody else. It is sent no more of an
// answer than it gives credit for, as it takes in what came, so that a large result does not
// hold up what else is said on the connection. A client trusts its server with
// its data and its memory.
//
// # Replication
//
// Durable nodes of one system exchange their logs. Both ends of a connection call
// [Node.Replicate]; [Node.Follow] does and dials again when the connection is lost:
//
//	connection, err := n.Follow(dial)       // any wire.Conn
//	...
//	err = other.Replicate(ctx, conn)        // at the other end
//
// Opened with [ServeReplicas], a node replicates with durable nodes that come where
// clients come, to [Node.Serve] and [Node.ServeStranger].
//
// Each sends what the other one lacks, by their cursors, its own log and those that it
// has from others. So it does not matter who is connected to whom: a pair, a chain, a
// star and a ring come to hold the same, byte by byte, and it does no harm if two nodes
// meet by several ways. Afterwards what is committed is sent as it comes, or with [Once]
// the connection ends. [Node.Export] writes the same to a file, and [Node.Import] reads
// it: see bundle.go for the format.
//
// Acceptance is decided once, by the origin. A replica verifies: that the system has
// certified the origin, that each entry follows the one before, that a signed head
// vouches for it, that it is well formed. It does not ask its policy, its hooks, the
// models' Validate methods and unique indexes, nor does it compare clocks. Entries go
// through the committer like everything else, and live queries and clients follow. An
// entry is stored only when the precursors of its events are here; until then it waits,
// with what follows it in its log.
//
// A log that is tampered with, forked, gapped, badly signed, not certified, or excluded
// by [OnlyOrigins] or [WithoutOrigins], is not taken from there on: a *[ReplicaError]
// names origin and entry. The logger is told at both ends, [Node.Replicas] lists it, and
// Replicate returns it when the connection ends. What was verified before stays, other
// logs go on, and the log is tried again on the next connection.
//
// A transaction that a client has delivered to two nodes has two addresses. It is applied
// once, and found at the first one that came; the other only moves the cursor. If one of
// them has refused it, and it shows in what a server says later that the other has not, it
// is accepted after all, and leaves the client's ledger as what was rejected. Two events
// that were accepted apart under one ID are an error that the logger is told of: on all
// nodes the one with the smaller digest counts.
//
// What a node has no model for, it stores and forwards: collections, fields, and kinds of
// operations. Entities of a collection can be read when the node is opened with its
// model.
//
// A store that was restored from an old copy, or has lost its end, lacks entries of the
// node's own log that others have. The node notices when it meets one of them: it goes
// on under a new origin, with a new key, and gets back what it lacks, like the log of
// any other node. [Node.Origin] changes then. The new origin is certified at once if
// the system's root key is held here; otherwise its log stays here until [Node.Enrol].
//
// What it has accepted before that has forked its log. Then it asks for the log from its
// beginning, finds the last entry that both have, and takes what is beyond that back into
// its new log, in one commit: the same transactions, with the same states, at other
// addresses, to which [Node.Receipt] leads. The end that the others have takes its place. A peer that took the forked end from it meanwhile gets those transactions once
// more, by their new addresses, and nothing beyond its end of the old log, which both sides
// name. So let a restored node meet the others before it accepts anything. Of
// bundles, one from the beginning does the same.
//
// Where there are no others, what is missing is lost, but for what clients have. That the
// store is an old copy nobody can tell but the operator, who calls [Node.CloseOrigin], or
// `ank restored`, before the node is served again. Either way the old log is closed: its
// origin has signed how much of it there is, and whoever connects is told, also by other
// servers. A client that has seen more goes back to what there is, though not with what it
// had committed itself: that is pending again, under the IDs that it has, is delivered once
// more, and has another address then, or is rejected by rules that have changed. What
// builds on what another client lost waits for it, for a day. If that happens twice, the
// second time with a copy from before the first, nobody can tell clients that were there in
// between: they are behind until [Node.GoBack].
//
// Whoever replicates has everything, whoever may see it: [Policy] is about what a node
// serves. A peer must have proved that its system has certified it.
//
// # Identity
//
// A store makes a node what it is: opened again, it is the same node, with the
// same log and in the same system. An empty store becomes the first node of a new
// system, whose root key stays in the store, unless [SystemRoot] or [JoinSystem] say
// to what it shall belong. A store of another system is refused with ErrSystem and
// left as it is.
//
// # Limits
//
//	transactions in one batch    1,024, see Limits    the rest waits for the next batch
//	events in one batch          16,384, see Limits   likewise; one transaction may be larger
//	tries of Session.Update      16, see Limits       the conflict is returned
//	precursors of one event      64                   wider heads are joined
//	receipts that are remembered 4,096                older ones are looked for in the log
//	change sets not yet taken    16 sets, or twice    joined into one, none lost
//	                             the first one's size
//	fields and size of an entity see package entity   what would exceed them is refused
//	transactions in the outbox   65,536, see Limits   ErrOutboxFull
//	one transaction of a client  16 MiB               refused
//	what a serializable one of a 65,536 entities      refused
//	client has read
//	accepted ones in the ledger  1,024                the oldest are forgotten
//	and of those, with values    4 MiB                likewise; see Node.CloseOrigin
//	models from peers, in all    1,024, and 16 MiB    wire.CodeTooMany, where one is needed
//	disconnections for them      one every 1 to 30    who brings more waits
//	                             seconds
//
// and of one connection that is served
//
//	requests at a time           64                   others are not read meanwhile
//	transactions, and queries    1 at a time          likewise
//	with cursors, over 64 KiB
//	work on one of them          10 minutes, see      wire.CodeDeadline
//	                             Limits
//	no credential in force       a minute             the connection ends: wire.CodeCredential
//	of a stranger
//	answers that wait for credit 64                   wire.CodeTooMany
//	live queries                 4,096                wire.CodeTooMany
//	an answer under way          what the peer gives  the rest waits, joined with what
//	                             credit for           changes
//	models that are not taken    1,024, and 4 MiB     the connection ends: wire.CodeTooMany
//	rows, groups, and values     4,194,304, see       wire.CodeTooMany, when a query
//	kept for groups, in all      Limits               begins or grows
//	of them
//
// and of one connection with another durable node, or one bundle
//
//	entries under way            4 MiB and a message  the sender waits
//	entries that wait for others 65,536, and 64 MiB,  let go of, and asked for again
//	                             see Limits
//	entries without a signed     likewise             the log is refused
//	head
//	logs that are refused        1,024                the connection ends
//
// and of every connection
//
//	dialling                     a minute             it is tried again later
//	waiting for a hello          10 seconds           the connection ends
//	waiting for a message to be  5 minutes            the connection ends
//	taken
//	logs that are known to be    256                  others are not told of
//	closed
//
// Everything that is larger than package event allows is refused.
package node
