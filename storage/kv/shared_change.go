package kv

// A change to a store that is shared is made again until it meets nobody else's: by the
// rules H2 to H4 of shared.go.

import (
	"context"
	"errors"
	"fmt"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/internal/codec"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
)

// over makes a change again over fresh views until it meets nobody else's. Callers hold the
// token. b is what it stores, nil if it is not for a batch. kept says, of a view, whether the change is in it; nil means that nobody can tell.
// It is asked whenever the change was tried before: also one that met somebody may have met
// itself, when a request was sent again.
func (e *Engine) over(ctx context.Context, b *storage.Batch, build func(c *change) error, kept func(*view) bool) error {
	uncertain := error(nil)
	for again := false; ; again = true {
		err := e.once(ctx, b, build, kept, again)
		switch {
		case errors.Is(err, ErrMoved):
			if uncertain == nil && ctx.Err() != nil {
				return ctx.Err()
			}
		case errors.Is(err, storage.ErrUnknown) && kept != nil && uncertain == nil:
			uncertain = err
		case err != nil && uncertain != nil && !errors.Is(err, storage.ErrUnknown):
			return fmt.Errorf("%w: %w", uncertain, err)
		default:
			return err
		}
	}
}

// once makes a change over one view.
func (e *Engine) once(ctx context.Context, b *storage.Batch, build func(c *change) error, kept func(*view) bool, again bool) error {
	base, err := e.fresh(ctx, b)
	if err != nil {
		return err
	}
	defer e.views.release(base)
	if again && kept != nil && kept(base) {
		return nil
	}
	c := &e.change
	c.reset(base)
	if err := build(c); err != nil {
		return err
	}
	c.cover()
	if c.writes.Len() == 0 {
		return nil
	}
	return e.shared.driver.WriteOver(ctx, *base.opened.Load(), &c.writes)
}

// commitShared is Commit over a store that is shared.
func (e *Engine) commitShared(ctx context.Context, b *storage.Batch) error {
	build := func(c *change) error {
		c.gather(b.States)
		return c.build(b)
	}
	if len(b.Entries) == 0 {
		return e.over(ctx, b, build, nil)
	}
	// An entry is there when its log is where it leads to, and not before.
	last := b.Entries[len(b.Entries)-1].Position()
	return e.over(ctx, b, build, func(v *view) bool {
		found, _ := v.cursor.At(last.Origin)
		return found == last
	})
}

// gather finds the records that a batch replaces among what was read for it.
func (c *change) gather(states []storage.StateChange) {
	c.olds = make(map[event.ID][]byte, len(states))
	for i := range states {
		r := states[i].Record
		if col, ok := c.base.catalog.collections[r.Collection]; ok {
			c.key = appendStateKey(c.key[:0], col.number, r.Row.ID)
			c.olds[r.Row.ID] = c.base.ahead[string(c.key)]
		}
	}
}

// get reads what a change is made over.
func (c *change) get(key []byte) ([]byte, bool, error) {
	if c.engine.shared != nil {
		if value, read := c.base.ahead[string(key)]; read {
			return value, value != nil, nil
		}
		return (*c.base.opened.Load()).Get(key, nil)
	}
	return c.engine.driver.Get(key, nil)
}

// storePosition writes where a log is.
func (c *change) storePosition(p event.Position) {
	c.key = appendMetaNumber(c.key[:0], metaPosition, c.origin(p.Origin))
	c.value = codec.AppendUint64(codec.AppendUvarint(c.value[:0], p.Seq), p.Short)
	c.writes.Set(c.key, c.value)
	c.covered = true
}

// touchPosition writes a log's position as it is (H3). The catalog's version stands for
// that of a log that is not known.
func (c *change) touchPosition(o event.Origin) {
	number, known := c.base.catalog.numbers[o]
	if !known {
		c.versed = true
		return
	}
	if found, ok := c.base.cursor.At(o); ok {
		c.storePosition(found)
	} else {
		c.writes.Delete(appendMetaNumber(nil, metaPosition, number))
	}
}

// touchPositions writes all of them (H4).
func (c *change) touchPositions() {
	for _, o := range c.base.catalog.origins {
		c.touchPosition(o)
	}
}

// cover writes the catalog's version: the next one if this changes the catalog, and the
// same if there are records, and no position is written (H4).
func (c *change) cover() {
	key := appendMetaKey(nil, metaVersion, "")
	version := c.base.catalog.version
	switch {
	case c.catalog != c.base.catalog:
		var r codec.Reader
		r.Reset(version)
		c.writes.Set(key, codec.AppendUvarint(nil, r.Uvarint()+1))
	case c.versed, len(c.written) > 0 && !c.covered:
		c.writes.Set(key, version)
	}
}

// never is for changes that may be made twice.
func never(*view) bool { return false }

// registerShared is register over a store that is shared.
func (e *Engine) registerShared(ctx context.Context, s *model.Schema) error {
	err := e.over(ctx, nil, func(c *change) error {
		old := c.collection(s.Collection())
		fresh, err := c.freshIndex(old)
		if err != nil {
			return err
		}
		next := c.declare(old, s, fresh)
		if c.writes.Len() > 0 {
			c.ownCatalog().collections[old.name] = next
			c.touchPositions()
		}
		return nil
	}, never)
	if err != nil {
		return err
	}
	e.shared.mu.Lock()
	defer e.shared.mu.Unlock()
	e.shared.schemas[s.Collection()] = s
	e.shared.catalog = nil
	return nil
}

// buildShared is Build over a store that is shared.
func (e *Engine) buildShared(ctx context.Context) (more bool, err error) {
	err = e.over(ctx, nil, func(c *change) error {
		col := c.base.catalog.building()
		if more = col != nil; !more {
			return nil
		}
		next, err := c.piece(col)
		if err != nil {
			return err
		}
		c.ownCatalog().collections[col.name] = next
		more = c.catalog.building() != nil
		return nil
	}, never)
	return more, err
}
