package reactor

import (
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// A Source reads what queries that follow references need: all of the moment right after a publication's
// commit. It is called from Publish with no lock held.
type Source interface {
	query.Lookup
	// Referrers returns the entities of a schema that are not deleted and whose reference in a column
	// leads to an entity.
	Referrers(s *model.Schema, column int, to event.ID) ([]*storage.Record, error)
}

// joiner is a collection with queries that join, as it was when a publication came.
type joiner struct {
	in    *collection
	slots []slot
	// What the publication is to these queries, with rows that are joined.
	changes []Change
	err     error
}

// joiners returns the collections whose queries may have to do with a publication through references.
// Needs the lock.
func (r *Reactor) joiners(p *Publication) []joiner {
	var all []joiner
	for _, c := range r.collections {
		if c.joining == nil {
			continue
		}
		j := joiner{in: c, slots: append([]slot(nil), c.joining.slots...)}
		if j.concerns(p) {
			all = append(all, j)
		}
	}
	return all
}

// concerns reports whether a publication changes rows of the collection, or of one that it follows to.
func (j *joiner) concerns(p *Publication) bool {
	known := map[string]bool{j.in.schema.Collection(): true}
	for i := range j.slots {
		for _, s := range j.slots[i].steps {
			known[s.schema.Collection()] = true
		}
	}
	for i := range p.Changes {
		if known[p.Changes[i].Collection] {
			return true
		}
	}
	return false
}

// resolve joins the rows that the publication changes, and those that refer to what it changes. It holds
// no lock.
func (j *joiner) resolve(p *Publication) {
	if p.Source == nil {
		j.err = errNoSource
		return
	}
	earlier := earlier{source: p.Source, changes: make(map[event.ID]*Change, len(p.Changes))}
	for i := range p.Changes {
		earlier.changes[p.Changes[i].ID] = &p.Changes[i]
	}
	for i := range p.Changes {
		if ch := &p.Changes[i]; ch.Collection == j.in.schema.Collection() {
			j.add(p.Source, &earlier, ch)
		}
	}
	known := map[event.ID]bool{}
	for i := range p.Changes {
		for _, x := range j.referrers(p.Source, &p.Changes[i]) {
			id := x.Row.ID
			if ch := earlier.changes[id]; known[id] || ch != nil && ch.Collection == j.in.schema.Collection() {
				continue
			}
			known[id] = true
			j.add(p.Source, &earlier, &Change{Collection: x.Collection, ID: id, Before: x, After: x})
		}
	}
}

// add joins both sides of a change.
func (j *joiner) add(now query.Lookup, before *earlier, ch *Change) {
	joined := *ch
	joined.Before = j.join(before, ch.Before)
	joined.After = j.join(now, ch.After)
	j.changes = append(j.changes, joined)
}

// join joins a record for all slots.
func (j *joiner) join(l query.Lookup, x *storage.Record) *storage.Record {
	if x == nil || j.err != nil {
		return x
	}
	values := make([]model.Value, len(j.slots))
	for i := range j.slots {
		if j.slots[i].users > 0 {
			values[i] = j.value(l, &j.slots[i], &x.Row)
		}
	}
	return joinedRecord(x, values)
}

// value follows the references of a slot.
func (j *joiner) value(l query.Lookup, s *slot, row *model.Row) model.Value {
	schema := j.in.schema
	for _, next := range s.steps {
		to := schema.Value(row, next.column).ID()
		if to.IsZero() {
			return model.Null
		}
		var err error
		if row, err = l.Row(next.schema, to); err != nil {
			j.err = err
			return model.Null
		}
		if row == nil || row.Deleted {
			return model.Null
		}
		schema = next.schema
	}
	return schema.Value(row, s.column)
}

// referrers returns the rows of the collection that are joined with an entity, if the change of it is one
// that a slot sees.
func (j *joiner) referrers(source Source, ch *Change) []*storage.Record {
	var all []*storage.Record
	for i := range j.slots {
		s := &j.slots[i]
		for n, at := range s.steps {
			if at.schema.Collection() != ch.Collection || j.repeated(i, n) {
				continue
			}
			if j.sees(s.steps[:n+1], ch) {
				all = append(all, j.follow(source, s.steps[:n+1], ch.ID)...)
			}
		}
	}
	return all
}

// repeated reports whether an earlier slot has the same first steps.
func (j *joiner) repeated(slot, last int) bool {
	for i := range slot {
		if begins(j.slots[i].steps, j.slots[slot].steps[:last+1]) {
			return true
		}
	}
	return false
}

func begins(steps, with []step) bool {
	if len(steps) < len(with) {
		return false
	}
	for i := range with {
		if steps[i].column != with[i].column {
			return false
		}
	}
	return true
}

// sees reports whether a slot whose path begins with some steps looks at what a change did to the entity
// at their end.
func (j *joiner) sees(steps []step, ch *Change) bool {
	before, after := present(ch.Before), present(ch.After)
	if before == nil || after == nil {
		return before != after
	}
	schema := steps[len(steps)-1].schema
	for i := range j.slots {
		s := &j.slots[i]
		if !begins(s.steps, steps) {
			continue
		}
		column := s.column
		if len(s.steps) > len(steps) {
			column = s.steps[len(steps)].column
		}
		if schema.Value(before, column) != schema.Value(after, column) {
			return true
		}
	}
	return false
}

func present(x *storage.Record) *model.Row {
	if x == nil || x.Row.Deleted {
		return nil
	}
	return &x.Row
}

// follow goes back the way of the references to the rows of the collection.
func (j *joiner) follow(source Source, steps []step, to event.ID) []*storage.Record {
	last := len(steps) - 1
	schema := j.in.schema
	if last > 0 {
		schema = steps[last-1].schema
	}
	found, err := source.Referrers(schema, steps[last].column, to)
	if err != nil {
		j.err = err
		return nil
	}
	if last == 0 {
		return found
	}
	var all []*storage.Record
	for _, x := range found {
		all = append(all, j.follow(source, steps[:last], x.Row.ID)...)
	}
	return all
}

// earlier looks entities up as they were before a publication.
type earlier struct {
	source  query.Lookup
	changes map[event.ID]*Change
}

// Row implements [query.Lookup].
func (e *earlier) Row(s *model.Schema, id event.ID) (*model.Row, error) {
	if ch := e.changes[id]; ch != nil && ch.Collection == s.Collection() {
		if ch.Before == nil {
			return nil, nil
		}
		return &ch.Before.Row, nil
	}
	return e.source.Row(s, id)
}

// takeJoined applies a publication to the queries that join. Needs the lock.
func (r *Reactor) takeJoined(p *Publication, j *joiner) {
	c := j.in
	if c.joining == nil { // the last one has ended meanwhile
		return
	}
	if j.err != nil {
		for _, st := range c.queries {
			if st.joins() != nil {
				st.res.fail(j.err)
			}
		}
		return
	}
	pairs := map[*standing][]pair{}
	for i := range j.changes {
		m := c.matchJoined(&j.changes[i])
		for _, st := range m.found {
			if one, ok := m.joinedPair(st); ok {
				pairs[st] = append(pairs[st], one)
			}
		}
	}
	for st, all := range pairs {
		if !r.has(st, p.Position) {
			r.apply(p, st, all)
		}
	}
}

// has reports whether a result has a publication already. While rows were joined it may have been filled
// from a snapshot that has the commit.
func (r *Reactor) has(st *standing, position any) bool {
	return slices.ContainsFunc(r.early, func(e early) bool { return e.st == st && e.covered(position) })
}
