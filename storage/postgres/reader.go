package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// reader is a connection with a transaction that sees one commit. The snapshots that
// share it take turns, one round trip each: a sequence fetches its rows in pieces,
// so that others are asked in between, also by those who range over it.
//
// A statement that fails, or is cut off because the context of whoever asked has
// ended, must leave the transaction to others, and a table that was read must not
// stay locked until the snapshot is closed, or nobody could add a column meanwhile.
// So the transaction goes back to a savepoint at its beginning before it is asked
// anything; or, while a sequence is under way, what is asked in between runs in a
// savepoint of its own.
type reader struct {
	engine  *Engine
	conn    *pgxpool.Conn
	turn    chan struct{} // holds one token
	commits int64
	catalog *catalog
	cursor  event.Cursor

	mu    sync.Mutex // protects all below
	refs  int
	ended bool
	open  int               // cursors that are under way
	names int               // how many names of cursors there are
	free  map[kind][]string // names that are not in use
	done  []cursorName      // cursors that are to be closed
}

// kind is what the rows of a sequence consist of. Cursors that had rows of one kind
// are not used for another: how to read rows is prepared once for each name.
type kind string

const (
	ofRows    kind = "row"
	ofRecords kind = "record"
	ofEvents  kind = "event"
	ofEntries kind = "entry"
	ofMeta    kind = "meta"
)

// cursorName is a cursor, and what its rows consist of.
type cursorName struct {
	kind kind
	name string
}

