package storage

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
)

// Violation is a broken rule of the Engine contract, as CheckedEngine found it.
type Violation struct {
	By     string // who broke it: "caller" or "engine"
	Method string // where it showed
	Rule   string // what should have been
}

func (v *Violation) Error() string {
	return fmt.Sprintf("storage contract broken by the %s in %s: %s", v.By, v.Method, v.Rule)
}

// CheckedEngine is an Engine that watches another one and those who use it, and
// reports what breaks the contract. It is for tests: it costs time and memory.
//
// Watched are, among other things: snapshots used, left open or iterated beyond
// their end; records that change after they were handed over, in either
// direction; batches whose parts contradict each other; results that are not
// in the query's order, do not match it, or change within one snapshot; cursors
// that go back or miss what was committed.
type CheckedEngine struct {
	engine Engine

	mu      sync.Mutex // protects all below
	report  func(*Violation)
	closed  bool
	open    int          // snapshots
	cursor  event.Cursor // of the last commit
	cuts    int          // of logs, begun and done: while one goes on, they may be shorter
	seed    maphash.Seed
	records map[*Record]uint64 // handed over, with their checksums
	indexes checkedIndexes
}

var (
	_ Engine      = (*CheckedEngine)(nil)
	_ StateReader = (*CheckedEngine)(nil)
)

// Checked returns an engine that watches e. By default it panics with the
// *Violation.
func Checked(e Engine) *CheckedEngine {
	return &CheckedEngine{
		engine:  e,
		report:  func(v *Violation) { panic(v) },
		seed:    maphash.MakeSeed(),
		records: make(map[*Record]uint64),
	}
}

// OnViolation has violations passed to report instead, from any goroutine that
// uses the engine, and returns c. To be called before the engine is used.
func (c *CheckedEngine) OnViolation(report func(*Violation)) *CheckedEngine {
	c.report = report
	return c
}

func (c *CheckedEngine) caller(method, rule string) {
	c.report(&Violation{By: "caller", Method: method, Rule: rule})
}

func (c *CheckedEngine) blame(method, rule string, args ...any) {
	c.report(&Violation{By: "engine", Method: method, Rule: fmt.Sprintf(rule, args...)})
}

// isClosed reports whether Close returned before.
func (c *CheckedEngine) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// Register passes schemas on.
func (c *CheckedEngine) Register(ctx context.Context, schemas ...*model.Schema) error {
	wasClosed := c.isClosed()
	c.mu.Lock()
	c.indexes.begin()
	c.mu.Unlock()
	err := c.engine.Register(ctx, schemas...)
	c.mu.Lock()
	c.indexes.end(schemas, err)
	c.mu.Unlock()
	c.afterClose("Register", wasClosed, err)
	return err
}

// Commit passes a batch on, and keeps an eye on its records.
func (c *CheckedEngine) Commit(ctx context.Context, b *Batch) error {
	wasClosed := c.isClosed()
	invalid := b.Validate()
	c.checkShorts(b)
	c.cutting(b)
	err := c.engine.Commit(ctx, b)
	c.afterClose("Commit", wasClosed, err)
	var bad *BatchError
	if invalid != nil && !wasClosed && !errors.As(err, &bad) {
		c.blame("Commit", "a malformed batch (%v) is refused with a *BatchError, not %v", invalid, err)
	}
	if err != nil {
		c.cutting(b)
		return err
	}
	for _, s := range b.States {
		c.watch("Commit", s.Record)
	}
	c.verify("Commit")
	c.committed(b)
	return nil
}

// checkShorts compares the positions that a batch advances to with its entries.
func (c *CheckedEngine) checkShorts(b *Batch) {
	for _, p := range b.Advance {
		if last := b.lastEntry(p.Origin); last != nil && last.Seq == p.Seq && last.Position() != p {
			c.caller("Commit", "Advance names the hash of the last entry")
		}
	}
}

// cutting notes that logs are about to be cut, or were not.
func (c *CheckedEngine) cutting(b *Batch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cuts += len(b.Cut)
}

// committed notes where the batch has brought the logs.
func (c *CheckedEngine) committed(b *Batch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range b.Cut {
		if c.cursor = c.cursor.Without(p.Origin); p.Seq > 0 {
			c.cursor = c.cursor.With(p)
		}
	}
	c.cuts += len(b.Cut)
	for _, e := range b.Entries {
		if !c.cursor.CoversPosition(e.Origin, e.Seq) {
			c.cursor = c.cursor.With(e.Position())
		}
	}
	for _, p := range b.Advance {
		if !c.cursor.CoversPosition(p.Origin, p.Seq) {
			c.cursor = c.cursor.With(p)
		}
	}
}

