package storage

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query/plan"
)

// checkedSnapshot is the part of CheckedEngine that watches one snapshot.
type checkedSnapshot struct {
	engine   *CheckedEngine
	snapshot Snapshot
	cursor   event.Cursor

	mu      sync.Mutex // protects all below
	closed  bool
	running int                  // iterations
	seen    map[event.ID]*Record // what State and Select returned so far
}

var (
	_ Snapshot = (*checkedSnapshot)(nil)
	_ Counter  = (*checkedSnapshot)(nil)

	_ Estimator = (*checkedSnapshot)(nil)
	_ Tracer    = (*checkedSnapshot)(nil)
	_ Lister    = (*checkedSnapshot)(nil)
	_ Verifier  = (*checkedSnapshot)(nil)
	_ Locator   = (*checkedSnapshot)(nil)
)

// use notes that a method is called.
func (s *checkedSnapshot) use(method string) {
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		s.engine.caller(method, "a closed snapshot is not used")
	}
}

func (s *checkedSnapshot) Close() {
	s.mu.Lock()
	running, wasClosed := s.running, s.closed
	s.closed = true
	s.mu.Unlock()
	if running > 0 {
		s.engine.caller("Snapshot.Close", "iterations end before their snapshot is closed")
	}
	s.snapshot.Close()
	s.engine.verify("Snapshot.Close")
	if !wasClosed {
		s.engine.mu.Lock()
		s.engine.open--
		s.engine.mu.Unlock()
	}
}

func (s *checkedSnapshot) Cursor() event.Cursor {
	s.use("Cursor")
	c := s.snapshot.Cursor()
	if !c.Equal(s.cursor) {
		s.engine.blame("Cursor", "the cursor of a snapshot does not move: %v, before %v", c, s.cursor)
	}
	return c
}

func (s *checkedSnapshot) State(ctx context.Context, collection string, id event.ID) (*Record, error) {
	s.use("State")
	r, err := s.snapshot.State(ctx, collection, id)
	if err != nil {
		if r != nil {
			s.engine.blame("State", "there is no record beside an error")
		}
		return nil, err
	}
	if r.Collection != collection || r.Row.ID != id {
		s.engine.blame("State", "asked for %s %s, it returns that entity and not %s %s", collection, id, r.Collection, r.Row.ID)
	}
	s.met("State", r, true)
	return r, nil
}

// met compares a record with what the snapshot returned for the entity before.
func (s *checkedSnapshot) met(method string, r *Record, whole bool) {
	s.engine.watch(method, r)
	s.mu.Lock()
	before := s.seen[r.Row.ID]
	if before == nil && len(s.seen) < manyWatched && whole {
		s.seen[r.Row.ID] = r
	}
	s.mu.Unlock()
	if before == nil {
		return
	}
	same := *r
	if !whole {
		same.Merge = before.Merge
	}
	if !before.Equal(&same) {
		s.engine.blame(method, "a snapshot does not change: %s had another record before", r.Row.ID)
	}
}

func (s *checkedSnapshot) Event(ctx context.Context, entity, id event.ID) (Stored, error) {
	s.use("Event")
	st, err := s.snapshot.Event(ctx, entity, id)
	if err == nil {
		s.checkStored("Event", st, entity)
		if st.Event.ID != id {
			s.engine.blame("Event", "asked for %s, it returns that event and not %s", id, st.Event.ID)
		}
	}
	return st, err
}

func (s *checkedSnapshot) checkStored(method string, st Stored, entity event.ID) {
	switch {
	case st.Event == nil:
		s.engine.blame(method, "without an error there is an event")
	case st.Event.Entity != entity:
		s.engine.blame(method, "asked for entity %s, it returns its events and not %s's", entity, st.Event.Entity)
	case !s.cursor.CoversPosition(st.Origin, st.Seq):
		s.engine.blame(method, "an event's address lies within the cursor: %d of %s does not", st.Seq, st.Origin.Short())
	}
}

