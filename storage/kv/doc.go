// Package kv is the storage engine for every ordered key-value store. It lays
// out logs, events, records and indexes as keys, keeps them in step in one
// atomic batch for each commit, executes plans by reading ranges of keys, and
// keeps the records used last on the heap. What it asks of a store is the small
// interface Driver; packages memory and pebble have drivers, and a new one is
// tested by storage/storagetest.
//
// The package knows nothing of files, of the network or of any particular store,
// nothing of merging, and never looks into Record.Merge. The only goroutine that it
// starts decodes a long log ahead of its reader, and ends with the sequence.
//
// # One process, or several
//
// The engine of Open is the only one that writes its store while it is open: it knows the
// position of every log, the catalog and the resident records by heart. Drivers
// must refuse a second opening (storage.ErrLocked).
//
// The engine of OpenShared is one of several over a store, in any processes. It knows
// nothing by heart but the catalog, whose version it compares, and asks the store for the
// rest, each time; see shared.go. All of them should register the same schemas: an index
// that one registers, and another does not know of, becomes outdated when that one commits
// to the collection, and is dropped when it registers.
//
// # FORMAT
//
// All keys begin with a letter that names their table. u(n) is a number as an
// unsigned varint in its shortest form (internal/codec), 8(n) a number in eight
// bytes, most significant first; the parts are written one after another. An ID,
// an origin and a stamp are their 16 or 32 bytes. Numbers of origins,
// collections and indexes are given out from 1 in the order in which the store
// meets them, so that keys stay short.
//
//	table     key                                   value
//	log       'l' u(origin) 8(seq)                  event.Entry.AppendTo
//	events    'e' entity ID                         u(origin) u(seq) u(index) [transaction ID]
//	states    's' u(collection) ID                  record
//	indexes   'i' u(index) columns|word ID          nothing, or the row if covering
//	meta      'm' 'f'                               u(format version), 2
//	          'm' 'o' origin                        u(number of the origin)
//	          'm' 'c' name                          u(number of the collection)
//	          'm' 'i' u(index)                      state u(collection) [through] definition
//	          'm' 'p' u(origin)                     u(seq) 8(short)
//	          'm' 's' u(origin)                     event.SignedHead.AppendTo
//	          'm' 'u' key                           value of Batch.Meta
//	          'm' 'v'                               u(version of the catalog), if shared
//
// log. The whole entry, once, in the encoding that the wire and the hash chain
// use. The position of a log is its last entry.
//
// events. Where an event is logged: in the entry of that origin and sequence, at
// that index, counting the transaction's events and then the added ones from 0.
// The transaction's ID follows only if it is not ID.Transaction() of the event,
// which it is for every update event. Keys of one entity stand together in ID
// order, which is a topological order of its history.
//
// states. A record is
//
//	flags          one byte: bit 0 is set for a deleted entity, the others are 0
//	head           u(n), then n IDs, ascending
//	length         u(length of the values)
//	values         model.Tuple
//	merge          all that follows
//
// The record's stamp is computed from its head. Records of deleted entities
// stay.
//
// indexes. The columns are model.Value.AppendKey of each column of the index, in
// order: self-delimiting, and ordered bytewise as the values are. The ID makes
// keys unique. An entity that is not deleted has one entry in each ready index of
// its collection; a deleted one has none. The value of a covering index is the
// record without its merge data. In a full-text index the columns are one string, a
// word of the entity's value (query.Words, each of at most text.MaxToken bytes), and an
// entity has as many entries as it has distinct words.
//
// meta, indexes. state is one byte: 1 when the index can be used; 2 while it is
// being built, and then through is the ID of the last entity that was dealt with,
// or 16 zero bytes: no entry is wrong, and none of entities up to that is missing;
// 0 when it is outdated, and what it holds means nothing. The definition is the text
// of model.Schema.IndexKey; in a full-text index a space and text.Version in decimal
// digits follow, so that it is built anew when texts are cut in another way. An index
// of a collection that is written while no schema is registered for it becomes
// outdated, and says so in the same batch.
//
// meta, positions. Only of logs that were moved without entries; a later entry
// of the log overrules it. In a shared store, of all logs, and it is what counts.
//
// # Versions of the format
//
// Open refuses a store whose format version is greater than the one it knows,
// with a *storage.FormatError, before reading anything else. Whoever changes a
// line of the table above increases the version and reads the old one too, or
// converts it in Open.
//
//	1   the first
//	2   has indexes of state 2. Open makes version 2 of version 1 by writing the
//	    number; an index of state 0 may then be one whose building was interrupted
//
// Full-text indexes came later and have no version: to a release that does not know
// them they are indexes that no schema declares.
//
// # What a commit writes
//
// For a transaction that creates one entity with n indexes: one entry, one
// address, one record, n index entries. An update rewrites the record and moves
// only the index entries whose columns changed, and of a full-text index those of words
// that came or went; entries of covering indexes are rewritten. Old keys come from StateChange.Before, the cache, or one read.
//
// Most of a relaxed commit over an LSM tree is the insertion of these keys into
// its table in memory, and sorting them later. The address is the one that could
// be done without, if records led to the newest event and every event to the one
// before. Leaving addresses out was measured: it saves 5 to 10 % of a commit of
// one entity, 15 % of a large one, which is too little for histories that can
// only be walked backwards.
//
// # How indexes are built
//
// Build takes the next hundred or so entities of a collection in the order of their
// IDs, while commits wait, and stores their entries together with how far it has
// come. Commits maintain what there is of an index. So there is no moment at which
// an entry is wrong, and nothing to be caught up with when a build goes on after
// a crash; see build.go.
//
// # How plans are executed
//
// A collection that is asked often, and fits, is kept on the heap as a table: its
// records in the order of IDs, and of every index that was asked for. A range of
// such an order is two searches and a walk over pointers; the store is not read
// (mirror.go, table.go), but for full-text indexes, whose entries lead to rows of the
// table. All other collections are read from the store:
//
// A range of an index is read in order. What the plan can test on the key is
// tested there (plan.Filter); rows then come from the index entry if it is
// covering, from the cache if they are resident, or else from the state table, many
// together in the order of IDs (fetch.go). Predicates
// are evaluated on the encoded row, which decodes the fields they name and no
// others; a row is copied to the heap only if it becomes part of the result.
// Rows that come in the query's order are passed on at once, and reading stops
// at the limit; otherwise the best are kept in a heap bounded by the limit.
//
// A plan with parts reads the keys of all of them, and then rows in the order of
// IDs (select_parts.go). Of an intersection it gives up a part that turns out to
// have fifteen times as many keys as there are rows left to get. In a table, where a
// row is tested as quickly as a key, it reads the smallest part only.
//
// What plans are chosen by comes from tables, which know how many rows and keys they
// have, or else from counting some keys in the store (statistics.go).
//
// # What is kept on the heap
//
// Options.CacheBytes bounds it, by estimate: records, some 270 bytes each beside
// their own; and in place of up to three quarters of them, tables: a row takes 160
// bytes beside its own, 16 for each order, and 32 for each column that scans look
// at, whose values are kept side by side (column.go). A table is made by the query that
// finds that those before it have read a quarter as many rows as it has, which
// takes about as long again, half a second for a million rows. A query after commits
// first puts their records in, about a microsecond for each and its index. A
// table is given up when it grows beyond the bound, when more records were written
// since the last query than half of its rows, or when as many were put in as it
// has rows.
//
// # Snapshots
//
// A snapshot is a reference to the newest commit. The driver is asked for one of
// its own only when something is read that is not resident, or when the next
// commit is about to replace what somebody still holds. See view.go, and cache.go
// for why a reader never sees a resident record of another time.
package kv
