package node

import (
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node/reactor"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
)

var wireReasons = [...]wire.Reason{
	reactor.Stayed: wire.NoMatch, reactor.Deleted: wire.Deleted, reactor.NoMatch: wire.NoMatch,
	reactor.Limit: wire.Limit, reactor.Denied: wire.Denied,
}

// isWhole reports whether a record has its merge data. Only one that nothing but
// its creation wrote needs none; reading a result may leave it out.
func isWhole(r *storage.Record) bool {
	return len(r.Merge) > 0 || len(r.Row.Head) == 1 && r.Row.Head[0] == r.Row.ID
}

// lateReader reads records from the store as it is when the first one is needed.
// What is sent later is no older.
type lateReader struct {
	server   *server
	denied   bool // the peer may not know what entities are now
	afresh   bool // what the reactor said of them is too old
	snapshot storage.Snapshot
	leave    func()
}

// whole returns a record with its merge data.
func (l *lateReader) whole(r *storage.Record) (*storage.Record, error) {
	if isWhole(r) && !l.afresh {
		return r, nil
	}
	whole, err := l.read(r.Collection, r.Row.ID)
	if err != nil || r.Row.Joined == nil {
		return whole, err
	}
	joined := *whole
	joined.Row.Joined = r.Row.Joined
	return &joined, nil
}

// departure translates a removal. The state comes with it if it is what made the
// entity leave: not the one of then, since later ones would not be told.
func (l *lateReader) departure(c *reactor.RowChange) (wire.Departure, error) {
	d := wire.Departure{ID: c.ID(), Reason: wireReasons[c.Reason]}
	isGroup := c.Record.Collection == ""
	if isGroup || l.denied || d.Reason != wire.Deleted && d.Reason != wire.NoMatch {
		return d, nil
	}
	r, err := l.read(c.Record.Collection, c.ID())
	if err != nil {
		return d, err
	}
	if r.Size() <= maxRow {
		row := rowOf(r)
		d.Last = &row
	}
	return d, nil
}

func (l *lateReader) read(collection string, id event.ID) (*storage.Record, error) {
	s, err := l.open()
	if err != nil {
		return nil, err
	}
	return s.State(l.server.ctx, collection, id)
}

// open returns the snapshot that is read.
func (l *lateReader) open() (storage.Snapshot, error) {
	if l.snapshot != nil {
		return l.snapshot, nil
	}
	s, leave, err := l.server.open(l.server.ctx)
	if err != nil {
		return nil, err
	}
	l.snapshot, l.leave = s, leave
	return s, nil
}

func (l *lateReader) close() {
	if l.snapshot != nil {
		l.leave()
	}
}
