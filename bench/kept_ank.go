package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/ankgo/ank/bench/models"
	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node/reactor"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/pebble"
)

// text is the query in our language.
func (a *asking) text() string {
	const aggregates = "COUNT(*), SUM(score), MAX(score)"
	if a.by == "" {
		return fmt.Sprintf("SELECT %s WHERE score >= %d", aggregates, half)
	}
	return fmt.Sprintf("SELECT %s, %s GROUP BY %s", a.by, aggregates, a.by)
}

// totalsOf reads a group of ours.
func (a *asking) totalsOf(at func(i int) model.Value) (key string, t totals) {
	first := 0
	if a.by != "" {
		key, first = at(0).Text(), 1
	}
	return key, totals{int(at(first).Int()), int(at(first + 1).Int()), int(at(first + 2).Int())}
}

// reactorKeeper is the part of a node that keeps standing queries, without commits.
type reactorKeeper struct {
	a       *asking
	reactor *reactor.Reactor
	sub     *reactor.Subscription
	moves   *moves
	rows    [][2]*storage.Record // by whether they are moved
	asked   *query.Grouping
	found   map[string]totals
}

func newReactorKeeper(a *asking, all []item) (keeper, error) {
	q, err := query.Parse(a.text())
	if err != nil {
		return nil, err
	}
	checked, err := q.Check(models.Items.Schema())
	if err != nil {
		return nil, err
	}
	k := &reactorKeeper{
		a: a, reactor: reactor.New(), moves: newMoves(all), rows: make([][2]*storage.Record, len(all)),
		asked: checked.Grouping(), found: map[string]totals{},
	}
	var filling *reactor.Filling
	if k.sub, filling, err = k.reactor.Register(checked, nil); err != nil {
		return nil, err
	}
	if err := errors.Join(k.fill(checked, filling), k.take()); err != nil {
		return nil, err
	}
	k.reactor.Publish(reactor.Publication{Position: k}) // see reactorFan.settle
	return k, nil
}

// fill makes both versions of all rows, and the first result.
func (k *reactorKeeper) fill(q *query.Checked, filling *reactor.Filling) error {
	var first []*storage.Record
	for i := range k.rows {
		it := k.moves.all[i]
		for version := range 2 {
			var err error
			if k.rows[i][version], err = recordOf(i, version, &it); err != nil {
				return err
			}
			it.Score = (it.Score + half) % scores
		}
		if row := k.rows[i][0]; q.Match(&row.Row) {
			first = append(first, row)
		}
	}
	return filling.Fill(first, func(any) bool { return false })
}

// take brings what is known of the groups up to date.
func (k *reactorKeeper) take() error {
	set, ok := k.sub.Next()
	if !ok {
		return errors.New("an update does not change the result")
	}
	for i := range set.Changes {
		values := k.asked.Values(*set.Changes[i].Record.Row.Joined)
		key, t := k.a.totalsOf(func(i int) model.Value { return values[i] })
		k.found[key] = t
	}
	return nil
}

func (k *reactorKeeper) update(context.Context, int) error {
	at, _, _ := k.moves.next()
	was, now := k.rows[at][0], k.rows[at][1]
	if !k.moves.moved[at] {
		was, now = now, was
	}
	k.reactor.Publish(reactor.Publication{Position: k, Changes: []reactor.Change{
		{Collection: now.Collection, ID: now.Row.ID, Before: was, After: now},
	}})
	return k.take()
}

func (k *reactorKeeper) result() map[string]totals { return maps.Clone(k.found) }
func (k *reactorKeeper) close() error              { return nil }

// nodeKeeper is a whole node over a relaxed store, whose live query a goroutine of
// ours follows.
type nodeKeeper struct {
	*ankWriter
	a        *asking
	remove   func()
	moves    *moves
	live     *entity.Live[entity.Group]
	follower *follower
}

func (r *run) openNodeKeeper(ctx context.Context, a *asking) (keeper, error) {
	dir, remove, err := r.folder()
	if err != nil {
		return nil, err
	}
	n, err := openNode(ctx, dir, pebble.Options{Relaxed: true})
	if err != nil {
		return nil, err
	}
	all := r.data()
	w := &ankWriter{n, plainItems, make([]event.ID, len(all))}
	k := &nodeKeeper{ankWriter: w, a: a, remove: remove, moves: newMoves(all)}
	for first := 0; first < len(all) && err == nil; first += r.batch {
		err = w.batch(ctx, first, all[first:min(first+r.batch, len(all))])
	}
	if err == nil {
		k.live, err = models.Plains.QueryGroups(ctx, n.session, a.text())
	}
	if err == nil {
		k.follower = follow(k.live)
	}
	return k, err
}

func (k *nodeKeeper) update(ctx context.Context, _ int) error {
	at, _, now := k.moves.next()
	if err := k.ankWriter.update(ctx, at, now); err != nil {
		return err
	}
	k.follower.await(1)
	return nil
}

func (k *nodeKeeper) result() map[string]totals {
	found := map[string]totals{}
	for _, g := range k.live.Items().All() {
		key, t := k.a.totalsOf(g.At)
		found[key] = t
	}
	return found
}

func (k *nodeKeeper) close() error {
	defer k.remove()
	k.follower.stop()
	k.live.Close()
	return k.ank.close()
}

// follower is a goroutine that follows a live query.
type follower struct {
	heard chan int
	end   context.CancelFunc
	wait  sync.WaitGroup
}

// follow begins to follow and returns after the initial result.
func follow[V any](live *entity.Live[V]) *follower {
	ctx, end := context.WithCancel(context.Background())
	f := &follower{heard: make(chan int, 1), end: end}
	f.wait.Go(func() {
		for set := range live.Changes(ctx) {
			f.heard <- len(set.Changes)
		}
	})
	<-f.heard
	return f
}

// await waits for a number of changes.
func (f *follower) await(n int) {
	for n > 0 {
		n -= <-f.heard
	}
}

func (f *follower) stop() {
	f.end()
	f.wait.Wait()
}
