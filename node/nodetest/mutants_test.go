package nodetest

import (
	"context"
	"iter"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
)

// enoughSeeds is how many seeds it may take until a mutant is found.
const enoughSeeds = 60

// TestMutantsAreFound plants defects where a node meets the rest of the world. Each is
// to be found by some invariant: one that finds nothing is a wish.
func TestMutantsAreFound(t *testing.T) {
	app := testApp()
	for name, plant := range mutants() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(enoughSeeds) {
				s := Plan(app, Options{}, seed)
				if o := s.run(t, app, plant()); len(o.Failures) > 0 {
					t.Logf("seed %d: %v", seed, o.Failures[0])
					return
				}
			}
			require.Fail(t, "the defect was not found")
		})
	}
}

// mutants are defects by name. They are planted anew for each run, as they may happen
// once only.
func mutants() map[string]func() seams {
	commit := func(defect func(b *storage.Batch, next func() error) error) func() seams {
		return func() seams {
			return seams{engine: func(durable bool, e storage.Engine) storage.Engine {
				if !durable {
					return e
				}
				return &stage{Engine: e, commit: defect}
			}}
		}
	}
	return map[string]func() seams{
		"an engine acknowledges a write and drops it": commit(once(func(b *storage.Batch, _ func() error) error {
			return nil
		})),
		"an engine logs a transaction and forgets a state": commit(func(b *storage.Batch, next func() error) error {
			if len(b.States) == 2 {
				b.States = b.States[:1]
			}
			return next()
		}),
		"a disk says that it has synced": func() seams { return seams{forgetful: true} },
		"a client's store forgets what is in the outbox": func() seams {
			return seams{engine: func(durable bool, e storage.Engine) storage.Engine {
				if durable {
					return e
				}
				return &stage{Engine: e, commit: func(b *storage.Batch, next func() error) error {
					b.Meta = nil
					return next()
				}}
			}}
		},
		"the network loses rows":      func() seams { return seams{tamper: lose[*wire.Rows](2)} },
		"the network loses a commit":  func() seams { return seams{tamper: lose[*wire.Commit](1)} },
		"the network loses a verdict": func() seams { return seams{tamper: lose[*wire.Receipt](1)} },
		"the network loses entries":   func() seams { return seams{tamper: lose[*wire.Entries](2)} },
		"a live query misses a change": func() seams {
			return seams{standing: func(s entity.Standing) entity.Standing { return &deaf{Standing: s} }}
		},
		"a live query shows nothing new": func() seams {
			return seams{standing: func(s entity.Standing) entity.Standing { return &frozen{Standing: s, items: s.Items()} }}
		},
		"a receipt lies about where": func() seams {
			return seams{receipt: func(r node.Receipt) node.Receipt {
				r.Position.Seq++
				return r
			}}
		},
		"a receipt lies about what": func() seams {
			return seams{receipt: func(r node.Receipt) node.Receipt {
				r.Transaction = r.Transaction.Update(1)
				return r
			}}
		},
	}
}

// stage is an engine with a defect.
type stage struct {
	storage.Engine
	commit func(b *storage.Batch, next func() error) error
}

func (s *stage) Commit(ctx context.Context, b *storage.Batch) error {
	changed := *b
	return s.commit(&changed, func() error { return s.Engine.Commit(ctx, &changed) })
}

// once has the third batch with entries go wrong, of all nodes.
func once(defect func(b *storage.Batch, next func() error) error) func(*storage.Batch, func() error) error {
	var n atomic.Int32
	return func(b *storage.Batch, next func() error) error {
		if len(b.Entries) > 0 && n.Add(1) == 3 {
			return defect(b, next)
		}
		return next()
	}
}

// lose drops the n-th message of a kind.
func lose[M wire.Message](n int32) func([]byte) bool {
	var seen atomic.Int32
	return func(message []byte) bool {
		m, err := wire.Decode(message)
		if err != nil {
			return false
		}
		_, is := m.(M)
		return is && seen.Add(1) == n
	}
}

// deaf misses the second change set.
type deaf struct{ entity.Standing }

func (d *deaf) Changes(ctx context.Context) iter.Seq[entity.ChangeSet[entity.View]] {
	return func(yield func(entity.ChangeSet[entity.View]) bool) {
		n := 0
		for set := range d.Standing.Changes(ctx) {
			if n++; n != 2 && !yield(set) {
				return
			}
		}
	}
}

// frozen shows what there was at first.
type frozen struct {
	entity.Standing
	items entity.Views
}

func (f *frozen) Items() entity.Views { return f.items }
