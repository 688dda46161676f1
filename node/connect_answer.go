package node

import (
	"time"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
)

// handle takes a message in.
func (l *line) handle(m wire.Message) error {
	switch m := m.(type) {
	case *wire.Rows:
		return l.rows(m)
	case *wire.Summary:
		return l.summary(m)
	case *wire.Events:
		l.mu.Lock()
		defer l.mu.Unlock()
		if c := l.calls[m.Request]; c != nil {
			c.events = append(c.events, m.Items...)
			if !m.More {
				l.answerLocked(m.Request, nil)
			}
		}
	case *wire.Reasons:
		l.mu.Lock()
		defer l.mu.Unlock()
		if c := l.calls[m.Request]; c != nil {
			c.reasons = m.Reasons
			l.answerLocked(m.Request, nil)
		}
	case *wire.Receipt:
		return l.receipt(m)
	case *wire.Failure:
		return l.failure(m)
	case *wire.Authenticated:
		return l.authenticated(m)
	case *wire.Ping:
		return l.pong(m)
	case *wire.Pong:
	case *wire.Closed:
		return l.hearClosed(m)
	case *wire.Bye:
		return farewell(m)
	default:
		return misplaced(m)
	}
	return nil
}

// pong answers a ping.
func (l *line) pong(m *wire.Ping) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.loose) >= maxLoose {
		return &RefusedError{Code: wire.CodeTooMany, Text: "more pings than answers are taken"}
	}
	l.loose = append(l.loose, &wire.Pong{Number: m.Number})
	l.nudge()
	return nil
}

// answerLocked lets the one who asked have the answer.
func (l *line) answerLocked(number uint64, err error) {
	c := l.calls[number]
	delete(l.calls, number)
	delete(l.taken, number)
	c.err = err
	close(c.done)
}

// rows takes in a part of an answer.
func (l *line) rows(m *wire.Rows) error {
	l.mu.Lock()
	r, p := l.asked[m.Request], l.deliveries[m.Request]
	if c := l.calls[m.Request]; c != nil {
		c.rows = append(c.rows, m.Rows...)
		if !m.More {
			l.answerLocked(m.Request, nil)
		}
	}
	parts := append(l.halves[m.Request], m)
	if r != nil && m.More || p != nil { // what is written is shown when the receipt is there
		l.halves[m.Request] = parts
	} else {
		delete(l.halves, m.Request)
	}
	l.mu.Unlock()
	switch {
	case r == nil:
		return nil
	case m.More:
		r.progress(m, len(parts) == 1)
		return nil
	}
	return l.answered(whole(parts))
}

// about returns the live query that a request is for, nil if it has ended. It needs
// the keeper's token: what was asked for one may become another's.
func (l *line) about(request uint64) *remote {
	l.mu.Lock()
	r := l.asked[request]
	l.mu.Unlock()
	if r == nil || r.isClosed() {
		return nil
	}
	return r
}

// answered takes in a result or a change of one.
func (l *line) answered(m *wire.Rows) error {
	e := l.owner
	if err := e.keeper.begin(e.ctx); err != nil {
		return err
	}
	defer e.keeper.end()
	r := l.about(m.Request)
	if r == nil {
		return nil
	}
	rows, err := r.rowsOf(m)
	if err != nil {
		return err
	}
	e.see(m.Cursor)
	if u := r.unexplained; u != nil {
		u.later = append(u.later, m)
		return l.keep(r, rows, m, func() {})
	}
	var gone []event.ID
	if m.Answer != 0 {
		a := r.amend(m, rows)
		if !a.fits {
			l.unfit(r, m)
			return nil
		}
		gone = a.gone
	}
	l.stats.count(m)
	if lost := r.lost(m, gone); len(lost) > 0 {
		return l.keep(r, rows, m, func() { l.askWhy(r, m, lost) })
	}
	return l.keep(r, rows, m, func() { r.take(m, rows, gone) })
}

