package kv

import (
	"math"
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
)

// partitioned reports whether the plan has parts.
func (x *selector) partitioned() bool {
	return x.plan.Access == plan.Union || x.plan.Access == plan.Intersect
}

// findParts finds the indexes that parts read, and reports whether there are all
// of them.
func (x *selector) findParts(parts []*plan.Plan, ready func(position int) *index) bool {
	for _, p := range parts {
		switch p.Access {
		case plan.Seek:
			found := ready(p.Index)
			if found == nil {
				return false
			}
			for len(x.indexes) <= p.Index {
				x.indexes = append(x.indexes, nil)
			}
			x.indexes[p.Index] = found
		case plan.Lookup, plan.Scan: // which has deleted rows too
			x.named = true
		default:
			if !x.findParts(p.Parts, ready) {
				return false
			}
		}
	}
	return true
}

// part returns a selector of the keys of a part that has none itself.
func (x *selector) part(p *plan.Plan) *selector {
	part := &selector{ctx: x.ctx, snapshot: x.snapshot, plan: p, reader: x.reader, col: x.col, keysOnly: true, of: p}
	if x.traced {
		x.ran = append(x.ran, part)
	}
	if p.Access == plan.Seek {
		part.index = x.indexes[p.Index]
	}
	if p.Filter {
		part.filter = p.KeyFilter()
	}
	return part
}

// merged visits the rows of a plan that has parts: it reads IDs out of the keys of
// every part, and gets the rows of those that remain in their order.
func (x *selector) merged(visit func() bool) error {
	ids, err := x.gather(x.plan)
	if err != nil {
		return err
	}
	if x.plan.Reverse {
		slices.Reverse(ids)
	}
	most := fetchRows
	if n := x.window(); n >= 0 && x.inOrder() {
		most = min(max(n+1, fewRows), fetchRows)
	}
	more := true
	for chunk := range slices.Chunk(ids, most) {
		if err = x.ctx.Err(); err == nil {
			more, err = x.fetchAll(chunk, visit)
		}
		if err != nil || !more {
			break
		}
	}
	if closing := x.endFetching(); err == nil {
		err = closing
	}
	return err
}

// gather returns the IDs of a part in order, each once.
func (x *selector) gather(p *plan.Plan) ([]event.ID, error) {
	var ids []event.ID
	switch p.Access {
	case plan.Intersect:
		if x.rows != nil && len(p.Parts) > 0 { // to test a row on the heap is quicker
			return x.gather(p.Parts[0])
		}
		return x.intersect(p.Parts)
	case plan.Union:
		for _, part := range p.Parts {
			more, err := x.gather(part)
			if err != nil {
				return nil, err
			}
			ids = append(ids, more...)
		}
	default:
		err := x.part(p).keys(func(id event.ID) bool {
			ids = append(ids, id)
			return true
		})
		if err != nil {
			return nil, err
		}
	}
	return distinct(ids), nil
}

// keysPerRow is how many keys are read in the time in which one row is got.
const keysPerRow = 15

// intersect returns the IDs that parts have in common, or more: it gives up a
// part that has so many keys that getting the rows is quicker.
func (x *selector) intersect(parts []*plan.Plan) ([]event.ID, error) {
	if len(parts) == 0 {
		return nil, nil
	}
	ids, err := x.gather(parts[0])
	for _, p := range parts[1:] {
		if err != nil || len(ids) == 0 {
			break
		}
		if p.Access == plan.Union || p.Access == plan.Intersect {
			var others []event.ID
			if others, err = x.gather(p); err == nil {
				ids = common(ids, others)
			}
			continue
		}
		ids, err = x.part(p).among(ids)
	}
	return ids, err
}

// among returns those of some IDs, which are in order, that the part has; all of
// them if it takes too long to find out.
func (x *selector) among(ids []event.ID) ([]event.ID, error) {
	found := make([]event.ID, 0, len(ids))
	left := keysPerRow * len(ids)
	err := x.keys(func(id event.ID) bool {
		if _, ok := slices.BinarySearchFunc(ids, id, event.ID.Compare); ok {
			found = append(found, id)
		}
		left--
		return left > 0
	})
	if left == 0 {
		return ids, err
	}
	return distinct(found), err
}

