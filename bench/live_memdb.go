package main

import (
	"context"
	"sync"

	"github.com/hashicorp/go-memdb"
)

// memdbFan has a goroutine for each standing query, which watches what it found
// and asks again when that changes.
type memdbFan struct {
	c     *crowd
	db    *memdb.MemDB
	rows  []*item
	heard chan struct{}
	count int
	stop  chan struct{}
	wait  sync.WaitGroup
}

func openMemDBFan(_ context.Context, _ *run, c *crowd) (fan, error) {
	db, err := memdb.NewMemDB(itemTable())
	if err != nil {
		return nil, err
	}
	f := &memdbFan{c: c, db: db, heard: make(chan struct{}, c.match), stop: make(chan struct{})}
	for k := range c.groups() {
		f.rows = append(f.rows, crowdRow(k, 0))
		if err := f.insert(f.rows[k]); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (f *memdbFan) insert(row *item) error {
	txn := f.db.Txn(true)
	defer txn.Abort() // does nothing after Commit
	if err := txn.Insert("entity", row); err != nil {
		return err
	}
	txn.Commit()
	return nil
}

func (f *memdbFan) subscribe(_ context.Context, k, _ int) error {
	owner := crowdOwner(k)
	changed, row, err := f.db.Txn(false).FirstWatch("entity", "Owner", owner)
	if err != nil {
		return err
	}
	f.wait.Go(func() { f.follow(owner, changed, row.(*item).Score) })
	return nil
}

// follow asks again whenever the answer changes, until the end.
func (f *memdbFan) follow(owner string, changed <-chan struct{}, last int) {
	for {
		select {
		case <-changed:
		case <-f.stop:
			return
		}
		next, row, err := f.db.Txn(false).FirstWatch("entity", "Owner", owner)
		if err != nil || row == nil {
			return
		}
		changed = next
		if now := row.(*item).Score; now != last {
			last = now
			f.heard <- struct{}{}
		}
	}
}

func (f *memdbFan) ready() error { return nil }

func (f *memdbFan) update(_ context.Context, k int) error {
	row := *f.rows[k]
	row.Score ^= 1
	f.rows[k] = &row
	if err := f.insert(&row); err != nil {
		return err
	}
	for range f.c.match {
		<-f.heard
		f.count++
	}
	return nil
}

func (f *memdbFan) settle() error  { return nil }
func (f *memdbFan) delivered() int { return f.count }

func (f *memdbFan) close() error {
	close(f.stop)
	f.wait.Wait()
	return nil
}
