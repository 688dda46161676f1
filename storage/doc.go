// Package storage is the contract between a node and the place where it keeps its
// data: what an [Engine] promises, what a [Batch] holds, what a [Snapshot] answers.
// It holds no engine itself. Those are storage/kv, over any ordered key-value
// store, with drivers storage/memory and storage/pebble; engines of another
// kind implement the same interface.
//
// The package knows events as bytes with an ID, records as values and a head, and
// queries as plans. It does not know what events mean, how states merge, who may
// see what, nor when to commit: that is for packages entity and node.
//
// # A manual for whoever writes an engine
//
// An engine stores five things and keeps them in step.
//
//   - Logs. One for each origin: the entries with sequence 1, 2, 3, ... and the
//     position where it ends. The positions of all logs are the cursor.
//   - Events. Each entry holds events; an event is found again by entity and ID.
//   - States. One [Record] for each entity: the newest, nothing older.
//   - Indexes. An order of a collection for each index that a registered schema
//     declares, or of its words if the index is full-text. They are the engine's own
//     affair; [plan.Plan] speaks of them.
//   - Meta. A map of small values, and a signed head for each origin.
//
// # The rules
//
// They have numbers so that tests and comments can cite them.
//
// S1, atomic. A batch is stored as a whole or not at all: no crash, no error and
// no reader ever separates its entries from its states, nor its states from
// their index entries.
//
// S2, durable. When Commit returns nil, the batch survives whatever the engine's
// mode promises. What an unsynced mode loses in a crash is a suffix of the
// commits.
//
// S3, compared. A batch that expects what is not so changes nothing, and the
// error names everything that had moved: log positions and held values always, stamps
// of states where the engine has them at hand, and always if it is [Shared].
//
// S4, serial. Commits take effect one after another, in an order in which each
// sees those before. Callers may call Commit concurrently; a node has one
// committer and does not.
//
// S5, unchanging. A snapshot shows one commit, in all of its methods, however
// long it is open. It shows every commit that returned before it was taken.
//
// S6, unhindered. Reading does not wait for a commit to become durable, and Commit
// does not wait for readers.
//
// S7, complete. Select yields exactly the rows that Query.Match accepts, in the
// order of Query.Compare, between OFFSET and LIMIT, whatever the plan says about
// how to find them.
//
// S8, honest. Whatever cannot be done is an error of this package, or wraps the
// store's. After a failed write nothing more is written (ErrReadOnly): memory and
// disk may have parted, and only opening the store again brings them together.
// Reads go on.
//
// S9, built aside. While an index is building, no query uses it, and commits keep
// in step what there is of it; once it is ready, it holds what it would hold had
// it been there from the first commit.
//
// # Ownership
//
// Records and events are immutable and shared: an engine may keep the record it
// was given in a cache and hand it out; a caller may keep what it was handed. Their
// bytes never lie in memory that the store will use again. A batch itself, its
// slices and meta values, is the caller's again when Commit returns.
//
// # Sequences
//
// Methods that return iter.Seq2 do their work while being ranged over, check their
// context now and then, and release what they hold when the loop ends, however it
// ends. The error comes last, beside a zero item.
//
// # Capabilities
//
// What not every engine can do is an interface of its own with a fallback that
// is written down: [Counter] and the function [Count], [Estimator] and the function
// [Plan], [Tracer] and the function [Trace], [Locator] and the function [Locate],
// [Shared], [Lister], [Verifier], [Sizer].
//
// # How an engine is tested
//
// Package storagetest is these rules as a test suite; [Checked] wraps an engine so
// that it, and those who call it, are held to them wherever it is used. The
// engine's own test is a constructor and one line:
//
//	func TestEngine(t *testing.T) {
//		storagetest.Run(t, storagetest.Options{New: func(t testing.TB) storagetest.Store { ... }})
//	}
//
// storagetest.Naive is an engine of maps and loops that obeys every rule: read
// it when words are not enough.
package storage