// keys visits the IDs of a part that has no parts, until visit returns false.
func (x *selector) keys(visit func(event.ID) bool) error {
	if x.plan.Access == plan.Lookup {
		for _, id := range x.plan.IDs {
			x.visited++
			if (x.filter == nil || x.filter.Match(nil, id)) && !visit(id) {
				return nil
			}
		}
		return nil
	}
	var id event.ID
	prefix := appendStatesPrefix(nil, x.col.number)
	consider := func(_ []byte, it Iterator) (bool, error) {
		id = lastID(it.Key())
		return x.filter == nil || x.filter.Match(nil, id), nil
	}
	if x.index != nil {
		prefix = x.index.prefix
		consider = func(prefix []byte, it Iterator) (ok bool, err error) {
			id, ok = x.passes(prefix, it.Key())
			return ok, nil
		}
	}
	return x.ranges(prefix, consider, func() bool { return visit(id) })
}

// distinct sorts IDs, each once.
func distinct(ids []event.ID) []event.ID {
	slices.SortFunc(ids, event.ID.Compare)
	return slices.Compact(ids)
}

// common returns the IDs that are in both lists, which are in order.
func common(a, b []event.ID) []event.ID {
	both := a[:0]
	for _, id := range a {
		at, ok := slices.BinarySearchFunc(b, id, event.ID.Compare)
		if ok {
			both = append(both, id)
		}
		b = b[at:]
	}
	return both
}

// sortParts makes sure that a table has the order of every index that parts read. It
// has none of words: in an order a row stands once.
func (x *selector) sortParts(t *table) bool {
	for _, i := range x.indexes {
		if i != nil && (i.fullText || x.col.mirror.order(t, x.col.schema, i.position) == nil) {
			return false
		}
	}
	return true
}

// mergedRows visits the rows of a plan that has parts, in the collection's table.
func (x *selector) mergedRows(visit func() bool) error {
	rows, err := x.tableRows(x.plan)
	if err != nil {
		return err
	}
	sortByID(rows)
	rows = slices.CompactFunc(rows, func(a, b *storage.Record) bool { return a == b })
	for i := range rows {
		if x.plan.Reverse {
			i = len(rows) - 1 - i
		}
		if x.resident = rows[i]; !visit() {
			return nil
		}
	}
	return nil
}

// tableRows returns the rows of a part that match, in any order, and perhaps more
// than once. Testing a row on the heap takes no longer than finding it in another
// part, so of an intersection one part is enough.
func (x *selector) tableRows(p *plan.Plan) ([]*storage.Record, error) {
	switch p.Access {
	case plan.Intersect:
		return x.tableRows(x.smallest(p.Parts))
	case plan.Union:
		var rows []*storage.Record
		for _, part := range p.Parts {
			more, err := x.tableRows(part)
			if err != nil {
				return nil, err
			}
			rows = append(rows, more...)
		}
		return rows, nil
	case plan.Lookup:
		var rows []*storage.Record
		for _, id := range p.IDs {
			if r := x.table.ids.find(id); r != nil && x.plan.Query.Match(&r.Row) {
				rows = append(rows, r)
			}
		}
		return rows, nil
	}
	return x.tablePart(p).all()
}

// smallest returns the part of the fewest rows.
func (x *selector) smallest(parts []*plan.Plan) *plan.Plan {
	best, least := &plan.Plan{Access: plan.Union}, math.MaxInt
	for _, p := range parts {
		if n := x.tableSize(p); n < least {
			best, least = p, n
		}
	}
	return best
}

// tablePart returns a selector of the rows of a part in the table, which are tested
// with the whole predicate.
func (x *selector) tablePart(p *plan.Plan) *selector {
	part := x.part(p)
	whole := *p
	whole.Query, whole.Residual = x.plan.Query, true
	part.plan, part.order = &whole, x.orderFor(p)
	return part
}

// orderFor returns the order of the table that a part reads.
func (x *selector) orderFor(p *plan.Plan) *order {
	if p.Access != plan.Seek {
		return x.table.ids
	}
	return x.table.order(x.col.schema, x.indexes[p.Index].position)
}

// tableSize is how many rows a part has in the table, at most.
func (x *selector) tableSize(p *plan.Plan) (n int) {
	switch p.Access {
	case plan.Lookup:
		return len(p.IDs)
	case plan.Union, plan.Intersect:
		for _, part := range p.Parts {
			n += x.tableSize(part)
		}
		return n
	}
	return x.orderFor(p).count(p.Ranges)
}
