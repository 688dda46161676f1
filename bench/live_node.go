package main

import (
	"context"
	"errors"
	"sync"

	"github.com/ankgo/ank/bench/models"
	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage/pebble"
)

// nodeFan is a whole node over a relaxed store: an update is a transaction, and
// every live query is followed by a goroutine of ours.
type nodeFan struct {
	*ank
	c      *crowd
	remove func()
	ids    []event.ID
	score  []int
	lives  []*entity.Live[models.ItemView]
	heard  chan int
	count  int
	end    context.CancelFunc
	wait   sync.WaitGroup
}

func openNodeFan(ctx context.Context, r *run, c *crowd) (fan, error) {
	dir, remove, err := r.folder()
	if err != nil {
		return nil, err
	}
	a, err := openNode(ctx, dir, pebble.Options{Relaxed: true})
	if err != nil {
		remove()
		return nil, err
	}
	f := &nodeFan{ank: a, c: c, remove: remove, heard: make(chan int, 4096), end: func() {}}
	return f, f.fill(ctx, r.batch)
}

// fill creates the rows.
func (f *nodeFan) fill(ctx context.Context, batch int) error {
	for len(f.ids) < f.c.groups() {
		tx := f.session.Begin()
		for range min(batch, f.c.groups()-len(f.ids)) {
			row := crowdRow(len(f.ids), 0)
			m, err := models.Items.Create(tx, row.Item)
			if err != nil {
				return err
			}
			f.ids, f.score = append(f.ids, m.ID()), append(f.score, row.Score)
		}
		if _, err := tx.Commit(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (f *nodeFan) subscribe(ctx context.Context, k, _ int) error {
	live, err := models.Items.Query(ctx, f.session, "owner = ?", crowdOwner(k))
	if err == nil {
		f.lives = append(f.lives, live)
	}
	return err
}

// ready begins to follow the queries, and waits until all have begun.
func (f *nodeFan) ready() error {
	var ctx context.Context
	ctx, f.end = context.WithCancel(context.Background())
	for _, l := range f.lives {
		f.wait.Go(func() {
			for set := range l.Changes(ctx) {
				f.heard <- len(set.Changes)
			}
		})
	}
	for begun := 0; begun < len(f.lives); {
		begun += <-f.heard
	}
	return nil
}

func (f *nodeFan) update(ctx context.Context, k int) error {
	tx := f.session.Begin()
	m, err := models.Items.Edit(ctx, tx, f.ids[k])
	if err != nil {
		return err
	}
	f.score[k] ^= 1
	m.SetScore(f.score[k])
	if _, err := tx.Commit(ctx); err != nil {
		return err
	}
	for heard := 0; heard < f.c.match; {
		n := <-f.heard
		heard += n
		f.count += n
	}
	return nil
}

// settle commits something that is about nobody: before the first commit, the
// node remembers from when the results are.
func (f *nodeFan) settle() error {
	tx := f.session.Begin()
	if _, err := models.Plains.Create(tx, models.Plain{}); err != nil {
		return err
	}
	_, err := tx.Commit(context.Background())
	return err
}

func (f *nodeFan) delivered() int { return f.count }

func (f *nodeFan) close() error {
	defer f.remove()
	f.end()
	f.wait.Wait()
	for _, l := range f.lives {
		l.Close()
	}
	return errors.Join(f.ank.close())
}
