// Package postgres is the relational engine: a storage.Engine over one schema of a
// PostgreSQL database, of version 14 or newer, for which it uses
// github.com/jackc/pgx/v5. Every collection is a table with a typed column for each
// field, which people read and join with psql and other tools; predicates, order and
// windows of queries are the server's work. Several processes may have one store
// open. The package knows nothing of nodes, and nothing of merging.
//
//	engine, err := postgres.Open(ctx, "postgres://ank@db.example.org/shop", postgres.Options{})
//	if err != nil { ... }
//	defer engine.Close()
//
// # The tables, for those who read them
//
// All tables are in the schema Options.Schema, "ank" unless another one is named.
// Those of collections have the names of these; those of the store itself begin with
// an underscore, and say in their comments what they are for.
//
//	SELECT a.name, l.name AS label, a.year FROM ank.albums a JOIN ank.labels l ON l.id = a.label
//	WHERE NOT a._deleted AND a.year > 1985 ORDER BY a.year;
//
//	SELECT seq, tx, author FROM ank._log ORDER BY origin, seq DESC LIMIT 10;
//
// The table of a collection has these columns:
//
//	id        text              the entity
//	created   timestamptz       the time of its creation event
//	updated   timestamptz       the time of the newest event in its head
//	FIELD     see below         the value; never NULL but for optional fields and JSON
//	_deleted  boolean           deleted entities stay: leave them out
//	_stamp    bytea             identifies the head, for compare-and-swap
//	_row      bytea             the record: flags, head, values, checksum
//	_merge    bytea             what merging needs, with a checksum
//	_words    text[]            the words of full-text indexes, each after its field's name
//
// Fields are of the types
//
//	bool      boolean
//	int       bigint
//	uint      numeric           up to 2^64-1
//	float     double precision  NaN sorts last and equals itself, as in Ank
//	string    text              COLLATE "C", whatever the database's collation is
//	bytes     bytea
//	time      timestamptz
//	duration  bigint            nanoseconds
//	id        text              26 characters that sort by time of making
//	json      jsonb
//
// A field whose name PostgreSQL keeps for itself (xmin and the like) has the type
// appended to the name of its column, and so has a field that changed its type: its
// old column stays, and is not written any more. Table _columns lists which column
// belongs to which field.
//
// # What is truth
//
// Truth are _row and _merge of each record, the entries in _log, the values in _meta,
// and the positions in _origins. Everything else is derived from these: typed columns,
// _words, _events. Nobody but Ank should write these tables. What happens if somebody
// does:
//
//   - Truth that was changed does not have its checksum any more. Reading it is a
//     *storage.CorruptError.
//   - A typed column that was changed may put a row where it does not belong. Every row
//     that the server gives is held against the query and its order once more by what
//     _row says, and a row that does not fit is a *storage.CorruptError, not part
//     of the result. A row that is hidden by such a change is missing in results:
//     nobody reads it. Verify (ank verify) finds both, and names column and entity.
//   - A record that was removed is not found. The log still has its events, so that
//     ank verify finds that too.
//
// Rights are the better guard: give people and tools SELECT only.
//
// # Commits
//
// Commits of all processes take turns: each begins with an update of the one row of
// _store, which gives it its number, and which the next one waits for. In the same
// round trip it reads what the batch is compared with; a second one writes everything
// in arrays and commits. Commits are as durable as the server's setting
// synchronous_commit says. Each tells its number, and a name for
// the engine that made it, on the channel ank_SCHEMA, with NOTIFY: Watch listens to that.
//
// When the connection fails before the second round trip, or the server is restarting,
// the commit is tried again for as long as Options.Patience allows. When the answer
// to the second is lost, the outcome is storage.ErrUnknown, with the cause: the log's
// position in a new snapshot tells. A full disk is storage.ErrFull; where it ends the
// server in the middle of a commit, as its own log finds no room, the outcome is unknown.
// A process that is halted between the two loses its turn after Options.Turn, and finds
// everything compared again when it wakes up.
//
// # Snapshots and connections
//
// A snapshot is a transaction at isolation REPEATABLE READ on a connection of its own,
// so an old one keeps the server from removing what was overwritten since, like any
// long transaction. When Options.Snapshots connections are taken, further snapshots
// of the same commit share one, and those of another commit wait. Commits have
// connections beside these, at most three, and never wait for readers; single records
// are read on two more. A query that
// is given up is cancelled at the server; its snapshot goes on.
//
// PgBouncer and its like have to leave a session to one client (session pooling).
//
// # Schemas of models
//
// A new field adds a column, which takes no time; Build then writes it in the rows that
// are there, some at a time. A field whose type changed gets a new column likewise.
// Until that is done, queries of the collection are answered by reading all of its rows,
// and are right.
//
// Processes may know different schemas of one collection, while a new release takes the
// place of an old one, say. All of them write columns as the schema says that was
// registered last, which the store has. Queries of the others read all rows, and indexes
// that only they declare are not built.
//
// Indexes are built while commits go on, unless the collection is small. That takes
// until all transactions have ended that began before, snapshots among them.
//
// # What the server is asked
//
// Comparisons, IN, BETWEEN, LIKE, IS NULL, AND and OR of these, AFTER, paths in JSON,
// CONTAINS of scalars, and words, are tested by the server, and what it can test alone
// it also orders, cuts and counts. Tested on rows here are: ILIKE, whose case folding
// is another one; phrases and words in JSON; comparisons of numbers of two types,
// which PostgreSQL would round; computed values; order by JSON or by rank. References
// are followed row by row, by storage.SelectJoined. Groups are made of rows.
package postgres
