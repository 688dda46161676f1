package postgres

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// Commit stores a batch, in two round trips: the first begins a transaction, waits
// for its turn among all processes, and reads what the batch is compared with; the
// second writes and commits. Everything before the second is tried again when the
// connection fails. What the second came to is unknown if its answer is lost.
func (e *Engine) Commit(ctx context.Context, b *storage.Batch) error {
	if err := b.Validate(); err != nil {
		return err
	}
	if err := checkNumbers(b); err != nil {
		return err
	}
	if err := e.writable(ctx); err != nil {
		return err
	}
	if err := e.take(ctx, e.committing); err != nil {
		return err
	}
	defer func() { <-e.committing }()
	if err := e.writable(ctx); err != nil {
		return err
	}
	err := e.patiently(ctx, func() error { return e.commitOnce(ctx, b) })
	return e.fail(ctx, err)
}

// checkNumbers refuses sequences that a bigint does not hold.
func checkNumbers(b *storage.Batch) error {
	for i, entry := range b.Entries {
		if entry.Seq > math.MaxInt64 {
			return &storage.BatchError{Field: "entries", Index: i, Reason: "has a sequence beyond 2^63"}
		}
	}
	for i, p := range b.Advance {
		if p.Seq > math.MaxInt64 {
			return &storage.BatchError{Field: "advance", Index: i, Reason: "has a sequence beyond 2^63"}
		}
	}
	return nil
}

func (e *Engine) commitOnce(ctx context.Context, b *storage.Batch) error {
	conn, err := e.writers.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release() // which closes a connection that is in a transaction
	c := &commit{engine: e, batch: b, conn: conn}
	err = c.begin(ctx)
	if err == nil {
		err = c.compare()
	}
	if err != nil {
		c.rollback(ctx)
		return err
	}
	return c.finish(ctx)
}

// commit is one attempt to store a batch.
type commit struct {
	engine  *Engine
	batch   *storage.Batch
	conn    *pgxpool.Conn
	number  int64
	catalog *catalog
	changed bool // tables were made
	origins map[event.Origin]*logEnd
	last    int // the greatest number of an origin
	stamps  map[string]map[string]event.Stamp
	held    map[string][]byte // values in Holds that are there
}

// logEnd is where a log ends, as the store has it and as the batch leaves it.
type logEnd struct {
	number  int // 0: the store does not know it yet
	found   event.Position
	after   event.Position
	head    []byte
	headSeq uint64
	cut     bool // entries beyond after are taken back first
	written bool
}

// begin begins the transaction and reads what there is.
func (c *commit) begin(ctx context.Context) error {
	c.catalog = c.engine.known()
	c.origins = make(map[event.Origin]*logEnd)
	c.stamps = make(map[string]map[string]event.Stamp)
	var version int64
	b := new(pgx.Batch)
	b.Queue(`BEGIN`)
	b.Queue(`UPDATE _store SET commits = commits + 1 RETURNING commits, catalog`).QueryRow(func(r pgx.Row) error {
		return r.Scan(&c.number, &version)
	})
	c.queueOrigins(b)
	c.queueHolds(b)
	missing := c.queueStamps(b)
	if err := c.send(ctx, b); err != nil {
		return err
	}
	if version != c.catalog.version {
		return c.beginAnew(ctx)
	}
	if len(missing) > 0 {
		return c.makeTables(ctx, missing)
	}
	return nil
}

// beginAnew reads what depends on tables once more: another process has changed
// them.
func (c *commit) beginAnew(ctx context.Context) error {
	fresh, err := loadCatalog(ctx, c.conn)
	if err != nil {
		return err
	}
	c.engine.learn(fresh)
	c.catalog = fresh
	b := new(pgx.Batch)
	missing := c.queueStamps(b)
	if err := c.send(ctx, b); err != nil {
		return err
	}
	if len(missing) > 0 {
		return c.makeTables(ctx, missing)
	}
	return nil
}

func (c *commit) send(ctx context.Context, b *pgx.Batch) error {
	if b.Len() == 0 {
		return nil
	}
	return c.conn.SendBatch(ctx, b).Close()
}

// makeTables makes the tables of collections that had no entity before.
func (c *commit) makeTables(ctx context.Context, names []string) error {
	c.catalog = c.catalog.clone()
	for _, name := range names {
		if _, err := createTable(ctx, c.conn, c.catalog, name, c.engine.schemaOf(name)); err != nil {
			return err
		}
	}
	if _, err := c.conn.Exec(ctx, `UPDATE _store SET catalog = catalog + 1`); err != nil {
		return err
	}
	c.catalog.version++
	c.changed = true
	return nil
}

// finish writes everything and commits.
func (c *commit) finish(ctx context.Context) error {
	b := new(pgx.Batch)
	c.queueLogs(b)
	c.queueEvents(b)
	c.queueStates(b)
	c.queueMeta(b)
	b.Queue(`SELECT pg_notify($1, $2)`, c.engine.channel, c.engine.told(c.number))
	b.Queue(`COMMIT`)
	results := c.conn.SendBatch(ctx, b)
	for range b.Len() - 1 {
		if _, err := results.Exec(); err != nil {
			results.Close()
			if isAnswer(err) { // before the server came to COMMIT
				c.rollback(ctx)
				return err
			}
			return c.unknown(err)
		}
	}
	tag, err := results.Exec()
	if closed := results.Close(); err == nil {
		err = closed
	}
	switch {
	case err == nil && tag.String() == "COMMIT":
	case err == nil:
		return errRolledBack
	case isAnswer(err) && !passing(err) && !ends(err):
		return err
	default:
		return c.unknown(err)
	}
	if c.changed {
		c.engine.learn(c.catalog)
	}
	return nil
}

var errRolledBack = errors.New("the server rolled the transaction back")

// unknown is the error of a commit whose answer is not known, unless nothing of it
// was sent.
func (c *commit) unknown(err error) error {
	if pgconn.SafeToRetry(err) {
		return err
	}
	return &unknownError{err}
}

// unknownError is a storage.ErrUnknown with its cause, which is not looked at any
// more: the same commit is not tried again before the log was read.
type unknownError struct{ cause error }

func (e *unknownError) Error() string { return storage.ErrUnknown.Error() + ": " + e.cause.Error() }

// Is makes errors.Is find storage.ErrUnknown, and what the cause is.
func (e *unknownError) Is(target error) bool {
	return target == storage.ErrUnknown || errors.Is(e.cause, target)
}

// isAnswer reports whether an error came from the server, which then knows that the
// transaction has failed.
func isAnswer(err error) bool {
	_, ok := errors.AsType[*pgconn.PgError](err)
	return ok
}

// rollback ends the transaction, so that the connection can be used again.
func (c *commit) rollback(ctx context.Context) {
	if c.conn.Conn().IsClosed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelDelay)
	defer cancel()
	if err := plainly(ctx, c.conn.Conn(), `ROLLBACK`); err != nil {
		c.conn.Conn().Close(ctx)
	}
}

// clone returns a copy to which collections can be added.
func (c *catalog) clone() *catalog {
	return &catalog{version: c.version, collections: maps.Clone(c.collections)}
}

// sortedStates returns the changes of a batch by collection.
func (c *commit) sortedStates() (names []string, changes map[string][]*storage.StateChange) {
	changes = make(map[string][]*storage.StateChange)
	for i := range c.batch.States {
		s := &c.batch.States[i]
		name := s.Record.Collection
		if changes[name] == nil {
			names = append(names, name)
		}
		changes[name] = append(changes[name], s)
	}
	slices.Sort(names)
	return names, changes
}
