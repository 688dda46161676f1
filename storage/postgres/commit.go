package postgres

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
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

// queueOrigins reads the positions of all logs that the batch speaks of.
func (c *commit) queueOrigins(b *pgx.Batch) {
	var names [][]byte
	speak := func(o event.Origin) {
		if c.origins[o] == nil {
			c.origins[o] = &logEnd{found: event.Position{Origin: o}, after: event.Position{Origin: o}}
			names = append(names, o[:])
		}
	}
	for _, p := range c.batch.Expect {
		speak(p.Origin)
	}
	for _, p := range c.batch.Cut {
		speak(p.Origin)
	}
	for _, entry := range c.batch.Entries {
		speak(entry.Origin)
	}
	for _, p := range c.batch.Advance {
		speak(p.Origin)
	}
	for _, h := range c.batch.Heads {
		speak(h.Origin)
	}
	if len(names) == 0 {
		return
	}
	b.Queue(`SELECT coalesce(max(number), 0) FROM _origins`).QueryRow(func(r pgx.Row) error { return r.Scan(&c.last) })
	b.Queue(`SELECT number, origin, seq, short FROM _origins WHERE origin = ANY($1)`, names).Query(func(rows pgx.Rows) error {
		return eachRow(rows, nil, func(r pgx.Rows) error {
			number, p, err := scanPosition(r)
			if end := c.origins[p.Origin]; end != nil {
				end.number, end.found, end.after = number, p, p
			}
			return err
		})
	})
}

// queueHolds reads the values that the batch holds.
func (c *commit) queueHolds(b *pgx.Batch) {
	if len(c.batch.Holds) == 0 {
		return
	}
	c.held = make(map[string][]byte)
	var keys [][]byte
	for _, m := range c.batch.Holds {
		keys = append(keys, []byte(m.Key))
	}
	b.Queue(`SELECT key, value FROM _meta WHERE key = ANY($1)`, keys).Query(func(rows pgx.Rows) error {
		return eachRow(rows, nil, func(r pgx.Rows) error {
			m, err := scanMeta(r)
			c.held[m.Key] = m.Value
			return err
		})
	})
}

// scanPosition reads number, origin, seq and short.
func scanPosition(r pgx.Rows) (number int, p event.Position, err error) {
	var origin, short []byte
	var seq int64
	if err := r.Scan(&number, &origin, &seq, &short); err != nil {
		return 0, p, err
	}
	if len(origin) != len(p.Origin) || len(short) != 8 || seq < 0 {
		return 0, p, &storage.CorruptError{What: fmt.Sprintf("position of log %x", origin), Err: errLength}
	}
	copy(p.Origin[:], origin)
	p.Seq, p.Short = uint64(seq), binary.BigEndian.Uint64(short)
	if p.Seq == 0 { // it has a signed head, and no position
		p.Short = 0
	}
	return number, p, nil
}

var errLength = errors.New("a value has the wrong length")

// queueStamps reads the stamps of the entities that the batch changes. It returns the
// collections that have no table.
func (c *commit) queueStamps(b *pgx.Batch) (missing []string) {
	ids := make(map[string][]string)
	var names []string
	for _, s := range c.batch.States {
		name := s.Record.Collection
		if ids[name] == nil {
			names = append(names, name)
		}
		ids[name] = append(ids[name], s.Record.Row.ID.String())
	}
	for _, name := range names {
		col := c.catalog.collections[name]
		if col == nil {
			missing = append(missing, name)
			continue
		}
		found := make(map[string]event.Stamp)
		c.stamps[name] = found
		b.Queue(`SELECT id, _stamp FROM `+quote(col.table)+` WHERE id = ANY($1)`, ids[name]).Query(func(rows pgx.Rows) error {
			return eachRow(rows, nil, func(r pgx.Rows) error {
				var id string
				var stamp []byte
				if err := r.Scan(&id, &stamp); err != nil {
					return err
				}
				if len(stamp) != len(event.Stamp{}) {
					return &storage.CorruptError{What: "stamp of " + name + " " + id, Err: errLength}
				}
				found[id] = event.Stamp(stamp)
				return nil
			})
		})
	}
	return missing
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

// compare returns what has moved, nil if nothing has.
func (c *commit) compare() error {
	conflict := new(storage.ConflictError)
	moved := func(expected, found event.Position) {
		conflict.Positions = append(conflict.Positions, storage.MovedPosition{Expected: expected, Found: found})
	}
	for _, want := range c.batch.Expect {
		found := c.origins[want.Origin].found
		if found.Seq != want.Seq || want.Seq > 0 && found != want {
			moved(want, found)
		}
	}
	for _, m := range c.batch.Holds {
		if found, ok := c.held[m.Key]; ok != (m.Value != nil) || !bytes.Equal(found, m.Value) {
			conflict.Meta = append(conflict.Meta, m.Key)
		}
	}
	for _, p := range c.batch.Cut {
		end := c.origins[p.Origin]
		if end.after.Seq < p.Seq {
			moved(p, end.after)
			continue
		}
		if end.after, end.cut, end.written = p, true, true; p.Seq == 0 {
			end.after = event.Position{Origin: p.Origin}
		}
	}
	for _, entry := range c.batch.Entries {
		end := c.origins[entry.Origin]
		if end.after.Seq+1 != entry.Seq {
			moved(event.Position{Origin: entry.Origin, Seq: entry.Seq - 1}, end.after)
			continue
		}
		end.after, end.written = entry.Position(), true
	}
	for _, p := range c.batch.Advance {
		end := c.origins[p.Origin]
		if p.Seq < end.after.Seq {
			moved(p, end.after)
			continue
		}
		end.written = end.written || end.after != p
		end.after = p
	}
	for _, s := range c.batch.States {
		found := c.stamps[s.Record.Collection][s.Record.Row.ID.String()]
		if found != s.Was {
			conflict.States = append(conflict.States, storage.MovedState{
				Collection: s.Record.Collection, ID: s.Record.Row.ID, Expected: s.Was, Found: found,
			})
		}
	}
	if len(conflict.Positions)+len(conflict.States)+len(conflict.Meta) == 0 {
		return nil
	}
	return conflict
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