func (s *checkedSnapshot) Events(ctx context.Context, entity event.ID, except event.Head) iter.Seq2[Stored, error] {
	var last event.ID
	return watched(s, "Events", s.snapshot.Events(ctx, entity, except), func(st Stored) {
		s.checkStored("Events", st, entity)
		if !last.IsZero() && !last.Less(st.Event.ID) {
			s.engine.blame("Events", "events come in ID order: %s after %s", st.Event.ID, last)
		}
		if except.Contains(st.Event.ID) {
			s.engine.blame("Events", "excepted events do not come: %s", st.Event.ID)
		}
		last = st.Event.ID
	})
}

func (s *checkedSnapshot) Select(ctx context.Context, p *plan.Plan) iter.Seq2[*Record, error] {
	q := p.Query
	limit, limited := q.Limit()
	var last *Record
	n := 0
	return watched(s, "Select", s.snapshot.Select(ctx, p), func(r *Record) {
		n++
		switch {
		case r.Collection != q.Schema().Collection():
			s.engine.blame("Select", "rows are of collection %s, not %s", q.Schema().Collection(), r.Collection)
		case !q.Match(&r.Row):
			s.engine.blame("Select", "rows match the query (%s): %s does not", q, r.Row.ID)
		case last != nil && q.Compare(&last.Row, &r.Row) >= 0:
			s.engine.blame("Select", "rows come in the query's order (%s): %s after %s", q, r.Row.ID, last.Row.ID)
		case limited && n > limit:
			s.engine.blame("Select", "no more than LIMIT rows come (%s)", q)
		}
		s.met("Select", r, false)
		last = r
	})
}

func (s *checkedSnapshot) Log(ctx context.Context, after event.Cursor) iter.Seq2[*event.Entry, error] {
	last := make(map[event.Origin]uint64)
	return watched(s, "Log", s.snapshot.Log(ctx, after), func(e *event.Entry) {
		before, met := last[e.Origin]
		switch {
		case met && e.Seq != before+1:
			s.engine.blame("Log", "entries of an origin come in sequence: %d after %d", e.Seq, before)
		case after.CoversPosition(e.Origin, e.Seq):
			s.engine.blame("Log", "entries lie beyond the cursor given: %d of %s does not", e.Seq, e.Origin.Short())
		case !s.cursor.CoversPosition(e.Origin, e.Seq):
			s.engine.blame("Log", "entries lie within the snapshot's cursor: %d of %s does not", e.Seq, e.Origin.Short())
		}
		last[e.Origin] = e.Seq
	})
}

func (s *checkedSnapshot) SignedHead(ctx context.Context, origin event.Origin) (event.SignedHead, error) {
	s.use("SignedHead")
	h, err := s.snapshot.SignedHead(ctx, origin)
	if err == nil && h.Origin != origin {
		s.engine.blame("SignedHead", "asked for log %s, it returns its head", origin.Short())
	}
	return h, err
}

func (s *checkedSnapshot) Meta(ctx context.Context, key string) ([]byte, error) {
	s.use("Meta")
	value, err := s.snapshot.Meta(ctx, key)
	if err == nil && value == nil {
		s.engine.blame("Meta", "a value is not nil, an empty one neither")
	}
	return value, err
}

func (s *checkedSnapshot) MetaScan(ctx context.Context, prefix string) iter.Seq2[MetaValue, error] {
	last, first := "", true
	return watched(s, "MetaScan", s.snapshot.MetaScan(ctx, prefix), func(m MetaValue) {
		if !first && m.Key <= last {
			s.engine.blame("MetaScan", "keys come in byte order: %q after %q", m.Key, last)
		}
		if len(m.Key) < len(prefix) || m.Key[:len(prefix)] != prefix {
			s.engine.blame("MetaScan", "keys begin with %q: %q does not", prefix, m.Key)
		}
		last, first = m.Key, false
	})
}

