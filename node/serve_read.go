package node

import (
	"context"
	"errors"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// checked reads a query that came over the wire, and asks the policy.
func (s asker) checked(ctx context.Context, collection, text string) (*query.Checked, error) {
	m, err := s.readable(ctx, collection)
	if err != nil {
		return nil, err
	}
	q, err := checked(text, m)
	if err != nil {
		return nil, s.unfit(m, err)
	}
	return q, s.session.mayAsk(ctx, q)
}

// readable returns the schema of a collection that the peer may read.
func (s asker) readable(ctx context.Context, collection string) (*model.Schema, error) {
	m := s.models.of(collection)
	if m == nil {
		if reason := s.unlearnt(collection); reason != nil {
			return nil, reason
		}
		return nil, &ModelError{Collection: collection, Reason: ErrUnknownModel}
	}
	return m, s.session.may(ctx, m)
}

func (s asker) fetch(ctx context.Context, m *wire.Fetch) error {
	q, err := s.checked(ctx, m.Collection, m.Query)
	if err == nil && q.Grouping() != nil {
		err = entity.ErrGroups
	}
	if err != nil {
		return err
	}
	snapshot, leave, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer leave()
	parts := newParts(&wire.Rows{Request: m.Request, Reset: true, Cursor: snapshot.Cursor()}, s.teller(ctx, m.Request))
	rows := selectFrom(ctx, snapshot, q)
	if past, ok := q.AsOf(); ok {
		rows = s.pastRows(ctx, s.session, past, q.Present())
	}
	for r, err := range rows {
		if err == nil {
			err = parts.row(r)
		}
		if err != nil {
			return err
		}
	}
	return parts.end()
}

func (s asker) get(ctx context.Context, m *wire.Get) error {
	if _, err := s.readable(ctx, m.Collection); err != nil {
		return err
	}
	snapshot, leave, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer leave()
	parts := newParts(&wire.Rows{Request: m.Request, Reset: true, Cursor: snapshot.Cursor()}, func(m wire.Message) error { return s.tell(ctx, m) })
	r, err := snapshot.State(ctx, m.Collection, m.Entity)
	if err == nil {
		err = parts.row(r)
	}
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	return parts.end()
}

func (s asker) history(ctx context.Context, m *wire.History) error {
	schema, err := s.readable(ctx, m.Collection)
	if err != nil {
		return err
	}
	tell := s.teller(ctx, m.Request)
	part, size := &wire.Events{Request: m.Request, More: true}, 0
	for e, err := range s.events(ctx, s.session, schema, m.Entity) {
		if err != nil {
			return err
		}
		if n := e.Event.Size(); len(part.Items) > 0 && (size+n > partBytes || len(part.Items) == wire.MaxItems) {
			if err := tell(part); err != nil {
				return err
			}
			part, size = &wire.Events{Request: m.Request, More: true}, 0
		}
		part.Items = append(part.Items, wire.Stored{Event: e.Event, Tx: e.Tx, Origin: e.Origin, Seq: e.Seq, Author: e.author})
		size += e.Event.Size()
	}
	part.More = false
	return tell(part)
}

const (
	partBytes = 128 << 10               // about how large the parts of an answer are
	maxRow    = wire.MaxMessage - 1<<16 // what a part has room for beside its header
)

// parts cuts rows into messages.
type parts struct {
	header wire.Rows // without rows
	next   *wire.Rows
	size   int
	likely int // rows of a part, as far as the last one tells
	send   func(wire.Message) error
}

func newParts(header *wire.Rows, send func(wire.Message) error) *parts {
	p := &parts{header: *header, send: send}
	p.reset()
	return p
}

func (p *parts) reset() {
	next := p.header
	if p.likely > 0 {
		next.Rows = make([]wire.Row, 0, p.likely)
	}
	p.next, p.size = &next, 0
}

// row adds a row.
func (p *parts) row(r *storage.Record) error {
	if err := p.room(r.Size()); err != nil {
		return err
	}
	p.next.Rows = append(p.next.Rows, rowOf(r))
	return nil
}

// departure adds a departure.
func (p *parts) departure(d wire.Departure) error {
	if err := p.room(departureSize(&d)); err != nil {
		return err
	}
	p.next.Departures = append(p.next.Departures, d)
	return nil
}

// departureSize is about how many bytes a departure takes.
func departureSize(d *wire.Departure) int {
	size := 32
	if d.Last != nil {
		size += len(d.Last.Row.Values.Bytes()) + len(d.Last.Merge)
	}
	return size
}

// room sends what there is if more does not fit in.
func (p *parts) room(size int) error {
	if size > maxRow {
		return wire.ErrTooLarge
	}
	if !p.fits(size) {
		if err := p.cut(); err != nil {
			return err
		}
	}
	p.size += size
	return nil
}

// fits reports whether so many bytes can be added to what is not sent yet.
func (p *parts) fits(size int) bool {
	items := p.items()
	return items == 0 || p.size+size <= partBytes && items < wire.MaxItems
}

func (p *parts) items() int { return len(p.next.Rows) + len(p.next.Departures) }

// cut sends what there is as a part that is not the last.
func (p *parts) cut() error {
	p.next.More, p.likely = true, len(p.next.Rows)
	defer p.reset()
	return p.send(p.next)
}

// end sends the last part.
func (p *parts) end() error { return p.send(p.next) }

func rowOf(r *storage.Record) wire.Row { return wire.Row{Row: r.Row, Merge: r.Merge} }
