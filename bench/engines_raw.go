package main

import (
	"context"
	"sync"

	"github.com/ankgo/ank/event"
)

// rawRow is what a raw client writes for one transaction: an entry of the log, the
// address of an event, and the state after it.
type rawRow struct {
	seq       int64
	entity    event.ID
	event     event.ID
	item      item
	weight    weight
	committed chan error // of capacity 1
}

// rawBook makes the rows of a raw client, which knows its entities, so that an update
// need not read. IDs grow with time, as ours do.
type rawBook struct {
	weights weights
	clock   *event.Clock

	mu    sync.Mutex // of all below
	seq   int64
	ids   []event.ID
	items []item
}

func newRawBook(ctx context.Context, r *run) (*rawBook, error) {
	w, err := r.transactionWeights(ctx)
	return &rawBook{
		weights: w, clock: event.NewClock(event.ClockOptions{}),
		ids: make([]event.ID, r.entities), items: make([]item, r.entities),
	}, err
}

func (b *rawBook) create(i int, e *item) (*rawRow, error) {
	id, err := b.clock.Mint()
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seq++
	b.ids[i], b.items[i] = id, *e
	return &rawRow{seq: b.seq, entity: id, event: id, item: *e, weight: b.weights.create, committed: make(chan error, 1)}, nil
}

func (b *rawBook) update(i, score int) (*rawRow, error) {
	id, err := b.clock.Mint()
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seq++
	b.items[i].Score = score
	return &rawRow{
		seq: b.seq, entity: b.ids[i], event: id, item: b.items[i], weight: b.weights.update, committed: make(chan error, 1),
	}, nil
}

// batch makes the rows of many creations.
func (b *rawBook) batch(first int, list []item) (rows []*rawRow, err error) {
	for i := range list {
		row, err := b.create(first+i, &list[i])
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// logged makes the rows of events that update entities, or create them first.
func (b *rawBook) logged(list []happening) (rows []*rawRow, err error) {
	for _, h := range list {
		var row *rawRow
		if b.idOf(h.entity).IsZero() {
			row, err = b.create(h.entity, &item{})
		} else {
			row, err = b.update(h.entity, h.score)
		}
		if err != nil {
			return nil, err
		}
		row.weight = b.weights.update // every event is a score
		rows = append(rows, row)
	}
	return rows, nil
}

// idOf is the ID of an entity.
func (b *rawBook) idOf(i int) event.ID {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ids[i]
}

// padding makes n bytes that nobody can compress much, the same for the same seed.
func padding(n int, seed int64) []byte {
	rng := mulberry32(seed)
	b := make([]byte, 0, n+4)
	for len(b) < n {
		v := rng.next()
		b = append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
	}
	return b[:n]
}

// state is what is stored of the entity beside columns: the compact form, and more bytes
// until it has the given length.
func (w *rawRow) state(n int) []byte {
	b := appendEntity(make([]byte, 0, max(n, 128)), w.item.key, &w.item.Item)
	if len(b) < n {
		b = append(b, padding(n-len(b), w.seq)...)
	}
	return b
}

// gatherer is group commit as one would write it: a goroutine that commits together all
// that came while it was busy.
type gatherer struct {
	requests chan *rawRow
	ended    sync.WaitGroup
}

// mostGathered bounds a group, as our committer does.
const mostGathered = 1024

func gather(ctx context.Context, commit func(ctx context.Context, rows []*rawRow) error) *gatherer {
	g := &gatherer{requests: make(chan *rawRow, mostGathered)}
	g.ended.Go(func() {
		for first := range g.requests {
			rows := []*rawRow{first}
			for more := true; more && len(rows) < mostGathered; {
				select {
				case row, open := <-g.requests:
					if more = open; open {
						rows = append(rows, row)
					}
				default:
					more = false
				}
			}
			err := commit(ctx, rows)
			for _, row := range rows {
				row.committed <- err
			}
		}
	})
	return g
}

// commit has a row committed with others.
func (g *gatherer) commit(row *rawRow) error {
	g.requests <- row
	return <-row.committed
}

func (g *gatherer) close() {
	close(g.requests)
	g.ended.Wait()
}
