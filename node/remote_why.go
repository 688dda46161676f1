package node

import (
	"context"
	"slices"
	"time"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node/wire"
)

// whyTimeout is how long a live query waits to hear why entities that it showed are not in
// its result any more. Afterwards it says that they match no more, or were pushed out by
// others if it has a LIMIT and what is held of them matches.
const whyTimeout = 5 * time.Second

// unexplained is an answer that is not shown yet, because it does not say why entities
// are not in it, and what came after it.
type unexplained struct {
	answer *wire.Rows
	lost   []event.ID // of which the peer is asked
	later  []*wire.Rows
}

// lost returns the entities that are shown and that an answer leaves out without a
// word, as many as can be asked about. It needs the keeper's token.
func (l *remote) lost(m *wire.Rows, gone []event.ID) []event.ID {
	phase := l.State().Phase
	if l.groups != nil || l.candidate || phase == entity.Loading || phase == entity.Failed {
		return nil
	}
	if m.Reset {
		stay := make(map[event.ID]bool, len(m.Rows))
		for i := range m.Rows {
			stay[m.Rows[i].Row.ID] = true
		}
		for id := range l.base {
			if !stay[id] {
				gone = append(gone, id)
			}
		}
	}
	lost := slices.DeleteFunc(slices.Clone(gone), func(id event.ID) bool {
		told := slices.ContainsFunc(m.Departures, func(d wire.Departure) bool { return d.ID == id })
		return told || l.feed.Get(id) == nil || l.pending(id) != nil
	})
	slices.SortFunc(lost, event.ID.Compare)
	return lost[:min(len(lost), wire.MaxItems)]
}

// askWhy keeps an answer back until the peer has said why it leaves entities out. It
// needs the keeper's token.
func (l *line) askWhy(r *remote, m *wire.Rows, lost []event.ID) {
	u := &unexplained{answer: m, lost: lost}
	r.mu.Lock()
	r.unexplained = u
	r.mu.Unlock()
	l.workers.Go(func() {
		ctx, cancel := context.WithTimeout(l.ctx, whyTimeout)
		defer cancel()
		answer, err := l.call(ctx, r.session.principal, func(request, _ uint64) wire.Message {
			return &wire.Why{Request: request, Of: m.Request, Entities: lost}
		})
		if l.ctx.Err() != nil {
			return // it will be asked anew
		}
		var reasons []wire.Reason
		if err == nil {
			reasons = answer.reasons
		}
		if err := l.explained(m.Request, u, reasons); err != nil {
			l.cancel(err)
		}
	})
}

// explained shows what was kept back, and what has changed since, as one. Without reasons,
// for as many entities as there should be, it is shown all the same.
func (l *line) explained(request uint64, u *unexplained, reasons []wire.Reason) error {
	e := l.owner
	if err := e.keeper.begin(l.ctx); err != nil {
		return err
	}
	defer e.keeper.end()
	r := l.about(request)
	if r == nil || r.unexplained != u {
		return nil
	}
	r.mu.Lock()
	r.unexplained = nil
	r.mu.Unlock()
	answer := *u.answer
	answer.Departures = slices.Clone(answer.Departures)
	if len(reasons) == len(u.lost) {
		for i, id := range u.lost {
			answer.Departures = append(answer.Departures, wire.Departure{ID: id, Reason: reasons[i]})
		}
	}
	m := *whole(append([]*wire.Rows{&answer}, u.later...))
	m.Reset, m.Answer, m.Buckets = answer.Reset, answer.Answer, answer.Buckets
	rows, err := r.rowsOf(&m)
	if err != nil {
		return err
	}
	r.take(&m, rows, r.amend(&m, rows).gone)
	return nil
}
