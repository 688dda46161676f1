package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
)

// Engine is a [storage.Engine] over one schema of a PostgreSQL database.
type Engine struct {
	options Options
	channel string        // on which commits are told
	name    string        // of this engine among others of the store, in what is told
	readers *pgxpool.Pool // snapshots
	writers *pgxpool.Pool // commits, and what builds
	points  *pgxpool.Pool // records without a snapshot
	slots   chan struct{} // one for each connection of a snapshot
	failed  atomic.Pointer[error]

	ctx    context.Context // until Close
	cancel context.CancelFunc

	mu      sync.Mutex // protects all below
	closed  bool
	schemas map[string]*model.Schema // registered, by collection
	catalog *catalog                 // as this process has seen it last
	open    map[*reader]struct{}     // of snapshots
	layouts map[*model.Schema]string // of queries' schemas

	committing chan struct{} // holds one token: commits of this process take turns
	building   chan struct{} // likewise Build and Register
}

var (
	_ storage.Engine = (*Engine)(nil)
	_ storage.Sizer  = (*Engine)(nil)
	_ storage.Shared = (*Engine)(nil)

	_ storage.StateReader = (*Engine)(nil)
)

// Open opens the store in a schema of the database that dsn names, a URL or
// keywords and values as libpq takes them, and ank_schema beside these. It creates or upgrades its tables if
// need be. Other processes may have it open too.
//
// The error is a *storage.FormatError if the store was written by a newer release.
func Open(ctx context.Context, dsn string, o Options) (*Engine, error) {
	if err := o.complete(dsn); err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	e := &Engine{
		options:    o,
		channel:    channelPrefix + o.Schema,
		name:       rand.Text(),
		slots:      make(chan struct{}, o.Snapshots),
		schemas:    make(map[string]*model.Schema),
		open:       make(map[*reader]struct{}),
		layouts:    make(map[*model.Schema]string),
		committing: make(chan struct{}, 1),
		building:   make(chan struct{}, 1),
	}
	e.ctx, e.cancel = context.WithCancel(context.WithoutCancel(ctx))
	err := e.connect(ctx, dsn)
	if err == nil {
		err = e.patiently(ctx, func() error { return e.migrate(ctx) })
	}
	if err != nil {
		e.shut()
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return e, nil
}

// spareConnections are those of readers beside those of snapshots: one asks which
// commit is the newest when all others are taken.
const spareConnections = 1

// writeConnections are those of commits, of Build, and of Register beside it.
const writeConnections = 3

// pointConnections are those on which records are read without a snapshot.
const pointConnections = 2

func (e *Engine) connect(ctx context.Context, dsn string) error {
	readers, err := e.options.config(dsn, e.options.Snapshots+spareConnections)
	if err != nil {
		return err
	}
	writers, err := e.options.config(dsn, writeConnections)
	if err != nil {
		return err
	}
	points, err := e.options.config(dsn, pointConnections)
	if err != nil {
		return err
	}
	// What these ask is by keys, whatever the server believes of how large tables are.
	for _, c := range []*pgxpool.Config{writers, points} {
		c.ConnConfig.RuntimeParams["enable_seqscan"] = "off"
		delete(c.ConnConfig.RuntimeParams, "plan_cache_mode")
	}
	writers.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = fmt.Sprint(max(1, e.options.Turn.Milliseconds()))
	if e.readers, err = pgxpool.NewWithConfig(ctx, readers); err != nil {
		return err
	}
	if e.points, err = pgxpool.NewWithConfig(ctx, points); err != nil {
		return err
	}
	e.writers, err = pgxpool.NewWithConfig(ctx, writers)
	return err
}

// migrate creates or upgrades the tables, one process at a time.
func (e *Engine) migrate(ctx context.Context) error {
	return pgx.BeginFunc(ctx, e.writers, func(tx pgx.Tx) error {
		if err := suitable(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout = 0`); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, "ank migrates "+e.options.Schema)
		if err != nil {
			return err
		}
		version, err := e.version(ctx, tx)
		if err != nil {
			return err
		}
		steps := upgrades()
		if version > len(steps) {
			return &storage.FormatError{Found: uint64(version), Known: uint64(len(steps))}
		}
		if version < len(steps) {
			for _, step := range steps[version:] {
				if _, err := tx.Exec(ctx, step, pgx.QueryExecModeSimpleProtocol); err != nil {
					return err
				}
			}
			if _, err := tx.Exec(ctx, `UPDATE _store SET format = $1`, format); err != nil {
				return err
			}
		}
		e.catalog, err = loadCatalog(ctx, tx)
		return err
	})
}

// oldestServer is PostgreSQL 14.
const oldestServer = 140000

// suitable refuses servers and databases that cannot hold a store.
func suitable(ctx context.Context, tx pgx.Tx) error {
	var version int
	var release, encoding string
	err := tx.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_version'), current_setting('server_encoding')`).
		Scan(&version, &release, &encoding)
	switch {
	case err != nil:
		return err
	case version < oldestServer:
		return fmt.Errorf("the server is PostgreSQL %s, and 14 is the oldest that will do", release)
	case encoding != "UTF8":
		return fmt.Errorf("the database's encoding is %s, and must be UTF8", encoding)
	}
	return nil
}

// version returns the version of the tables, 0 if there are none, for which it
// makes the schema.
func (e *Engine) version(ctx context.Context, tx pgx.Tx) (version int, err error) {
	var store, others bool
	err = tx.QueryRow(ctx, `
		SELECT coalesce(bool_or(c.relname = '_store'), false), count(*) > 0
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`, e.options.Schema).Scan(&store, &others)
	switch {
	case err != nil:
		return 0, err
	case store:
		return version, tx.QueryRow(ctx, `SELECT format FROM _store`).Scan(&version)
	case others:
		return 0, fmt.Errorf("schema %q holds tables of something else: name another one for the store", e.options.Schema)
	}
	var exists bool
	err = tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)`, e.options.Schema).Scan(&exists)
	if err != nil || exists {
		return 0, err
	}
	_, err = tx.Exec(ctx, `CREATE SCHEMA `+quote(e.options.Schema))
	return 0, err
}

// Close releases the connections. Snapshots that are still open end with an error.
func (e *Engine) Close() error {
	e.mu.Lock()
	wasClosed := e.closed
	e.closed = true
	e.mu.Unlock()
	if !wasClosed {
		e.shut()
	}
	return nil
}

func (e *Engine) shut() {
	e.cancel()
	e.mu.Lock()
	open := e.open
	e.open = nil
	e.mu.Unlock()
	for r := range open {
		r.end()
	}
	for _, pool := range []*pgxpool.Pool{e.readers, e.points, e.writers} {
		if pool != nil {
			pool.Close()
		}
	}
}

// usable returns why a method is not to begin, nil if it is.
func (e *Engine) usable(ctx context.Context) error {
	e.mu.Lock()
	closed := e.closed
	e.mu.Unlock()
	if closed {
		return storage.ErrClosed
	}
	return ctx.Err()
}

// writable is usable for methods that write.
func (e *Engine) writable(ctx context.Context) error {
	if err := e.usable(ctx); err != nil {
		return err
	}
	if err := e.failed.Load(); err != nil {
		return fmt.Errorf("%w: %w", storage.ErrReadOnly, *err)
	}
	return nil
}

// take takes a token, or returns why it cannot be had.
func (e *Engine) take(ctx context.Context, token chan struct{}) error {
	select {
	case token <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-e.ctx.Done():
		return storage.ErrClosed
	}
}

// fail makes the engine read-only, for an error that is not one of those after which
// it goes on.
func (e *Engine) fail(ctx context.Context, err error) error {
	var malformed *storage.BatchError
	switch {
	case err == nil, errors.Is(err, storage.ErrConflict), errors.As(err, &malformed),
		errors.Is(err, storage.ErrUnknown), errors.Is(err, storage.ErrClosed), errors.Is(err, storage.ErrReadOnly):
		return err
	case e.ctx.Err() != nil:
		return storage.ErrClosed
	case ctx.Err() != nil:
		return ctx.Err()
	}
	e.failed.CompareAndSwap(nil, &err)
	return err
}
