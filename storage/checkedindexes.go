package storage

import (
	"context"
	"maps"
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
)

// checkedIndexes is what CheckedEngine knows of indexes.
type checkedIndexes struct {
	registrations int // begun
	running       int // of those
	schemas       map[string]*model.Schema
	unclear       bool                    // a Register failed, so schemas may not be what is registered
	met           map[indexID]IndexStatus // since the last Register
}

type indexID struct {
	collection string
	index      int
}

func (x *checkedIndexes) begin() {
	x.registrations++
	x.running++
	x.met = nil
}

func (x *checkedIndexes) end(schemas []*model.Schema, err error) {
	x.running--
	x.met = nil
	x.unclear = err != nil
	if err != nil {
		return
	}
	x.schemas = maps.Clone(x.schemas)
	if x.schemas == nil {
		x.schemas = make(map[string]*model.Schema)
	}
	for _, s := range schemas {
		x.schemas[s.Collection()] = s
	}
}

// declared lists the indexes of the registered schemas in order.
func (x *checkedIndexes) declared() []indexID {
	var list []indexID
	for _, name := range slices.Sorted(maps.Keys(x.schemas)) {
		for i := range x.schemas[name].Indexes() {
			list = append(list, indexID{name, i})
		}
	}
	return list
}

// note takes a status in, unless a later one was.
func (x *checkedIndexes) note(id indexID, s IndexStatus) {
	if x.met == nil {
		x.met = make(map[indexID]IndexStatus)
	}
	if before := x.met[id]; !before.Ready && before.Through.Compare(s.Through) <= 0 || s.Ready {
		x.met[id] = s
	}
}

// known returns a copy, to compare with what is learnt later.
func (c *CheckedEngine) known() checkedIndexes {
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.indexes
	x.met = maps.Clone(x.met)
	return x
}

// Build passes a call on, and compares what it says with Indexes.
func (c *CheckedEngine) Build(ctx context.Context) (more bool, err error) {
	wasClosed, before := c.isClosed(), c.known()
	more, err = c.engine.Build(ctx)
	c.afterClose("Build", wasClosed, err)
	if more || err != nil {
		return more, err
	}
	list, err := c.engine.Indexes(context.WithoutCancel(ctx))
	if err != nil || before.running > 0 || c.known().registrations != before.registrations {
		return false, nil // much may have happened meanwhile
	}
	for _, s := range list {
		if !s.Ready {
			c.blame("Build", "every index is ready when there is no more to do: number %d of %s is not", s.Index, s.Collection)
		}
	}
	return false, nil
}

// Indexes passes a call on, and compares what it says with what was registered
// and with what it said before.
func (c *CheckedEngine) Indexes(ctx context.Context) ([]IndexStatus, error) {
	wasClosed, before := c.isClosed(), c.known()
	list, err := c.engine.Indexes(ctx)
	c.afterClose("Indexes", wasClosed, err)
	if err != nil {
		return list, err
	}
	c.mu.Lock()
	settled := before.running == 0 && c.indexes.registrations == before.registrations
	if settled {
		for _, s := range list {
			c.indexes.note(indexID{s.Collection, s.Index}, s)
		}
	}
	c.mu.Unlock()
	if settled {
		c.checkIndexes(&before, list)
	}
	return list, nil
}

func (c *CheckedEngine) checkIndexes(before *checkedIndexes, list []IndexStatus) {
	ids := make([]indexID, len(list))
	for i, s := range list {
		ids[i] = indexID{s.Collection, s.Index}
		switch was := before.met[ids[i]]; {
		case s.Ready && s.Through != event.ID{}:
			c.blame("Indexes", "Through is zero once an index is ready: number %d of %s", s.Index, s.Collection)
		case was.Ready && !s.Ready, !s.Ready && s.Through.Less(was.Through):
			c.blame("Indexes", "what is built stays built until the next Register: number %d of %s went back", s.Index, s.Collection)
		}
	}
	if want := before.declared(); !before.unclear && !slices.Equal(ids, want) {
		c.blame("Indexes", "the indexes of all registered schemas are listed in order: %v, not %v", want, ids)
	}
}