// Snapshot returns a view of the newest commit, also of other processes'.
func (e *Engine) Snapshot(ctx context.Context) (storage.Snapshot, error) {
	if err := e.usable(ctx); err != nil {
		return nil, err
	}
	var r *reader
	err := e.patiently(ctx, func() (err error) {
		r, err = e.reader(ctx)
		return err
	})
	if err != nil {
		if closed := e.usable(ctx); closed != nil {
			return nil, closed
		}
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	return &snapshot{reader: r}, nil
}

// reader returns a reader of the newest commit: a new one, or if there are too many
// one that somebody else has of this commit.
func (e *Engine) reader(ctx context.Context) (*reader, error) {
	select {
	case e.slots <- struct{}{}:
		return e.newReader(ctx)
	default:
	}
	if r, err := e.sharedReader(ctx); r != nil || err != nil {
		return r, err
	}
	if err := e.take(ctx, e.slots); err != nil {
		return nil, err
	}
	return e.newReader(ctx)
}

// newReader begins a transaction. The caller has taken a slot.
func (e *Engine) newReader(ctx context.Context) (*reader, error) {
	conn, err := e.readers.Acquire(ctx)
	if err != nil {
		<-e.slots
		return nil, err
	}
	r := &reader{engine: e, conn: conn, turn: make(chan struct{}, 1), refs: 1, free: make(map[kind][]string)}
	if err := r.begin(ctx); err != nil {
		conn.Conn().Close(ctx)
		conn.Release()
		<-e.slots
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.open == nil {
		go r.end()
		return nil, storage.ErrClosed
	}
	e.open[r] = struct{}{}
	return r, nil
}

// begin begins the transaction and reads what every snapshot knows.
func (r *reader) begin(ctx context.Context) error {
	b := new(pgx.Batch)
	var version int64
	b.Queue(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`)
	b.Queue(`SELECT commits, catalog FROM _store`).QueryRow(func(row pgx.Row) error { return row.Scan(&r.commits, &version) })
	var positions []event.Position
	b.Queue(`SELECT number, origin, seq, short FROM _origins`).Query(func(rows pgx.Rows) error {
		return eachRow(rows, nil, func(row pgx.Rows) error {
			_, p, err := scanPosition(row)
			if p.Seq > 0 {
				positions = append(positions, p)
			}
			return err
		})
	})
	b.Queue(`SAVEPOINT begun`)
	err := r.conn.SendBatch(ctx, b).Close()
	if err != nil {
		return err
	}
	r.cursor = event.NewCursor(positions...)
	if r.catalog = r.engine.known(); r.catalog.version == version {
		return nil
	}
	// Another process has changed tables, or this one since.
	if r.catalog, err = loadCatalog(ctx, r.conn); err == nil {
		r.engine.learn(r.catalog)
	}
	return err
}

// sharedReader returns a reader of the newest commit that somebody else has, nil if
// nobody has.
func (e *Engine) sharedReader(ctx context.Context) (*reader, error) {
	var commits, version int64
	err := e.readers.QueryRow(ctx, `SELECT commits, catalog FROM _store`).Scan(&commits, &version)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for r := range e.open {
		if r.commits == commits && r.catalog.version == version && r.share() {
			return r, nil
		}
	}
	return nil, nil
}

// share adds an owner, unless the reader has ended.
func (r *reader) share() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return false
	}
	r.refs++
	return true
}

// release takes an owner away; the last one ends the reader.
func (r *reader) release() {
	r.mu.Lock()
	r.refs--
	last := r.refs == 0
	r.mu.Unlock()
	if last {
		r.end()
	}
}

// end ends the transaction and gives the connection back.
func (r *reader) end() {
	r.mu.Lock()
	ended := r.ended
	r.ended = true
	r.mu.Unlock()
	if ended {
		return
	}
	r.engine.mu.Lock()
	delete(r.engine.open, r)
	r.engine.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), cancelDelay)
	defer cancel()
	select {
	case r.turn <- struct{}{}:
		if err := plainly(ctx, r.conn.Conn(), `ROLLBACK`); err != nil {
			r.conn.Conn().Close(ctx)
		}
	case <-ctx.Done(): // somebody has not stopped asking
		r.conn.Conn().Close(ctx)
	}
	r.conn.Release()
	<-r.engine.slots
}

// ask sends statements in one round trip.
func (r *reader) ask(ctx context.Context, b *pgx.Batch) error {
	if err := r.engine.take(ctx, r.turn); err != nil {
		return err
	}
	defer func() { <-r.turn }()
	if err := ctx.Err(); err != nil {
		return err
	}
	before, between, err := r.before()
	if err != nil {
		return err
	}
	whole := new(pgx.Batch)
	for _, sql := range before {
		whole.Queue(sql)
	}
	whole.QueuedQueries = append(whole.QueuedQueries, b.QueuedQueries...)
	if between {
		whole.Queue(`RELEASE SAVEPOINT asked`)
	}
	err = r.conn.SendBatch(ctx, whole).Close()
	if isAnswer(err) {
		r.recover(ctx, between)
	}
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return named(err)
}

// before returns what is sent before that which is asked, and whether it is asked
// between the pieces of a sequence.
func (r *reader) before() (statements []string, between bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.ended:
		return nil, false, storage.ErrClosed
	case r.open == 0: // which closes all cursors
		statements = []string{`ROLLBACK TO SAVEPOINT begun`}
	default:
		for _, c := range r.done {
			statements = append(statements, `CLOSE `+c.name)
		}
	}
	for _, c := range r.done {
		r.free[c.kind] = append(r.free[c.kind], c.name)
	}
	r.done = nil
	if r.open == 0 {
		return statements, false, nil
	}
	return append(statements, `SAVEPOINT asked`), true, nil
}

// recover makes the transaction usable again after a statement failed. If that fails
// too, the connection is lost, and all that is asked of it is an error. A statement that
// failed while it was prepared did so before there was a savepoint for it: then all
// sequences that are under way end with an error.
func (r *reader) recover(ctx context.Context, between bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelDelay)
	defer cancel()
	if between {
		if plainly(ctx, r.conn.Conn(), `ROLLBACK TO SAVEPOINT asked; RELEASE SAVEPOINT asked`) == nil {
			return
		}
	}
	if err := plainly(ctx, r.conn.Conn(), `ROLLBACK TO SAVEPOINT begun`); err != nil {
		r.conn.Conn().Close(ctx)
	}
}

// plainly executes statements that are not to be prepared, as nothing can be while a
// transaction is broken.
func plainly(ctx context.Context, conn *pgx.Conn, sql string) error {
	_, err := conn.PgConn().Exec(ctx, sql).ReadAll()
	return err
}

// relax gives up the locks of tables that were read, unless a sequence is under way.
func (r *reader) relax(ctx context.Context) {
	select {
	case r.turn <- struct{}{}:
	default:
		return // somebody is asking
	}
	defer func() { <-r.turn }()
	if before, between, err := r.before(); err == nil && !between {
		_, _ = r.conn.Exec(ctx, before[0]) // else the next one to ask has the error
	}
}

// relax has all snapshots of this process give up the locks that they hold, before
// tables are changed.
func (e *Engine) relax(ctx context.Context) {
	e.mu.Lock()
	open := make([]*reader, 0, len(e.open))
	for r := range e.open {
		open = append(open, r)
	}
	e.mu.Unlock()
	for _, r := range open {
		r.relax(ctx)
	}
}

// row asks for one row; storage.ErrNotFound if there is none.
func (r *reader) row(ctx context.Context, sql string, args []any, into ...any) error {
	b := new(pgx.Batch)
	found := true
	b.Queue(sql, args...).QueryRow(func(row pgx.Row) error {
		err := row.Scan(into...)
		if errors.Is(err, pgx.ErrNoRows) {
			found, err = false, nil
		}
		return err
	})
	if err := r.ask(ctx, b); err != nil {
		return err
	}
	if !found {
		return storage.ErrNotFound
	}
	return nil
}
