package mergetest

import (
	"encoding/binary"
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
)

// A chooser is where all randomness comes from.
type chooser interface {
	// pick returns a number in [0, n).
	pick(n int) int
}

// generate draws a history.
func generate(c chooser) *History {
	g := generator{c: c, taken: make(map[event.ID]bool), wall: 1_800_000_000_000}
	g.h.Collection = "things"
	for range 1 + c.pick(4) {
		g.writers = append(g.writers, writer{skew: int64(c.pick(3)-1) * 50})
	}
	g.create()
	for range c.pick(24) {
		g.step()
	}
	if c.pick(2) == 0 {
		g.twins()
	}
	if c.pick(2) == 0 {
		g.erase()
	}
	slices.SortFunc(g.h.Events, func(a, b *event.Event) int { return a.ID.Compare(b.ID) })
	return &g.h
}

type generator struct {
	c       chooser
	h       History // Events in the order they were made, at first
	writers []writer
	taken   map[event.ID]bool
	wall    int64 // milliseconds
	salt    uint64
}

// writer is somebody who makes events: what it saw, by position in the history,
// and how far its clock is off, in milliseconds.
type writer struct {
	skew int64
	seen []bool
}

func (w *writer) see(i int) {
	for len(w.seen) <= i {
		w.seen = append(w.seen, false)
	}
	w.seen[i] = true
}

func (w *writer) saw(i int) bool { return i < len(w.seen) && w.seen[i] }

// create makes the creation event, which everybody has seen.
func (g *generator) create() {
	id := g.mint(g.wall, nil)
	g.h.Entity = id
	g.add(&event.Event{ID: id, Ops: g.ops(event.Head{})})
	for i := range g.writers {
		g.writers[i].see(0)
	}
}

func (g *generator) add(e *event.Event) {
	e.Collection, e.Entity, e.Salt = g.h.Collection, g.h.Entity, g.nextSalt()
	g.h.Events = append(g.h.Events, e)
}

// nextSalt keeps twins with equal operations apart.
func (g *generator) nextSalt() (s event.Salt) {
	g.salt++
	binary.BigEndian.PutUint64(s[:], g.salt)
	return s
}

// step lets a writer write, or learn from another one.
func (g *generator) step() {
	g.wall += int64(g.c.pick(20))
	w := &g.writers[g.c.pick(len(g.writers))]
	switch g.c.pick(6) {
	case 0: // learn everything
		w.learn(&g.writers[g.c.pick(len(g.writers))])
	case 1: // learn the past of one event
		from := &g.writers[g.c.pick(len(g.writers))]
		if i := g.c.pick(len(g.h.Events)); from.saw(i) {
			g.learnPast(w, i)
		}
	case 2: // write on a head that is no longer the head: a fork taken earlier
		g.write(w, 1+g.c.pick(len(g.h.Events)))
	default:
		g.write(w, len(g.h.Events))
	}
}

// learn shows w all that from has seen.
func (w *writer) learn(from *writer) {
	for i, saw := range from.seen {
		if saw {
			w.see(i)
		}
	}
}

// learnPast shows w event i and its ancestors.
func (g *generator) learnPast(w *writer, i int) {
	w.see(i)
	for _, p := range g.h.Events[i].Precursors {
		j := slices.IndexFunc(g.h.Events, func(e *event.Event) bool { return e.ID == p })
		g.learnPast(w, j)
	}
}

// write makes an event on the head of what w saw among the first limit events.
// Its ID is above everything that w saw: C1.
func (g *generator) write(w *writer, limit int) {
	var seen, forked []*event.Event
	for i, e := range g.h.Events {
		if w.saw(i) {
			seen = append(seen, e)
			if i < limit {
				forked = append(forked, e)
			}
		}
	}
	e := &event.Event{ID: g.mint(g.wall+w.skew, seen), Precursors: headOf(forked), Ops: g.ops(event.Head{g.h.Entity})}
	g.add(e)
	w.see(len(g.h.Events) - 1)
}

