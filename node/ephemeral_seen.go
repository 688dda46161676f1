package node

import (
	"context"
	"errors"
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
)

// An ephemeral node never goes back in time: it notes how far the logs were behind what
// it was told, by whichever peer, and asks only who has that. The note is kept with what
// it was told.
const metaSeen = "node/seen"

// covered covers everything that peers have confirmed.
func (e *ephemeral) covered() event.Cursor {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.reached
}

// see takes in where a peer stood that has confirmed something.
func (e *ephemeral) see(c event.Cursor) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.reached = e.reached.Merge(c)
	for _, end := range e.ends {
		e.reached = upTo(e.reached, end)
	}
}

// upTo is a cursor without what may be lost of a log that was closed.
func upTo(c event.Cursor, end event.SignedHead) event.Cursor {
	switch at, ok := c.At(end.Origin); {
	case !ok, at.Seq <= end.Seq:
		return c
	case end.Seq == 0:
		return c.Without(end.Origin)
	}
	return c.With(end.Position())
}

// keepSeen returns what is to be stored of it together with records. It needs the
// keeper's token.
func (e *ephemeral) keepSeen(records []*storage.Record) []storage.MetaChange {
	seen := e.covered()
	if len(records) == 0 || seen.Equal(e.kept) {
		return nil
	}
	e.kept = seen
	return []storage.MetaChange{{Key: metaSeen, Value: seen.AppendTo(nil)}}
}

func (e *ephemeral) readSeen(ctx context.Context, s storage.Snapshot) error {
	b, err := s.Meta(ctx, metaSeen)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err == nil {
		e.reached, err = event.DecodeCursor(b)
	}
	if err != nil {
		return &storage.CorruptError{What: "what peers have confirmed", Err: err}
	}
	e.kept = e.reached
	e.ends, err = closedIn(ctx, s)
	return err
}

// writtenBy returns what the entities are that an accepted transaction wrote. A peer that
// is behind may not know: then it is what was confirmed before, with the transaction on top.
func (e *ephemeral) writtenBy(p *pending, m *wire.Rows) ([]*storage.Record, error) {
	behind := !m.Cursor.Covers(e.covered())
	if !behind {
		e.see(m.Cursor)
	}
	var records []*storage.Record
	for _, ev := range p.tx.Events {
		i := slices.IndexFunc(m.Rows, func(row wire.Row) bool { return row.Row.ID == ev.Entity })
		if i < 0 {
			continue
		}
		if !behind {
			records = append(records, received(ev.Collection, &m.Rows[i]))
			continue
		}
		confirmed, err := e.confirmed(e.ctx, ev.Collection, ev.Entity)
		if err != nil {
			return nil, err
		}
		own, err := putOn(e.ctx, confirmed, []*event.Event{ev}, e.models.of(ev.Collection))
		if err != nil {
			e.logger.Error("an accepted change cannot be shown", "entity", ev.Entity.String(), "error", err)
		} else if own != nil {
			records = append(records, own)
		}
	}
	return records, nil
}
