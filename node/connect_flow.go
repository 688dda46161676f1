package node

import (
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node/wire"
)

// grantAfter is how much of an answer is taken in, in bytes, before the peer is given
// credit for as much.
const grantAfter = wire.Window / 4

// took notes that a part of an answer was taken in, which lets the peer send more.
func (l *line) took(m wire.Message, size int) {
	var request uint64
	switch m := m.(type) {
	case *wire.Rows:
		request = m.Request
	case *wire.Events:
		request = m.Request
	default:
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.asked[request] == nil && l.calls[request] == nil {
		return // it is over, or takes no credit
	}
	before := l.taken[request]
	l.taken[request] = before + uint64(size)
	if before < grantAfter && l.taken[request] >= grantAfter {
		l.due = append(l.due, request)
		l.nudge()
	}
}

// grant gives the peer the credit that is due. The writer calls it.
func (l *line) grant() error {
	l.mu.Lock()
	due := l.due
	l.due = nil
	credits := make([]wire.Credit, 0, len(due))
	for _, request := range due {
		if n := l.taken[request]; n > 0 { // else it is over
			credits = append(credits, wire.Credit{Request: request, Bytes: n})
			delete(l.taken, request)
		}
	}
	l.mu.Unlock()
	for i := range credits {
		if err := l.send(&credits[i]); err != nil {
			return err
		}
	}
	return nil
}

// whole puts the parts of a result, or of a change of one, together. What a later one
// says of an entity counts.
func whole(parts []*wire.Rows) *wire.Rows {
	m := parts[len(parts)-1]
	if len(parts) == 1 {
		return m
	}
	count := 0
	for _, part := range parts {
		count += len(part.Rows)
	}
	all := *m
	all.Rows, all.Departures = make([]wire.Row, 0, count), nil
	counts := func(event.ID, int) bool { return true }
	if !ascending(parts) {
		counts = lastWords(parts)
	}
	for i, part := range parts {
		for _, row := range part.Rows {
			if counts(row.Row.ID, i) {
				all.Rows = append(all.Rows, row)
			}
		}
		for _, d := range part.Departures {
			if counts(d.ID, i) {
				all.Departures = append(all.Departures, d)
			}
		}
	}
	return &all
}

// ascending reports whether there are but rows, in the order of their IDs, so that no entity
// occurs twice.
func ascending(parts []*wire.Rows) bool {
	var last event.ID
	for _, part := range parts {
		if len(part.Departures) > 0 {
			return false
		}
		for i := range part.Rows {
			if id := part.Rows[i].Row.ID; last.Less(id) {
				last = id
			} else {
				return false
			}
		}
	}
	return true
}

// lastWords returns a function that tells whether a part is the one that counts for an entity.
func lastWords(parts []*wire.Rows) func(id event.ID, part int) bool {
	last := make(map[event.ID]int)
	for i, part := range parts {
		for j := range part.Rows {
			last[part.Rows[j].Row.ID] = i
		}
		for j := range part.Departures {
			last[part.Departures[j].ID] = i
		}
	}
	return func(id event.ID, part int) bool { return last[id] == part }
}
