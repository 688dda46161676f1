package node

import (
	"errors"
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node/reactor"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
)

// news is the difference between what a peer knows of a result and what it is.
type news struct {
	sub    *subscription
	reset  bool
	items  []item           // in the order in which they are sent; no entity is twice among those that are not sent
	sent   int              // items
	places map[event.ID]int // of entities in items, of which the latest counts; nil as long as nobody needs it
	begun  bool             // a part has been sent
	limit  int              // of items sent, before no more is added
	resize bool             // it may have changed how much is held for the subscription

	amends *amendment // what it is beside, if it is no change; else nil
}

// item is what became of an entity: a row of the result, new or changed, or how it left.
type item struct {
	row  *storage.Record
	gone *reactor.RowChange // if there is no row
}

func (i *item) id() event.ID {
	if i.row != nil {
		return i.row.Row.ID
	}
	return i.gone.ID()
}

// gather takes everything from the reactor, and adds it to what is not sent yet. It returns
// nil if there is nothing to be sent.
func (sub *subscription) gather() *news {
	n := sub.late
	if n != nil && n.full() {
		return n
	}
	for set, more := sub.sub.Next(); more; set, more = sub.sub.Next() {
		sub.reach(set.Position)
		if !set.Initial && len(set.Changes) == 0 {
			continue
		}
		if n == nil {
			n = &news{sub: sub}
		}
		n.reset, n.resize = n.reset || set.Initial, n.resize || set.Initial
		n.take(set.Changes)
	}
	return n
}

// take adds changes, each of another entity.
func (n *news) take(changes []reactor.RowChange) {
	if n.sent < len(n.items) && n.places == nil {
		n.places = make(map[event.ID]int, len(n.items)-n.sent+len(changes))
		for i := n.sent; i < len(n.items); i++ {
			n.places[n.items[i].id()] = i
		}
	}
	n.items = slices.Grow(n.items, len(changes))
	for i := range changes {
		c := &changes[i]
		n.amends.follow(c)
		n.resize = n.resize || c.Kind == reactor.Added || c.Kind == reactor.Removed
		if c.Kind == reactor.Removed {
			n.put(item{gone: c})
		} else {
			n.put(item{row: c.Record})
		}
	}
}

// put adds an item, in the place of one of the same entity that is not sent yet.
func (n *news) put(i item) {
	if n.places != nil {
		id := i.id()
		if at, ok := n.places[id]; ok && at >= n.sent {
			n.items[at] = i
			return
		}
		n.places[id] = len(n.items)
	}
	n.items = append(n.items, i)
}

// send sends it.
func (n *news) send() (done bool, err error) {
	s, question := n.sub.server, n.sub.question
	reader := lateReader{server: s, denied: errors.Is(n.sub.sub.Err(), ErrDenied), afresh: n.full()}
	defer reader.close()
	parts := newParts(&wire.Rows{Request: question.Request, Reset: n.reset, Cursor: n.sub.cursor, Expected: n.expected()}, n.sendPart)
	for ; n.sent < len(n.items); n.sent++ {
		added, err := n.write(parts, &reader, &n.items[n.sent])
		if err != nil {
			return false, err
		}
		if !added {
			n.sub.saw(&reader)
			return false, n.stall(parts)
		}
		n.items[n.sent] = item{}
	}
	n.sub.saw(&reader)
	n.amends.sign(parts.next)
	return true, parts.end()
}

// saw notes how new what was read for the peer may be.
func (sub *subscription) saw(reader *lateReader) {
	if reader.snapshot != nil {
		sub.read = reader.snapshot.Cursor()
	}
}

// write adds what became of an entity to what is being sent. It reports false if there is
// no credit for it.
func (n *news) write(parts *parts, reader *lateReader, i *item) (bool, error) {
	if shown := i.row; shown != nil {
		r, err := reader.whole(shown)
		if err != nil {
			return false, err
		}
		if ok, err := n.room(parts, r.Size()); !ok {
			return false, err
		}
		n.amends.hasten(shown, r)
		return true, parts.row(r)
	}
	if n.reset && !n.begun {
		return true, nil
	}
	d, err := reader.departure(i.gone)
	if err != nil {
		return false, err
	}
	if ok, err := n.room(parts, departureSize(&d)); !ok {
		return false, err
	}
	return true, parts.departure(d)
}
