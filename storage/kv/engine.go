package kv

import (
	"context"
	"errors"
	"fmt"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/internal/codec"
	"github.com/ankgo/ank/storage"
)

// formatVersion is the newest format that this package writes and reads. FORMAT
// in doc.go describes it.
const formatVersion = 2

// Options are what an engine's owner decides. The zero value is safe.
type Options struct {
	// Relaxed commits return before they are synced. A crash of the machine, and
	// with some drivers of the process, may then lose the last commits, never a
	// part of one nor one before another. Default: every commit is synced.
	Relaxed bool

	// CacheBytes bounds the heap taken by what is kept there: collections that are
	// often asked, if they fit, and single records, those read or written last. Zero
	// means DefaultCacheBytes, a negative number none. Reading a resident record
	// costs a tenth of reading it from the driver, and a query of a resident
	// collection a tenth of one of resident records.
	CacheBytes int64

	early int64 // see Engine; zero means earlyRows
}

// DefaultCacheBytes is what is kept on the heap when the options do not say.
const DefaultCacheBytes = 64 << 20

// Engine is a storage.Engine over a Driver. Safe for concurrent use.
type Engine struct {
	driver Driver
	traits Traits
	sync   bool
	cache  *cache
	tables *budget
	early  int64 // rows that are read before a table is thought of
	views  *viewSet
	shared *shared // nil unless other engines write the store

	// writer holds a token while nobody commits, registers or closes. A channel,
	// not a mutex: it is held while a device works, and waiting ends with ctx.
	writer chan struct{}

	// What follows belongs to whoever took the token.
	closed bool
	failed error // the write that went wrong
	newest *view // same as views.newest
	change change
}

var (
	_ storage.Engine = (*Engine)(nil)
	_ storage.Sizer  = (*Engine)(nil)
)

// Open returns an engine over a driver, which it owns from now on and closes,
// also when Open fails. An empty store is initialised; one of a newer format is
// refused with a *storage.FormatError.
func Open(ctx context.Context, d Driver, options Options) (*Engine, error) {
	e, err := open(ctx, d, options)
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return e, nil
}

func open(ctx context.Context, d Driver, options Options) (*Engine, error) {
	if err := initialise(ctx, d); err != nil {
		return nil, err
	}
	r, err := d.Snapshot()
	if err != nil {
		return nil, err
	}
	first, err := load(r)
	if err := errors.Join(err, r.Close()); err != nil {
		return nil, err
	}
	if options.CacheBytes == 0 {
		options.CacheBytes = DefaultCacheBytes
	}
	e := &Engine{
		driver: d,
		traits: d.Traits(),
		sync:   !options.Relaxed,
		cache:  newCache(options.CacheBytes),
		views:  newViewSet(d, first),
		writer: make(chan struct{}, 1),
		newest: first,
	}
	e.tables = newBudget(e.cache, options.CacheBytes)
	e.early = options.early
	if e.early == 0 {
		e.early = earlyRows
	}
	for _, col := range first.catalog.collections {
		col.mirror = e.newMirror()
	}
	e.change.engine = e
	e.writer <- struct{}{}
	return e, nil
}

// initialise checks the format of the store, or writes it into an empty one.
func initialise(ctx context.Context, d Driver) error {
	key := appendMetaKey(nil, metaFormat, "")
	value, ok, err := d.Get(key, nil)
	if err != nil {
		return err
	}
	if !ok {
		if err := checkEmpty(d); err == nil {
			return writeFormat(ctx, d)
		} else if value, ok, _ = d.Get(key, nil); !ok {
			return err
		}
		// Another engine, over a shared store, has initialised it meanwhile.
	}
	var r codec.Reader
	r.Reset(value)
	found := r.Uvarint()
	if err := r.Done(); err != nil {
		return &storage.CorruptError{What: "format version", Key: key, Err: err}
	}
	if found > formatVersion {
		return &storage.FormatError{Found: found, Known: formatVersion}
	}
	if found < formatVersion {
		// Version 1 lacks indexState 2 and is read as it is, but a program that
		// knows no more than that must not open what is written from now on.
		return writeFormat(ctx, d)
	}
	return nil
}

func writeFormat(ctx context.Context, d Driver) error {
	var w Writes
	w.Set(appendMetaKey(nil, metaFormat, ""), codec.AppendUvarint(nil, formatVersion))
	return d.Write(ctx, &w, true)
}

