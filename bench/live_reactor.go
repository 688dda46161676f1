package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/ankgo/ank/bench/models"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node/reactor"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// reactorFan is the part of a node that keeps standing queries, without commits:
// an update is published, and every subscription that has something to take
// takes it.
type reactorFan struct {
	c       *crowd
	reactor *reactor.Reactor
	rows    [][2]*storage.Record // versions to go back and forth between
	version []int
	awake   []*reactor.Subscription
	heard   int
}

func openReactorFan(_ context.Context, _ *run, c *crowd) (fan, error) {
	return &reactorFan{
		c: c, reactor: reactor.New(),
		rows: make([][2]*storage.Record, c.groups()), version: make([]int, c.groups()),
	}, nil
}

// record makes a row as an engine would hand it out.
func record(k, version int) (*storage.Record, error) {
	return recordOf(k, version, crowdRow(k, version))
}

// recordOf makes a version of the k-th row.
func recordOf(k, version int, it *item) (*storage.Record, error) {
	var id, head event.ID
	binary.BigEndian.PutUint64(id[:8], uint64(k+1)<<16)
	binary.BigEndian.PutUint64(head[:8], uint64(k+1)<<16|uint64(version))
	var b model.TupleBuilder
	b.Set("note", model.OfString(it.Note).AppendTo(nil))
	b.Set("owner", model.OfString(it.Owner).AppendTo(nil))
	b.Set("score", model.OfInt(int64(it.Score)).AppendTo(nil))
	b.Set("status", model.OfString(it.Status).AppendTo(nil))
	b.Set("title", model.OfString(it.Title).AppendTo(nil))
	h := event.Head{head}
	return &storage.Record{
		Collection: models.Items.Schema().Collection(),
		Row:        model.Row{ID: id, Head: h, Values: b.Tuple()}, Stamp: h.Stamp(),
	}, nil
}

// text is the i-th query of the k-th group.
func (c *crowd) text(k, i int) string {
	switch c.sort {
	case "distinct":
		return fmt.Sprintf("owner = '%s' AND score >= %d", crowdOwner(k), -i)
	case "range":
		low, high := interval(k, i)
		return fmt.Sprintf("score >= %d AND score < %d", low, high)
	case "and":
		return fmt.Sprintf("owner = '%s' AND status = '%s'", crowdOwner(k), statusName(k%statuses))
	}
	return fmt.Sprintf("owner = '%s'", crowdOwner(k))
}

func (f *reactorFan) subscribe(_ context.Context, k, i int) error {
	if i == 0 {
		row, err := record(k, 0)
		if err != nil {
			return err
		}
		f.rows[k][0] = row
	}
	q, err := query.Parse(f.c.text(k, i))
	if err != nil {
		return err
	}
	checked, err := q.Check(models.Items.Schema())
	if err != nil {
		return err
	}
	var sub *reactor.Subscription
	sub, filling, err := f.reactor.Register(checked, func() {
		if sub != nil {
			f.awake = append(f.awake, sub)
		}
	})
	if err != nil {
		return err
	}
	if filling != nil {
		err = filling.Fill([]*storage.Record{f.rows[k][0]}, func(any) bool { return false })
	}
	if set, ok := sub.Next(); !ok || len(set.Changes) != 1 {
		return errors.Join(err, errors.New("a standing query does not begin with its one row"))
	}
	f.awake = f.awake[:0]
	return err
}

func (f *reactorFan) ready() (err error) {
	for k := range f.rows {
		if f.rows[k][1], err = record(k, 1); err != nil {
			return err
		}
	}
	return nil
}

func (f *reactorFan) update(_ context.Context, k int) error {
	was := f.rows[k][f.version[k]]
	f.version[k] ^= 1
	now := f.rows[k][f.version[k]]
	f.reactor.Publish(reactor.Publication{Position: f, Changes: []reactor.Change{
		{Collection: now.Collection, ID: now.Row.ID, Before: was, After: now},
	}})
	for _, s := range f.awake {
		if set, ok := s.Next(); ok {
			f.heard += len(set.Changes)
		}
	}
	f.awake = f.awake[:0]
	return nil
}

// settle lets a publication pass that is about nobody: before the first one, the
// reactor remembers from when the results are.
func (f *reactorFan) settle() error {
	f.reactor.Publish(reactor.Publication{Position: f})
	return nil
}

func (f *reactorFan) delivered() int { return f.heard }
func (f *reactorFan) close() error   { return nil }
