package storage_test

import (
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/storagetest"
)

// bent is an engine whose snapshots answer what a test wants.
type bent struct {
	storage.Engine
	commit   func(*storage.Batch) error
	snapshot func(storage.Snapshot) storage.Snapshot
	indexes  func(list []storage.IndexStatus) []storage.IndexStatus
}

func (b bent) Indexes(ctx context.Context) ([]storage.IndexStatus, error) {
	list, err := b.Engine.Indexes(ctx)
	if b.indexes != nil {
		list = b.indexes(list)
	}
	return list, err
}

func (b bent) Commit(ctx context.Context, batch *storage.Batch) error {
	if b.commit != nil {
		return b.commit(batch)
	}
	return b.Engine.Commit(ctx, batch)
}

func (b bent) Snapshot(ctx context.Context) (storage.Snapshot, error) {
	s, err := b.Engine.Snapshot(ctx)
	if err == nil && b.snapshot != nil {
		s = b.snapshot(s)
	}
	return s, err
}

// answers is a snapshot with answers of its own.
type answers struct {
	storage.Snapshot
	state  func() (*storage.Record, error)
	rows   []*storage.Record
	events []storage.Stored
	cursor func() event.Cursor
}

func (a answers) Cursor() event.Cursor {
	if a.cursor != nil {
		return a.cursor()
	}
	return a.Snapshot.Cursor()
}

func (a answers) State(ctx context.Context, collection string, id event.ID) (*storage.Record, error) {
	if a.state != nil {
		return a.state()
	}
	return a.Snapshot.State(ctx, collection, id)
}

func (a answers) Select(ctx context.Context, p *plan.Plan) iter.Seq2[*storage.Record, error] {
	if a.rows != nil {
		return list(a.rows)
	}
	return a.Snapshot.Select(ctx, p)
}

func (a answers) Events(ctx context.Context, entity event.ID, except event.Head) iter.Seq2[storage.Stored, error] {
	if a.events != nil {
		return list(a.events)
	}
	return a.Snapshot.Events(ctx, entity, except)
}

func list[T any](items []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}

// stage is two albums in a naive engine.
type stage struct {
	t          *testing.T
	engine     *storagetest.Naive
	world      *storagetest.World
	one, other *storage.Record
}

func newStage(t *testing.T) *stage {
	s := &stage{t: t, engine: storagetest.NewNaive(), world: storagetest.NewWorld(1, 1)}
	d := s.world.Begin()
	one := d.Create(storagetest.Albums(), "name", "one", "year", 1)
	other := d.Create(storagetest.Albums(), "name", "other", "year", 2)
	d.Update(one, "plays", 1)
	require.NoError(t, s.engine.Commit(context.Background(), d.Batch()))
	s.one, s.other = s.world.Record(one), s.world.Record(other)
	return s
}

func (s *stage) plan(text string) *plan.Plan {
	q, err := query.Parse(text)
	require.NoError(s.t, err)
	c, err := q.Check(storagetest.Albums())
	require.NoError(s.t, err)
	return plan.New(c, nil)
}