// Snapshot returns a snapshot that is watched too.
func (c *CheckedEngine) Snapshot(ctx context.Context) (Snapshot, error) {
	wasClosed := c.isClosed()
	c.mu.Lock()
	atLeast, cuts := c.cursor, c.cuts
	c.mu.Unlock()
	s, err := c.engine.Snapshot(ctx)
	c.afterClose("Snapshot", wasClosed, err)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	whole := c.cuts == cuts
	c.mu.Unlock()
	if whole && cuts%2 == 0 && !s.Cursor().Covers(atLeast) {
		c.blame("Snapshot", "a snapshot sees every commit that returned before: %v covers %v", s.Cursor(), atLeast)
	}
	c.mu.Lock()
	c.open++
	c.mu.Unlock()
	return &checkedSnapshot{engine: c, snapshot: s, cursor: s.Cursor(), seen: make(map[event.ID]*Record)}, nil
}

// States passes records on that are read without a snapshot, if the engine can do that.
func (c *CheckedEngine) States(ctx context.Context, keys []Key) ([]*Record, error) {
	wasClosed := c.isClosed()
	records, err := States(ctx, c.engine, keys)
	c.afterClose("States", wasClosed, err)
	if err != nil {
		return nil, err
	}
	if len(records) != len(keys) {
		c.blame("States", "asked for %d entities, it returns %d", len(keys), len(records))
	}
	for i, r := range records {
		if r == nil {
			continue
		}
		if r.Collection != keys[i].Collection || r.Row.ID != keys[i].ID {
			c.blame("States", "asked for %v, it returns %s %s", keys[i], r.Collection, r.Row.ID)
		}
		c.watch("States", r)
	}
	return records, nil
}

// Close closes the engine and looks at all records for the last time.
func (c *CheckedEngine) Close() error {
	c.mu.Lock()
	open, wasClosed := c.open, c.closed
	c.closed = true
	c.mu.Unlock()
	if open > 0 && !wasClosed {
		c.caller("Close", fmt.Sprintf("all snapshots are closed before the engine; still open: %d", open))
	}
	err := c.engine.Close()
	if wasClosed && err != nil {
		c.blame("Close", "a second Close returns nil, not %v", err)
	}
	c.verify("Close")
	return err
}

func (c *CheckedEngine) afterClose(method string, wasClosed bool, err error) {
	if wasClosed && !errors.Is(err, ErrClosed) {
		c.blame(method, "a closed engine returns ErrClosed, not %v", err)
	}
}

// manyWatched bounds the records that are watched at a time.
const manyWatched = 1024

// watch notes what a record holds when it is handed over.
func (c *CheckedEngine) watch(method string, r *Record) {
	if r.Stamp != r.Row.Head.Stamp() {
		c.blame(method, "a record's stamp is that of its head: %s", r.Row.ID)
	}
	sum := c.sum(r)
	c.mu.Lock()
	before, known := c.records[r]
	if known || len(c.records) < manyWatched {
		c.records[r] = sum
	}
	c.mu.Unlock()
	if known && before != sum {
		c.caller(method, "records do not change once they were handed over: "+r.Row.ID.String())
	}
}

// verify looks whether a watched record has changed.
func (c *CheckedEngine) verify(method string) {
	c.mu.Lock()
	var changed *Record
	for r, sum := range c.records {
		if c.sum(r) != sum {
			changed = r
			delete(c.records, r)
		}
	}
	if len(c.records) >= manyWatched {
		clear(c.records)
	}
	c.mu.Unlock()
	if changed != nil {
		c.caller(method, "records do not change once they were handed over: "+changed.Row.ID.String())
	}
}

func (c *CheckedEngine) sum(r *Record) uint64 {
	var h maphash.Hash
	h.SetSeed(c.seed)
	h.WriteString(r.Collection)
	h.Write(r.Row.ID[:])
	for _, id := range r.Row.Head {
		h.Write(id[:])
	}
	if r.Row.Deleted {
		h.WriteByte(1)
	}
	h.Write(r.Row.Values.Bytes())
	h.WriteByte(0)
	h.Write(r.Merge)
	return h.Sum64()
}
