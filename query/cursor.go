package query

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/fnv"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
)

// MaxCursor is the greatest number of bytes of a cursor's text.
const MaxCursor = 1 << 19

// Cursor is a place in the order of a query: right behind a row. A query that
// says AFTER it, or is given it by [Query.Begin], has the rows that come then, whatever
// has come, gone or changed in between: no row is skipped or shown twice because
// others moved. The zero Cursor is the beginning.
//
// Its text is opaque, and safe in URLs. It names the values of the row in the
// columns of ORDER BY, so it tells no more than the row did, but it is not secret
// and not signed: who makes one up asks for another place, no other rows.
type Cursor struct {
	order  uint64 // identifies the collection and the order
	values []model.Value
	id     event.ID
}

// IsZero reports whether the cursor is the beginning.
func (c Cursor) IsZero() bool { return c.id.IsZero() && c.values == nil }

const cursorVersion = 1

// String returns the cursor's text, empty for the beginning.
func (c Cursor) String() string {
	if c.IsZero() {
		return ""
	}
	b := binary.BigEndian.AppendUint64([]byte{cursorVersion}, c.order)
	b = append(b, c.id[:]...)
	for _, v := range c.values {
		encoded := v.AppendTo(nil)
		b = append(binary.AppendUvarint(b, uint64(len(encoded))), encoded...)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

var errCursor = errors.New("that is no cursor")

// ParseCursor reads the text of a cursor.
func ParseCursor(text string) (Cursor, error) {
	if text == "" {
		return Cursor{}, nil
	}
	if len(text) > MaxCursor {
		return Cursor{}, errCursor
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	var c Cursor
	head := 1 + 8 + len(c.id)
	if err != nil || len(b) < head || b[0] != cursorVersion {
		return Cursor{}, errCursor
	}
	c.order = binary.BigEndian.Uint64(b[1:])
	copy(c.id[:], b[9:])
	for rest := b[head:]; len(rest) > 0; {
		size, n := binary.Uvarint(rest)
		if n <= 0 || size > uint64(len(rest)-n) || len(c.values) == MaxKeys {
			return Cursor{}, errCursor
		}
		rest = rest[n:]
		v, err := model.DecodeValue(rest[:size])
		if err != nil || v.Validate() != nil {
			return Cursor{}, errCursor
		}
		c.values = append(c.values, v)
		rest = rest[size:]
	}
	return c, nil
}

// Cursor returns the place right behind a row of the query's schema, joined if the
// query joins.
func (c *Checked) Cursor(r *model.Row) Cursor {
	cursor := Cursor{order: c.orderMark(), id: r.ID}
	for i := range c.order {
		cursor.values = append(cursor.values, c.order[i].Value(c.schema, r))
	}
	return cursor
}

// Begin returns the query for the rows behind a place. What it has of AFTER is
// replaced.
func (q *Query) Begin(c Cursor) *Query {
	behind := *q
	behind.After = nil
	if !c.IsZero() {
		behind.After = &LiteralExpr{Value: model.OfString(c.String())}
	}
	return &behind
}

func (c *Checked) cursorOf(a After) Cursor {
	return Cursor{order: c.orderMark(), values: a.Values, id: a.ID}
}

// orderMark identifies what cursors of the query are places in.
func (c *Checked) orderMark() uint64 {
	h := fnv.New64a()
	h.Write([]byte(c.schema.Collection() + " " + (&Query{Order: c.space.terms(c.order)}).String()))
	return h.Sum64()
}

// after checks AFTER, and adds what it demands to the predicate.
func (k *checker) after(e Expr, c *Checked) {
	if e == nil {
		return
	}
	if c.grouping != nil {
		k.fail(Mismatch, e.Span(), "AFTER goes through entities, not through groups")
		return
	}
	o, ok := k.operand(e)
	if !ok {
		return
	}
	if o.typ != model.TypeString {
		k.fail(Mismatch, e.Span(), o.describe()+" and no cursor")
		return
	}
	cursor, err := ParseCursor(o.value.Text())
	switch {
	case err != nil:
		k.fail(Mismatch, e.Span(), err.Error())
		return
	case cursor.IsZero():
		return
	case cursor.order != c.orderMark() || !k.fits(cursor.values, c.order):
		k.fail(Mismatch, e.Span(), "the cursor is a place in another order")
		return
	}
	c.where = allOf([]Condition{c.where, After{Keys: c.order, Values: cursor.values, ID: cursor.id}})
}

// fits reports whether values are of the types of the order's columns.
func (k *checker) fits(values []model.Value, keys []OrderKey) bool {
	if len(values) != len(keys) {
		return false
	}
	for i, v := range values {
		f := k.space.field(keys[i].Column)
		switch {
		case v.IsNull(), f.Type == model.TypeJSON:
		case kindOf(v.Type()) != kindOf(f.Type):
			return false
		}
	}
	return true
}

// withoutAfter takes the After out of a predicate.
func withoutAfter(c Condition) (rest Condition, after After, found bool) {
	switch n := c.(type) {
	case After:
		return Const(true), n, true
	case And:
		var others []Condition
		for _, t := range n {
			if a, ok := t.(After); ok {
				after, found = a, true
			} else {
				others = append(others, t)
			}
		}
		if found {
			return allOf(others), after, true
		}
	}
	return c, after, false
}

// place is how a row comes after a place in an order.
type place struct{ After }

func (p place) row(s *model.Schema, r *model.Row) bool {
	return p.compare(reader{schema: s, row: r}, r.ID)
}

func (p place) source(src Source) bool {
	return p.compare(reader{source: src}, src.Value(model.ColumnID).ID())
}

func (p place) compare(r reader, id event.ID) bool {
	for i := range p.Keys {
		k := &p.Keys[i]
		if d := k.CompareValues(k.read(r), p.Values[i]); d != 0 {
			return d > 0
		}
	}
	return id.Compare(p.ID) > 0
}

// read returns the value of the key's column.
func (k *OrderKey) read(r reader) model.Value {
	if k.scalar != nil {
		return k.scalar.value(r)
	}
	return at(r.column(k.Column), k.Path)
}

// asOf checks AS OF.
func (k *checker) asOf(e Expr) *AsOf {
	if e == nil {
		return nil
	}
	o, ok := k.operand(e)
	if !ok {
		return nil
	}
	if o.column == nil {
		switch o.typ {
		case model.TypeTime:
			return &AsOf{Time: o.value.Time()}
		case model.TypeID:
			return &AsOf{Tx: o.value.ID()}
		case model.TypeString:
			if id, err := event.ParseID(o.value.Text()); err == nil && !id.IsZero() {
				return &AsOf{Tx: id}
			}
			moment := model.Field{Type: model.TypeTime}
			if v, _, err := model.Convert(o.value, &moment); err == nil {
				return &AsOf{Time: v.Time()}
			}
		}
	}
	k.fail(Mismatch, e.Span(), o.describe()+"; AS OF needs a time, or the ID of a transaction")
	return nil
}

func (a *AsOf) value() model.Value {
	if !a.Tx.IsZero() {
		return model.OfID(a.Tx)
	}
	return model.OfTime(a.Time)
}
