package reactor

import (
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
)

// differ names the columns in which two records of a row differ.
type differ interface {
	fields(before, after *storage.Record) []string
}

// entities is the differ for entities of a schema.
type entities struct{ schema *model.Schema }

func (e entities) fields(before, after *storage.Record) []string {
	was, now := newView(e.schema), newView(e.schema)
	was.show(&before.Row)
	now.show(&after.Row)
	return changedFields(e.schema.Names()[:len(e.schema.Fields())], &was, &now)
}

// coalesce joins change sets that follow one another into one that leads from the list before the first
// to the list after the last.
func coalesce(differ differ, sets []*ChangeSet) *ChangeSet {
	last := sets[len(sets)-1]
	joined := &ChangeSet{Position: last.Position, Changes: last.Changes}
	for i := len(sets) - 2; i >= 0; i-- { // the first ones tend to be the largest
		joined.Changes = compose(differ, sets[i].Changes, joined.Changes)
	}
	return joined
}

// compose joins two change sets. Added and Removed cancel each other, Removed and Added make a Moved;
// a row that only one of them mentions has its other index computed from how the rest shifted.
func compose(differ differ, first, second []RowChange) []RowChange {
	one, two := shiftOf(first), shiftOf(second)
	known := make(map[event.ID]int, len(first))
	for i := range first {
		known[first[i].ID()] = i
	}
	joined := make([]RowChange, 0, len(first)+len(second))
	for i := range second {
		c := second[i]
		at, ok := known[c.ID()]
		if !ok {
			if c.OldIndex >= 0 {
				c.OldIndex = one.back(c.OldIndex)
			}
			joined = append(joined, c)
			continue
		}
		delete(known, c.ID())
		if c, ok := join(differ, &first[at], c); ok {
			joined = append(joined, c)
		}
	}
	for _, at := range known {
		c := first[at]
		if c.Index >= 0 {
			c.Index = two.forward(c.Index)
		}
		joined = append(joined, c)
	}
	sortChanges(joined)
	return joined
}

// join makes one change of two of a row; there may be nothing left of them.
func join(differ differ, first *RowChange, c RowChange) (RowChange, bool) {
	c.OldIndex, c.Before = first.OldIndex, first.Before
	switch {
	case c.OldIndex < 0 && c.Index < 0:
		return c, false
	case c.OldIndex < 0:
		c.Kind, c.Fields = Added, nil
	case c.Index < 0:
		// It is Removed, for the reason that the second gives.
	default:
		if first.Kind != Updated || c.Kind != Updated {
			c.Kind = Moved
		} else if same(c.Before, c.Record) {
			return c, false
		}
		c.Fields = differ.fields(c.Before, c.Record)
	}
	return c, true
}

// shiftOf says how the rows that a change set leaves alone shift. An updated row is taken out and put
// back, which for the others makes no difference.
func shiftOf(changes []RowChange) *shift {
	var s shift
	for i := range changes {
		if c := &changes[i]; c.OldIndex >= 0 {
			s.out = append(s.out, c.OldIndex)
		}
		if c := &changes[i]; c.Index >= 0 {
			s.in = append(s.in, c.Index)
		}
	}
	s.sort()
	return &s
}

// changedFields names the fields in which two rows differ. If these stand side by side in the schema, as
// a single one does, the answer is a part of names.
func changedFields(names []string, before, after *view) []string {
	var list []string
	from, to := 0, 0 // what list holds, as long as it is nil
	for i := range names {
		switch {
		case before.Value(i) == after.Value(i):
		case list != nil:
			list = append(list, names[i])
		case from == to:
			from, to = i, i+1
		case to == i:
			to++
		default:
			list = append(append(list, names[from:to]...), names[i])
		}
	}
	if list != nil {
		return list
	}
	return names[from:to:to]
}