// checkEmpty refuses to make an engine's store of what holds other data.
func checkEmpty(d Driver) error {
	r, err := d.Snapshot()
	if err != nil {
		return err
	}
	it := r.Scan(nil, nil, false)
	var foreign error
	if it.Next() {
		foreign = &storage.CorruptError{What: "format version", Key: appendMetaKey(nil, metaFormat, "")}
	}
	return errors.Join(foreign, it.Close(), r.Close())
}

// load makes the first view of a store.
func load(r Reader) (*view, error) {
	cat, err := loadCatalog(r)
	if err != nil {
		return nil, err
	}
	v := &view{version: 1, catalog: cat}
	for i, o := range cat.origins {
		p, err := loadPosition(r, o, uint64(i)+1)
		if err != nil {
			return nil, err
		}
		v.cursor = v.cursor.With(p)
	}
	return v, nil
}

// loadPosition finds where an origin's log is: at its last entry, or where it
// was moved to without entries.
func loadPosition(r Reader, o event.Origin, number uint64) (event.Position, error) {
	moved, err := loadMovedPosition(r, o, number)
	if err != nil {
		return moved, err
	}
	it := scanPrefix(r, appendLogPrefix(nil, number), true)
	defer it.Close()
	if !it.Next() || logSeq(it.Key()) <= moved.Seq {
		return moved, it.Close()
	}
	entry, err := event.DecodeEntry(it.Value())
	if err != nil {
		return moved, corruptEntry(o, logSeq(it.Key()), err)
	}
	return entry.Position(), nil
}

func loadMovedPosition(r Reader, o event.Origin, number uint64) (event.Position, error) {
	p := event.Position{Origin: o}
	key := appendMetaNumber(nil, metaPosition, number)
	b, ok, err := r.Get(key, nil)
	if err != nil || !ok {
		return p, err
	}
	var value codec.Reader
	value.Reset(b)
	p.Seq, p.Short = value.Uvarint(), value.Uint64()
	if err := value.Done(); err != nil {
		return p, &storage.CorruptError{What: "position of log " + o.Short(), Key: key, Err: err}
	}
	return p, nil
}

func corruptEntry(o event.Origin, seq uint64, err error) error {
	return &storage.CorruptError{What: fmt.Sprintf("entry %d of log %s", seq, o.Short()), Err: err}
}

// begin waits for the writer's token; end gives it back.
func (e *Engine) begin(ctx context.Context) error {
	select {
	case <-e.writer:
	default:
		select {
		case <-e.writer:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	err := ctx.Err()
	if e.closed {
		err = storage.ErrClosed
	}
	if err != nil {
		e.end()
	}
	return err
}

func (e *Engine) end() { e.writer <- struct{}{} }

// publish writes, and makes next the newest view. Callers hold the token.
func (e *Engine) publish(ctx context.Context, w *Writes, next *view, sync bool) error {
	if err := e.writable(); err != nil {
		return err
	}
	write := func() error {
		if w.Len() == 0 {
			return nil
		}
		if err := e.write(ctx, w, sync); err != nil {
			return err
		}
		for _, w := range e.change.written {
			e.cache.commit(w.collection.number, w.record, next.version)
			w.collection.mirror.commit(w.record, next.version)
		}
		return nil
	}
	if err := e.views.replace(write, next, w.Len()); err != nil {
		return err
	}
	e.newest = next
	return nil
}

// writable returns an error once a write has gone wrong.
func (e *Engine) writable() error {
	if e.failed == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", storage.ErrReadOnly, e.failed)
}

// write hands operations to the driver and remembers if it failed.
func (e *Engine) write(ctx context.Context, w *Writes, sync bool) error {
	err := e.driver.Write(ctx, w, sync)
	if err != nil && (ctx.Err() == nil || !errors.Is(err, ctx.Err())) {
		e.failed = err
	}
	return err
}

// Snapshot returns a view of the newest commit.
func (e *Engine) Snapshot(ctx context.Context) (storage.Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	v, err := e.acquire(ctx)
	if err != nil {
		return nil, err
	}
	return &snapshot{engine: e, view: v}, nil
}

// Close waits for a commit that is under way and releases the store. If
// snapshots are still open, it says so, and the store is released with the last.
func (e *Engine) Close() error {
	<-e.writer
	defer e.end()
	if e.closed {
		return nil
	}
	e.closed = true
	open, err := e.views.close()
	if open > 0 {
		return errors.Join(err, fmt.Errorf("storage was closed with snapshots still open: %d", open))
	}
	return err
}