func (s *checkedSnapshot) Count(ctx context.Context, p *plan.Plan) (int, error) {
	s.use("Count")
	return Count(ctx, s.snapshot, p)
}

// Statistics passes on what the snapshot knows; one that knows nothing leaves all
// to guesses.
func (s *checkedSnapshot) Statistics(ctx context.Context, schema *model.Schema) plan.Statistics {
	s.use("Statistics")
	if e, ok := s.snapshot.(Estimator); ok {
		return e.Statistics(ctx, schema)
	}
	return ignorant{}
}

// Trace passes a plan on, as Select does.
func (s *checkedSnapshot) Trace(ctx context.Context, p *plan.Plan, work *plan.Work) iter.Seq2[*Record, error] {
	s.use("Trace")
	return traced(ctx, s.snapshot, p, work)
}

// Collections passes on what the snapshot lists, which must be a [Lister].
func (s *checkedSnapshot) Collections(ctx context.Context) ([]string, error) {
	s.use("Collections")
	lister, ok := s.snapshot.(Lister)
	if !ok {
		return nil, errNoList
	}
	names, err := lister.Collections(ctx)
	if err == nil && !slices.IsSorted(names) {
		s.engine.blame("Collections", "collections come in the order of their names")
	}
	return names, err
}

// Locate passes on what the snapshot says, and holds it against Event.
func (s *checkedSnapshot) Locate(ctx context.Context, entity, id event.ID) (event.Origin, uint64, error) {
	s.use("Locate")
	origin, seq, err := Locate(ctx, s.snapshot, entity, id)
	if err != nil {
		return origin, seq, err
	}
	if stored, err := s.snapshot.Event(ctx, entity, id); err == nil && (stored.Origin != origin || stored.Seq != seq) {
		s.engine.blame("Locate", "it returns the address that Event returns")
	}
	return origin, seq, nil
}

// Verify passes on what the snapshot says, nothing if it is no [Verifier].
func (s *checkedSnapshot) Verify(ctx context.Context) (int64, error) {
	s.use("Verify")
	if v, ok := s.snapshot.(Verifier); ok {
		return v.Verify(ctx)
	}
	return 0, nil
}

// Records passes on what the snapshot lists, which must be a [Lister].
func (s *checkedSnapshot) Records(ctx context.Context, collection string) iter.Seq2[*Record, error] {
	lister, ok := s.snapshot.(Lister)
	if !ok {
		return func(yield func(*Record, error) bool) { yield(nil, errNoList) }
	}
	var last event.ID
	return watched(s, "Records", lister.Records(ctx, collection), func(r *Record) {
		if !last.Less(r.Row.ID) || r.Collection != collection {
			s.engine.blame("Records", "records of the collection come in the order of their IDs")
		}
		last = r.Row.ID
	})
}

var errNoList = errors.New("storage: the engine cannot list its records")

// ignorant is a [plan.Statistics] that knows nothing.
type ignorant struct{}

func (ignorant) Rows() (int, bool)                       { return 0, false }
func (ignorant) Keys(int, []plan.Range, int) (int, bool) { return 0, false }

func (ignorant) Of(*model.Schema) plan.Statistics { return ignorant{} }

// watched passes a sequence on, checks every item and the rules that hold for all
// sequences.
func watched[T any](s *checkedSnapshot, method string, items iter.Seq2[T, error], check func(T)) iter.Seq2[T, error] {
	var once sync.Once
	return func(yield func(T, error) bool) {
		again := true
		once.Do(func() { again = false })
		if again {
			s.engine.caller(method, "a sequence is ranged over once")
		}
		s.use(method)
		s.enter(1)
		defer s.enter(-1)
		failed := false
		for item, err := range items {
			if failed {
				s.engine.blame(method, "a sequence ends with its first error")
			}
			if failed = err != nil; !failed {
				check(item)
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

// enter counts iterations that are under way.
func (s *checkedSnapshot) enter(n int) {
	s.mu.Lock()
	s.running += n
	s.mu.Unlock()
}
