package storage

import (
	"context"
	"errors"
	"iter"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/plan"
)

// Counter is implemented by snapshots that can count rows without building
// them. Callers use the function Count, which falls back to Select.
type Counter interface {
	// Count returns how many rows Select would yield for the plan, whose query
	// follows no references.
	Count(ctx context.Context, p *plan.Plan) (int, error)
}

// Count returns how many rows Select yields for the plan: by the snapshot's own
// Counter, or by counting them.
func Count(ctx context.Context, s Snapshot, p *plan.Plan) (int, error) {
	if c, ok := s.(Counter); ok && len(p.Query.Joined()) == 0 {
		return c.Count(ctx, p)
	}
	n := 0
	for _, err := range s.Select(ctx, p) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// Estimator is implemented by snapshots that can tell how many rows there are to
// read. Callers use the function Plan, which falls back to guesses.
type Estimator interface {
	// Statistics tell how many rows plans of a schema's queries would read, and may
	// be asked until the snapshot is closed. To ask takes no longer than to read
	// a few rows.
	Statistics(ctx context.Context, s *model.Schema) plan.Statistics
}

// Plan returns the plan by which a snapshot should carry out a query: by the
// snapshot's Estimator, or by guess.
func Plan(ctx context.Context, s Snapshot, q *query.Checked) *plan.Plan {
	indexes := q.Schema().Indexes()
	if known := statisticsOf(ctx, s, q.Schema()); known != nil {
		return plan.Measured(q, indexes, known)
	}
	return plan.New(q, indexes)
}

func statisticsOf(ctx context.Context, s Snapshot, schema *model.Schema) plan.Statistics {
	if e, ok := s.(Estimator); ok {
		return e.Statistics(ctx, schema)
	}
	return nil
}

// Tracer is implemented by snapshots that can tell what a plan makes them read.
// Callers use the function Trace, which falls back to Select.
type Tracer interface {
	// Trace yields what Select yields for a plan, whose query follows no references.
	// When it ends it says in work what was read.
	Trace(ctx context.Context, p *plan.Plan, work *plan.Work) iter.Seq2[*Record, error]
}

// Trace carries a plan out and returns what was read for it, and how many rows
// Select yields.
func Trace(ctx context.Context, s Snapshot, p *plan.Plan) (work plan.Work, n int, err error) {
	trace := traced
	if len(p.Query.Joined()) > 0 {
		trace = traceJoined
	}
	for _, err := range trace(ctx, s, p, &work) {
		if err != nil {
			return work, n, err
		}
		n++
	}
	return work, n, nil
}

// traced is the snapshot's Trace, or Select if it has none.
func traced(ctx context.Context, s Snapshot, p *plan.Plan, work *plan.Work) iter.Seq2[*Record, error] {
	if t, ok := s.(Tracer); ok {
		return t.Trace(ctx, p, work)
	}
	*work = plan.Work{Plan: p, Keys: -1, Rows: -1, Found: -1}
	return s.Select(ctx, p)
}

// Lister is implemented by snapshots that can list what they hold. There is no fallback:
// nothing else finds deleted entities.
type Lister interface {
	// Collections returns the names of the collections that have records, in the order
	// of their bytes.
	Collections(ctx context.Context) ([]string, error)

	// Records yields the records of a collection, those of deleted entities included,
	// in the order of their IDs.
	Records(ctx context.Context, collection string) iter.Seq2[*Record, error]
}

// Shared is implemented by engines whose store several processes may have open, each with
// an engine of its own. Of such an engine everything is promised for all of them: commits
// of all are serial (S4), a snapshot shows every commit of theirs that returned before it
// was taken (S5), and every stamp is compared (S3). There is no fallback: an engine that
// is not Shared lets no second one in.
type Shared interface {
	// Watch calls notice after commits of others, from goroutines of its own, until ctx
	// ends; then it returns nil. It may call without need, once for several commits, and
	// late; after connections were lost it calls because something may have been missed.
	// An engine that cannot hear of commits calls now and then. Notice must not wait.
	Watch(ctx context.Context, notice func()) error
}

// Locator is implemented by snapshots that know where an event is logged without reading
// its entry. Callers use the function Locate, which falls back to Event.
type Locator interface {
	// Locate returns the address that Event would return with the event.
	Locate(ctx context.Context, entity, id event.ID) (event.Origin, uint64, error)
}

// Locate returns where an event of an entity is logged, or ErrNotFound.
func Locate(ctx context.Context, s Snapshot, entity, id event.ID) (event.Origin, uint64, error) {
	if l, ok := s.(Locator); ok {
		return l.Locate(ctx, entity, id)
	}
	stored, err := s.Event(ctx, entity, id)
	return stored.Origin, stored.Seq, err
}

// Verifier is implemented by snapshots that can hold what their engine derives from
// records (indexes, columns) against the records. There is no fallback: package verify
// then checks what every snapshot shows, and says that indexes were not looked at.
type Verifier interface {
	// Verify reads all of it and returns the first difference as a *[CorruptError] that
	// names the collection, the entity, and the index or column. Indexes that are
	// building, and those of schemas that are not registered, are left out. It reports
	// how many index entries, or columns, it found to be right.
	Verify(ctx context.Context) (right int64, err error)
}

// StateReader is implemented by engines that read records sooner than by a snapshot, and
// several as soon as one. Callers use the functions State and States, which fall back to a
// snapshot.
type StateReader interface {
	// States returns the records of entities, in the order of the keys, nil for those that
	// are not there: each as of a commit that is no older than the newest one of now.
	States(ctx context.Context, keys []Key) ([]*Record, error)
}

// Key names an entity.
type Key struct {
	Collection string
	ID         event.ID
}

// States returns the newest records of entities, in the order of the keys, nil for those
// that are not there.
func States(ctx context.Context, e Engine, keys []Key) ([]*Record, error) {
	if r, ok := e.(StateReader); ok {
		return r.States(ctx, keys)
	}
	return SnapshotStates(ctx, e, keys)
}

// SnapshotStates is States by a snapshot.
func SnapshotStates(ctx context.Context, e Engine, keys []Key) ([]*Record, error) {
	s, err := e.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	records := make([]*Record, len(keys))
	for i, key := range keys {
		if records[i], err = s.State(ctx, key.Collection, key.ID); err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
	}
	return records, nil
}

// State returns the record of an entity as of the newest commit, or ErrNotFound.
func State(ctx context.Context, e Engine, collection string, id event.ID) (*Record, error) {
	records, err := States(ctx, e, []Key{{collection, id}})
	switch {
	case err != nil:
		return nil, err
	case records[0] == nil:
		return nil, ErrNotFound
	}
	return records[0], nil
}

// Sizer is implemented by engines that can tell how large their parts are.
// There is no fallback: callers that find none show nothing.
type Sizer interface {
	// Sizes measures the store, which may take as long as reading all of it.
	Sizes(ctx context.Context) (Sizes, error)
}

// Sizes are bytes of keys and values, before compression and without what the
// store's own structures take.
type Sizes struct {
	Log     int64 // entries
	Events  int64 // addresses of events
	States  int64 // records
	Indexes int64 // index entries
	Meta    int64 // everything else
}

// Total is the sum of all parts.
func (s Sizes) Total() int64 {
	return s.Log + s.Events + s.States + s.Indexes + s.Meta
}
