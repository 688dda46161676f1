// Package entity folds events into the state of entities, collects what a
// transaction changes, and holds the runtime half of generated code: views,
// drafts, collections, live queries.
//
// It knows how events merge, and does no I/O of any sort: whatever must be
// fetched is asked for through the small interfaces [Reader], [Session], [Tx],
// [Standing], [Requerier] and [History], which package node implements. It knows nothing of
// storage engines, logs, peers or policies.
//
// # For applications
//
// Generated code declares a [Collection] for every model, with the model's own
// types for its entities:
//
//	tx := session.Begin()
//	album, err := music.Albums.Create(tx, music.Album{Name: "Parade"})
//	album.SetYear(1986)
//	receipt, err := tx.Commit(ctx)
//
//	for album, err := range music.Albums.Fetch(ctx, session, "year > ?", 1985) { ... }
//
// A [View] is an immutable snapshot. A [Draft], which generated mutables embed,
// records changes in a transaction. Its setters return nothing: the first thing
// that goes wrong in one is what the commit returns. A [Live] query is a result
// that is kept current, and can become another one in place: a filter that is
// typed, an order that is chosen, the next page.
//
//	live, err := music.Albums.Query(ctx, session, "year > ? ORDER BY year LIMIT 10", 1985)
//	go func() {
//		for changes := range live.Changes(ctx) { ... }
//	}()
//	err = live.Requery(ctx, "artist = ? ORDER BY name LIMIT 10", "Prince")
//	next, err := live.Last()
//	err = live.After(ctx, next)
//
// Whoever follows its changes gets the difference, and nothing else; see
// [Live.Requery].
//
// # How events merge
//
// A [State] is one entity folded up to a head. Everything in it is a register,
// and a register holds what the greatest (event ID, operation index) wrote. IDs
// extend causality: an event's ID is greater than that of everything its writer
// had seen. So a later write always wins, of two concurrent ones the younger
// does, and all replicas agree without looking at the graph. The state is
// therefore a function of the set of events applied.
//
//   - A field is a register. A field that was cleared, or whose value was
//     erased, holds null: the write still wins.
//   - "Deleted" is a register of its own, which only Delete and Undelete write.
//     Edits neither undelete nor get lost: they show again after Undelete.
//   - Fields that no schema knows are fields like any other.
//   - An operation of an unknown kind, or with a path or a value that has no
//     meaning here, is kept verbatim with the state: see [Kept].
//   - A field that was renamed is folded under each of its names, and the
//     greatest of these writes counts, when a state is shown to a schema.
//
// [State.Apply] takes events in any order that respects precursors. It decides by
// head and IDs whether an event is new and complete, and asks the [History] only
// when they cannot tell. What misses precursors waits in a [Parking].
//
// Of two different events with one ID, the one with the smaller digest is the
// event everywhere: [Resolve]. A [Folder] applies that and everything else to any
// pile of events of one entity.
//
// # Transactions
//
// An [Overlay] is what a transaction has touched. Each entity is forked at first
// touch, so reads repeat, entity by entity; that is no snapshot across entities.
// [Overlay.Build] makes one event for each entity that changed, whose precursors
// are the head at the fork. Setting a field to what it was at the fork is no
// change. What is created and changed is one creation event, what is created and
// deleted is nothing.
//
// # Concurrency
//
// Views, collections, selections and live queries are safe for concurrent use.
// States may be read concurrently. Drafts, overlays, folders and parkings belong
// to one goroutine at a time.
//
// # Limits
//
// What an entity may grow to, in fields, in kept operations and in bytes, is
// [MaxFields], [MaxKept] and [MaxBytes]. An acceptor refuses an event that would
// make it larger ([Size.Check]), or whose values are none ([CheckEvent]); folding
// itself refuses nothing. A Parking holds [DefaultParkedEvents] events and
// [DefaultParkedBytes] bytes unless told otherwise. A Folder keeps whatever it is
// given. The limits of events and values are those of packages event and model.
package entity