// TestCheckedFinds shows for each rule that breaking it is reported, and whom the
// report blames.
func TestCheckedFinds(t *testing.T) {
	ctx := context.Background()
	drain := func(items iter.Seq2[*storage.Record, error]) {
		for range items {
			continue
		}
	}
	answer := func(a answers) func(storage.Snapshot) storage.Snapshot {
		return func(s storage.Snapshot) storage.Snapshot {
			a.Snapshot = s
			return a
		}
	}
	selects := func(text string) func(*stage, storage.Engine, storage.Snapshot) {
		return func(s *stage, _ storage.Engine, v storage.Snapshot) { drain(v.Select(ctx, s.plan(text))) }
	}
	for name, c := range map[string]struct {
		by, method string
		bend       func(s *stage) bent
		use        func(s *stage, e storage.Engine, v storage.Snapshot)
	}{
		"a snapshot used after Close": {by: "caller", method: "State", use: func(s *stage, _ storage.Engine, v storage.Snapshot) {
			v.Close()
			_, _ = v.State(ctx, "albums", s.one.Row.ID)
		}},
		"a sequence ranged over twice": {by: "caller", method: "Select", use: func(s *stage, _ storage.Engine, v storage.Snapshot) {
			rows := v.Select(ctx, s.plan(""))
			drain(rows)
			drain(rows)
		}},
		"a snapshot closed inside an iteration": {by: "caller", method: "Snapshot.Close", use: func(s *stage, _ storage.Engine, v storage.Snapshot) {
			for range v.Select(ctx, s.plan("")) {
				v.Close()
				break
			}
		}},
		"an engine closed with open snapshots": {by: "caller", method: "Close", use: func(_ *stage, e storage.Engine, _ storage.Snapshot) {
			_ = e.Close()
		}},
		"a record changed after it was read": {by: "caller", method: "Snapshot.Close", use: func(s *stage, _ storage.Engine, v storage.Snapshot) {
			r, err := v.State(ctx, "albums", s.one.Row.ID)
			require.NoError(t, err)
			r.Merge = []byte("changed")
			v.Close()
		}},
		"a record changed after it was committed": {by: "caller", method: "Close", use: func(s *stage, e storage.Engine, v storage.Snapshot) {
			v.Close()
			d := s.world.Begin()
			d.Create(storagetest.Albums())
			b := d.Batch()
			require.NoError(t, e.Commit(ctx, b))
			b.States[0].Record.Row.Deleted = true
			_ = e.Close()
		}},
		"a wrong hash in Advance": {by: "caller", method: "Commit", use: func(s *stage, e storage.Engine, _ storage.Snapshot) {
			d := s.world.Begin()
			d.Create(storagetest.Albums())
			b := d.Batch()
			b.Advance[0].Short++
			_ = e.Commit(ctx, b)
		}},
		"a malformed batch that is accepted": {
			by: "engine", method: "Commit",
			bend: func(*stage) bent { return bent{commit: func(*storage.Batch) error { return nil }} },
			use: func(_ *stage, e storage.Engine, _ storage.Snapshot) {
				_ = e.Commit(ctx, &storage.Batch{Meta: []storage.MetaChange{{}}})
			},
		},
		"a commit that the next snapshot does not show": {
			by: "engine", method: "Snapshot",
			bend: func(*stage) bent { return bent{commit: func(*storage.Batch) error { return nil }} },
			use: func(s *stage, e storage.Engine, _ storage.Snapshot) {
				d := s.world.Begin()
				d.Create(storagetest.Albums())
				require.NoError(t, e.Commit(ctx, d.Batch()))
				v, err := e.Snapshot(ctx)
				require.NoError(t, err)
				v.Close()
			},
		},
		"an index that is not ready in the end": {
			by: "engine", method: "Build",
			bend: func(*stage) bent { return bent{indexes: firstIndex(storage.IndexStatus{})} },
			use: func(s *stage, e storage.Engine, _ storage.Snapshot) {
				require.NoError(s.t, e.Register(ctx, storagetest.Albums()))
				_, _ = e.Build(ctx)
			},
		},
		"an index that is not listed": {
			by: "engine", method: "Indexes",
			bend: func(*stage) bent {
				return bent{indexes: func(list []storage.IndexStatus) []storage.IndexStatus { return list[1:] }}
			},
			use: lookTwice,
		},
		"an index that is ready no more": {
			by: "engine", method: "Indexes",
			bend: func(*stage) bent {
				return bent{indexes: firstIndex(storage.IndexStatus{Ready: true}, storage.IndexStatus{})}
			},
			use: lookTwice,
		},
		"an index that loses what was built": {
			by: "engine", method: "Indexes",
			bend: func(*stage) bent {
				return bent{indexes: firstIndex(storage.IndexStatus{Through: event.ID{2}}, storage.IndexStatus{Through: event.ID{1}})}
			},
			use: lookTwice,
		},
		"a ready index that is half built": {
			by: "engine", method: "Indexes",
			bend: func(*stage) bent {
				return bent{indexes: firstIndex(storage.IndexStatus{Ready: true, Through: event.ID{1}})}
			},
			use: lookTwice,
		},
		"another entity's record": {
			by: "engine", method: "State",
			bend: func(s *stage) bent {
				return bent{snapshot: answer(answers{state: func() (*storage.Record, error) { return s.other, nil }})}
			},
			use: func(s *stage, _ storage.Engine, v storage.Snapshot) { _, _ = v.State(ctx, "albums", s.one.Row.ID) },
		},
		"a snapshot that changes": {
			by: "engine", method: "State",
			bend: func(s *stage) bent {
				n := 0
				return bent{snapshot: answer(answers{state: func() (*storage.Record, error) {
					n++
					r := *s.one
					r.Merge = []byte{byte(n)}
					return &r, nil
				}})}
			},
			use: func(s *stage, _ storage.Engine, v storage.Snapshot) {
				_, _ = v.State(ctx, "albums", s.one.Row.ID)
				_, _ = v.State(ctx, "albums", s.one.Row.ID)
			},
		},
		"a cursor that moves": {
			by: "engine", method: "Cursor",
			bend: func(s *stage) bent {
				n := uint64(10)
				return bent{snapshot: answer(answers{cursor: func() event.Cursor {
					n++
					return event.NewCursor(event.Position{Origin: s.world.Origin(0), Seq: n})
				}})}
			},
			use: func(_ *stage, _ storage.Engine, v storage.Snapshot) { v.Cursor() },
		},
		"rows that do not match": {
			by: "engine", method: "Select",
			bend: func(s *stage) bent {
				return bent{snapshot: answer(answers{rows: []*storage.Record{s.one, s.other}})}
			},
			use: selects("year = 1"),
		},
		"rows out of order": {
			by: "engine", method: "Select",
			bend: func(s *stage) bent {
				return bent{snapshot: answer(answers{rows: []*storage.Record{s.one, s.other}})}
			},
			use: selects("ORDER BY year DESC"),
		},
		"a row twice": {
			by: "engine", method: "Select",
			bend: func(s *stage) bent {
				return bent{snapshot: answer(answers{rows: []*storage.Record{s.one, s.one}})}
			},
			use: selects(""),
		},
		"more rows than LIMIT": {
			by: "engine", method: "Select",
			bend: func(s *stage) bent {
				return bent{snapshot: answer(answers{rows: []*storage.Record{s.one, s.other}})}
			},
			use: selects("LIMIT 1"),
		},
		"another entity's events": {
			by: "engine", method: "Events",
			bend: func(s *stage) bent {
				return bent{snapshot: answer(answers{events: []storage.Stored{{Event: &event.Event{ID: event.ID{1}}}}})}
			},
			use: func(s *stage, _ storage.Engine, v storage.Snapshot) {
				for range v.Events(ctx, s.one.Row.ID, nil) {
					continue
				}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			b := bent{}
			if c.bend != nil {
				b = c.bend(s)
			}
			b.Engine = s.engine
			var found []*storage.Violation
			e := storage.Checked(b).OnViolation(func(v *storage.Violation) { found = append(found, v) })
			v, err := e.Snapshot(ctx)
			require.NoError(t, err)
			c.use(s, e, v)
			require.NotEmpty(t, found)
			require.Equal(t, c.by, found[0].By, "%v", found[0])
			require.Equal(t, c.method, found[0].Method, "%v", found[0])
		})
	}
}