// mint returns an unused ID that is above all events seen.
func (g *generator) mint(millis int64, seen []*event.Event) event.ID {
	var floor event.ID
	for _, e := range seen {
		if floor.Less(e.ID) {
			floor = e.ID
		}
	}
	var t event.ID
	binary.BigEndian.PutUint64(t[:], uint64(millis)<<16)
	if !floor.Less(t) {
		t = floor.Transaction()
	}
	for {
		high, low := binary.BigEndian.Uint64(t[:8]), binary.BigEndian.Uint64(t[8:])
		next := low + uint64(1+g.c.pick(5))<<20
		if next < low {
			high++
		}
		binary.BigEndian.PutUint64(t[:8], high)
		binary.BigEndian.PutUint64(t[8:], next)
		if id := t.Update(1 + g.c.pick(3)); !g.taken[t] {
			g.taken[t] = true
			return id
		}
	}
}

// headOf returns the events that no other one names as its precursor.
func headOf(events []*event.Event) event.Head {
	var ids []event.ID
	for _, e := range events {
		named := func(other *event.Event) bool { return other.Precursors.Contains(e.ID) }
		if !slices.ContainsFunc(events, named) {
			ids = append(ids, e.ID)
		}
	}
	return event.NewHead(ids...)
}

var fieldNames = []string{"title", "year", "doc", "former", "nobody_knows", "z"}

// ops draws the operations of an event: none, in a join. Operations that name
// their field head name this one.
func (g *generator) ops(fieldHead event.Head) []event.Operation {
	var ops []event.Operation
	for range g.c.pick(4) {
		ops = append(ops, g.op(fieldHead))
	}
	return ops
}

func (g *generator) op(fieldHead event.Head) event.Operation {
	field := fieldNames[g.c.pick(len(fieldNames))]
	switch g.c.pick(12) {
	case 0, 1:
		return event.Operation{Kind: event.OpDelete}
	case 2:
		return event.Operation{Kind: event.OpUndelete}
	case 3: // a kind that nobody knows
		return event.Operation{Kind: 77, Field: field, FieldHead: fieldHead, Value: g.value()}
	case 4: // a path that nobody knows
		return event.Operation{Kind: event.OpSet, Field: field, Path: "a.b", Value: g.value()}
	case 5: // a value that nobody knows
		return event.Operation{Kind: event.OpSet, Field: field, Value: []byte{0xee, byte(g.c.pick(3))}}
	case 6: // known kinds in the wrong place
		return []event.Operation{
			{Kind: event.OpDelete, Field: field},
			{Kind: event.OpSet, Value: g.value()},
			{Kind: event.OpUndelete, Path: "a"},
		}[g.c.pick(3)]
	}
	return event.Operation{Kind: event.OpSet, Field: field, Value: g.value()}
}

func (g *generator) value() []byte {
	n := g.c.pick(100)
	values := []model.Value{
		{},
		model.OfBool(n < 50), model.OfInt(int64(n) - 50), model.OfUint(uint64(n)), model.OfFloat(float64(n) / 4),
		model.OfString(string(rune('a' + n%26))), model.OfBytes([]byte{byte(n)}), document(n),
	}
	return values[g.c.pick(len(values))].AppendTo(nil)
}

// document returns a JSON value.
func document(n int) model.Value {
	j, err := model.JSONOf(map[string]any{"n": n})
	if err != nil {
		return model.Value{}
	}
	return model.OfJSON(j)
}

// twins makes other events with IDs that are taken. A twin may have other
// precursors than the event.
func (g *generator) twins() {
	for range 1 + g.c.pick(3) {
		e := *g.h.Events[g.c.pick(len(g.h.Events))]
		fieldHead := event.Head{}
		if !e.IsCreation() {
			fieldHead = event.Head{g.h.Entity}
		}
		e.Ops, e.Salt = g.ops(fieldHead), g.nextSalt()
		if n := len(e.Precursors); n > 1 && g.c.pick(2) == 0 {
			e.Precursors = e.Precursors[:n-1]
		} else if n > 0 && g.c.pick(2) == 0 {
			e.Precursors = event.Head{g.h.Entity}
		}
		g.h.Twins = append(g.h.Twins, &e)
	}
}

// erase makes copies that lack a value.
func (g *generator) erase() {
	all := g.h.All()
	for range 1 + g.c.pick(3) {
		e := all[g.c.pick(len(all))]
		if len(e.Ops) == 0 {
			continue
		}
		if erased := e.Erase(g.c.pick(len(e.Ops))); erased != e {
			g.h.Erased = append(g.h.Erased, erased)
		}
	}
}