// rowsOf makes records of the rows that the peer has sent.
func (l *remote) rowsOf(m *wire.Rows) ([]*storage.Record, error) {
	rows := make([]*storage.Record, len(m.Rows))
	for i := range m.Rows {
		rows[i] = received(l.schema.Collection(), &m.Rows[i])
		if err := l.admitJoined(rows[i], m.Rows[i].Row.Joined); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// keep keeps what the peer has told of entities, and has the live query told. Of groups
// nothing is kept but in the result. It needs the keeper's token.
func (l *line) keep(r *remote, rows []*storage.Record, m *wire.Rows, told func()) error {
	if r.groups != nil {
		told()
		return nil
	}
	records := unjoined(rows)
	for i := range m.Departures {
		if last := m.Departures[i].Last; last != nil && last.Row.ID == m.Departures[i].ID {
			records = append(records, received(r.schema.Collection(), last))
		}
	}
	return l.owner.learn(records, r, told)
}

// summary takes in what the result is as a whole.
func (l *line) summary(m *wire.Summary) error {
	e := l.owner
	if err := e.keeper.begin(e.ctx); err != nil {
		return err
	}
	defer e.keeper.end()
	r := l.about(m.Request)
	if r == nil {
		return nil
	}
	e.see(m.Cursor)
	if r.unexplained != nil {
		return nil // there is more to come before that could be right
	}
	known := r.State().Phase == entity.Complete
	switch right, ask := r.confirm(m); {
	case right && !known:
		l.stats.unchanged.Add(1)
	case ask:
		if known {
			l.stats.mismatched.Add(1)
		}
		l.compare(r, m.Request)
	}
	return nil
}

// compare asks in what the result differs from what is held. It needs the keeper's token.
func (l *line) compare(r *remote, request uint64) {
	m := r.compare(request)
	l.mu.Lock()
	l.loose = append(l.loose, m)
	l.mu.Unlock()
	l.nudge()
}

// unfit asks again, after an answer that does not make the base the result: about the
// base, or for everything if that was what was answered. It needs the keeper's token.
func (l *line) unfit(r *remote, m *wire.Rows) {
	r.mu.Lock()
	astray, guessed, before := r.astray, r.guessed, r.distrusted
	r.distrusted = !astray && (m.Answer == wire.AnswerCompare || r.comparing)
	again := r.distrusted
	r.mu.Unlock()
	if !astray && !(guessed && m.Answer == wire.AnswerCursor) {
		l.stats.mismatched.Add(1)
	}
	switch {
	case again && before: // it does not even know what it answers
		l.leave(r)
		r.failures++
		l.askLater(r, retryAfter(l.owner.clock, r.failures))
	case again:
		l.leave(r)
		l.ask(r)
	default:
		l.compare(r, m.Request)
	}
}

// receipt takes in what became of a transaction.
func (l *line) receipt(m *wire.Receipt) error {
	l.mu.Lock()
	p, written := l.deliveries[m.Request], l.halves[m.Request]
	delete(l.deliveries, m.Request)
	delete(l.halves, m.Request)
	l.failures = 0
	late := l.lateLocked()
	l.mu.Unlock()
	switch {
	case p == nil:
		return nil
	case p.tx.ID != m.Tx:
		return &RefusedError{Code: wire.CodeProtocol, Text: "a receipt of another transaction than was asked for"}
	}
	defer l.nudge() // others may have waited for it
	if m.Code == wire.CodeSkew {
		// It was made under a clock that was wrong, and is no worse for that once
		// its time has come.
		l.owner.postpone(p, time.Now().Add(retryDelay), true)
		return l.checkClock()
	}
	if m.Code == wire.CodePrecursors && l.owner.patient(p) {
		// The server lacks what this builds on. Another one had it, and this one will,
		// unless it was lost.
		l.holdBack(p, m.Code)
		return nil
	}
	var records []*storage.Record
	if written != nil && m.Code == wire.Accepted {
		var err error
		if records, err = l.owner.writtenBy(p, whole(written)); err != nil {
			return err
		}
	}
	return l.owner.decide(p, m, records, late)
}

// lateLocked returns the live queries of which a change has not come to its end, so that it
// may have what a receipt tells of.
func (l *line) lateLocked() map[*remote]bool {
	late := make(map[*remote]bool, len(l.halves))
	for request := range l.halves {
		if r := l.asked[request]; r != nil {
			late[r] = true
		}
	}
	return late
}

// failure takes in that a request came to nothing.
func (l *line) failure(m *wire.Failure) error {
	cause := &RefusedError{Code: m.Code, Text: m.Text}
	if l.expired(m, cause) {
		return nil
	}
	l.mu.Lock()
	r, p := l.asked[m.Request], l.deliveries[m.Request]
	delete(l.deliveries, m.Request)
	delete(l.halves, m.Request)
	if l.calls[m.Request] != nil {
		l.answerLocked(m.Request, cause)
	}
	l.mu.Unlock()
	switch {
	case p != nil:
		l.holdBack(p, m.Code)
	case r == nil, m.Code == wire.CodeClosing:
	default:
		return l.dropped(m.Request, cause)
	}
	return nil
}

// dropped notes that the peer does not keep a live query. If it failed to do so,
// it is asked again, unless somebody waits to hear whether it does.
func (l *line) dropped(request uint64, cause *RefusedError) error {
	e := l.owner
	if err := e.keeper.begin(e.ctx); err != nil {
		return err
	}
	defer e.keeper.end()
	r := l.about(request)
	l.forget(request)
	switch {
	case r == nil:
	case cause.Code == wire.CodeCredential && l.credentials != nil:
		r.lose(cause)
		if r.failures++; r.failures > maxLapsed && l.holds(r.session.principal) {
			l.askLater(r, retryAfter(e.clock, r.failures))
		} else {
			l.ask(r) // once there is another credential
		}
	case cause.Code == wire.CodeBehind:
		r.lose(cause)
		r.become(r.State().Phase, cause)
		l.askLater(r, retryAfter(e.clock, 1)) // it has waited as well
	case cause.Code == wire.CodeInternal && !r.candidate:
		r.lose(cause)
		r.become(r.State().Phase, cause)
		r.failures++
		l.askLater(r, retryAfter(e.clock, r.failures))
	default:
		r.end(cause)
	}
	return nil
}

// askLater has the peer asked for a live query after some time, if there still is this
// connection.
func (l *line) askLater(r *remote, after time.Duration) {
	l.workers.Go(func() {
		t := time.NewTimer(after)
		defer t.Stop()
		select {
		case <-t.C:
			l.ask(r)
		case <-l.ctx.Done():
		}
	})
}
