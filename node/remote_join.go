package node

import (
	"fmt"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
)

// Rows of a query that follows references come from the peer joined. What is
// pending here may change what they are joined with: an entity that refers to
// another one now, or one that is referred to. Then the references are followed
// here, as far as what they lead to is held; what is not keeps the value that the
// peer has told.

// admitJoined gives a row what the peer joined to it, or tells of the group that it
// is, if that is as many values as the query has of them.
func (l *remote) admitJoined(r *storage.Record, joined *[]model.Value) error {
	want := len(l.query.Joined())
	if l.groups != nil {
		want = len(l.groups.Grouping().Keys()) + len(l.groups.Grouping().Aggregates())
	}
	got := 0
	if joined != nil {
		got = len(*joined)
	}
	if got != want {
		return &RefusedError{Code: wire.CodeProtocol, Text: fmt.Sprintf("a row with %d joined values, where the query has %d", got, want)}
	}
	r.Row.Joined = joined
	return nil
}

// looksAt reports whether entities that have changed may be among those that the
// query's references lead to.
func (l *remote) looksAt(changed map[string][]event.ID) bool {
	for _, f := range l.query.Follows() {
		if len(changed[f.Schema.Collection()]) > 0 {
			return true
		}
	}
	return false
}

// confirmed is a row that the peer has told, nil if it is not in the result with
// what is pending elsewhere.
func (l *remote) confirmed(id event.ID) *storage.Record {
	r := l.base[id]
	if r == nil || !l.elsewhere() {
		return r
	}
	if r = l.joined(r); !l.query.Match(&r.Row) {
		return nil
	}
	return r
}

// elsewhere reports whether entities have pending changes to which the query's
// references may lead.
func (l *remote) elsewhere() bool {
	for _, f := range l.query.Follows() {
		for key := range l.owner.outbox.touched {
			if key.Collection == f.Schema.Collection() {
				return true
			}
		}
	}
	return false
}

// joined returns a record as the query sees it.
func (l *remote) joined(x *storage.Record) *storage.Record {
	if len(l.query.Joined()) == 0 {
		return x
	}
	base := l.base[x.Row.ID]
	values := make([]model.Value, len(l.query.Joined()))
	for i := range values {
		v, sure := l.follow(i, x, base)
		if !sure && base != nil && base.Row.Joined != nil {
			v = (*base.Row.Joined)[i]
		}
		values[i] = v
	}
	row := x.Row
	row.Joined = &values
	return storage.WithRow(x, &row)
}

// follow returns a joined value as it is found here. It is sure if the peer's word
// is not better: where the references differ from those that the peer knew, or
// lead to what is pending.
func (l *remote) follow(joined int, x, base *storage.Record) (v model.Value, sure bool) {
	of, follows := l.query.Joined()[joined], l.query.Follows()
	var way []int
	for f := of.Follow; f >= 0; f = follows[f].From {
		way = append(way, f)
	}
	schema, row := l.query.Schema(), &x.Row
	for n := len(way) - 1; n >= 0; n-- {
		f := follows[way[n]]
		to := schema.Value(row, f.Column)
		if n == len(way)-1 {
			sure = base == nil || schema.Value(&base.Row, f.Column) != to
		}
		if to.ID().IsZero() {
			return model.Null, sure
		}
		held, pending := l.heldOf(f.Schema, to.ID())
		sure = sure || pending
		switch {
		case held == nil:
			return model.Null, base == nil
		case held.Row.Deleted:
			return model.Null, sure
		}
		schema, row = f.Schema, &held.Row
	}
	return schema.Value(row, of.Column), sure
}

// heldOf returns what is shown here of an entity, nil if nothing is held, and
// whether it has pending changes. It needs the keeper's token.
func (l *remote) heldOf(m *model.Schema, id event.ID) (r *storage.Record, pending bool) {
	if t := l.owner.outbox.touched[entity.Key{Collection: m.Collection(), ID: id}]; t != nil && t.shown != nil {
		return t.shown, true
	}
	r, err := l.owner.confirmed(l.owner.ctx, m.Collection(), id)
	if err != nil {
		return nil, false
	}
	return r, false
}

// unjoined returns records without what they are joined with, to be kept.
func unjoined(records []*storage.Record) []*storage.Record {
	kept := make([]*storage.Record, len(records))
	for i, r := range records {
		if kept[i] = r; r.Row.Joined != nil {
			row := r.Row
			row.Joined = nil
			kept[i] = storage.WithRow(r, &row)
		}
	}
	return kept
}