// firstIndex says something else of the first index at every call, and at last
// always the same.
func firstIndex(say ...storage.IndexStatus) func([]storage.IndexStatus) []storage.IndexStatus {
	return func(list []storage.IndexStatus) []storage.IndexStatus {
		list[0].Ready, list[0].Through = say[0].Ready, say[0].Through
		say = say[min(1, len(say)-1):]
		return list
	}
}

func lookTwice(s *stage, e storage.Engine, _ storage.Snapshot) {
	require.NoError(s.t, e.Register(context.Background(), storagetest.Albums()))
	for range 2 {
		_, _ = e.Indexes(context.Background())
	}
}

func TestCheckedPanicsByDefault(t *testing.T) {
	e := storage.Checked(storagetest.NewNaive())
	v, err := e.Snapshot(context.Background())
	require.NoError(t, err)
	v.Close()
	require.PanicsWithError(t, "storage contract broken by the caller in Cursor: a closed snapshot is not used", func() { v.Cursor() })
}

func TestErrors(t *testing.T) {
	origin := event.Origin{0xAB, 0xCD}
	conflict := &storage.ConflictError{
		Positions: []storage.MovedPosition{{Expected: event.Position{Origin: origin, Seq: 3}, Found: event.Position{Origin: origin, Seq: 5}}},
		States:    []storage.MovedState{{Collection: "albums", ID: event.ID{}}},
	}
	require.ErrorIs(t, conflict, storage.ErrConflict)
	require.EqualError(t, conflict, "conflict: log abcd0000 is at 5, not at 3; albums 00000000000000000000000000 changed meanwhile")
	format := &storage.FormatError{Found: 3, Known: 1}
	require.ErrorIs(t, format, storage.ErrFormat)
	require.EqualError(t, format, "storage has format 3, and this program knows formats up to 1: open it with a newer release")
	cause := errors.New("a bad byte")
	corrupt := &storage.CorruptError{What: "entry 7", Err: cause}
	require.ErrorIs(t, corrupt, storage.ErrCorrupt)
	require.ErrorIs(t, corrupt, cause)
	require.EqualError(t, corrupt, "storage is corrupt: entry 7: a bad byte")
	require.EqualError(t, &storage.CorruptError{What: "entry 7"}, "storage is corrupt: entry 7 is missing")
	require.EqualError(t, &storage.BatchError{Field: "states", Index: 2, Reason: "has no record"}, "bad batch: states[2] has no record")
}
