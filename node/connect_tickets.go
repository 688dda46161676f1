package node

import (
	"context"
	"time"

	"github.com/ankgo/ank/node/wire"
)

const (
	credentialTimeout = 30 * time.Second // for whoever has credentials to give one
	credentialRetry   = 30 * time.Second // before one is asked for again
	credentialQuick   = 10 * time.Second // within which one that ends is not asked for again at once
	minRenewal        = time.Second      // before a credential is renewed
	maxLapsed         = 3                // answers in a row that a credential has lapsed, of which the peer is still to tell
)

// A ConnectOption tells Connect something about the connection to be.
type ConnectOption func(*Connection)

// WithCredentials says what to show to the peer on behalf of whom. credentials is
// called for each principal that sessions of this node act for, once something is
// to be asked or delivered for it, again before what it returned expires, again when
// the peer does not accept it any more, and, half a minute after it returned an
// error or the peer refused, again. Several calls may run at a time. What a
// principal has committed waits meanwhile, and its live queries show what is held,
// and the reason ([entity.LiveState]).
//
// Without this option the peer is expected to know already who is there.
func WithCredentials(credentials func(ctx context.Context, p Principal) ([]byte, error)) ConnectOption {
	return func(c *Connection) { c.credentials = credentials }
}

// ticket is the peer's permission to ask on behalf of a principal. The line's mu
// guards it.
type ticket struct {
	principal Principal
	number    uint64        // that requests name; 0: there is none
	busy      bool          // a credential is being asked for, or was shown
	shown     uint64        // the Authenticate that is to be answered
	err       error         // why there is none
	since     time.Time     // when it was given
	alarm     *time.Timer   // when to do something about it
	turn      chan struct{} // closed when all this changes
	parked    []*remote     // live queries that wait for it
}

// as returns the number that requests on behalf of a principal name, and reports
// false if there is none as yet. It needs l.mu.
func (l *line) as(p Principal) (number uint64, ok bool) {
	if l.credentials == nil {
		return 0, true
	}
	t := l.ticketLocked(p)
	return t.number, t.number != 0
}

// ticketLocked returns a principal's ticket, and has it applied for at first.
func (l *line) ticketLocked(p Principal) *ticket {
	t := l.tickets[p]
	if t == nil {
		t = &ticket{principal: p, turn: make(chan struct{})}
		l.tickets[p] = t
		l.applyLocked(t)
	}
	return t
}

// holds reports whether a principal has a credential in force.
func (l *line) holds(p Principal) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.as(p)
	return ok
}

// await waits for the number that requests on behalf of a principal name.
func (l *line) await(ctx context.Context, p Principal) (uint64, error) {
	for {
		l.mu.Lock()
		number, ok := l.as(p)
		var turn chan struct{}
		var err error
		if !ok {
			t := l.ticketLocked(p)
			turn, err = t.turn, t.err
		}
		l.mu.Unlock()
		if ok || err != nil {
			return number, err
		}
		select {
		case <-turn:
		case <-l.ctx.Done():
			return 0, context.Cause(l.ctx)
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

// applyLocked has somebody get a credential and show it to the peer.
func (l *line) applyLocked(t *ticket) {
	if t.busy || l.ctx.Err() != nil {
		return
	}
	t.busy = true
	if t.alarm != nil {
		t.alarm.Stop()
	}
	l.workers.Go(func() {
		if err := l.show(t); err != nil && l.ctx.Err() == nil {
			l.refuse(t, err)
		}
	})
}

// show gets a credential and shows it.
func (l *line) show(t *ticket) error {
	ctx, cancel := context.WithTimeout(l.ctx, credentialTimeout)
	defer cancel()
	credential, err := l.credentials(ctx, t.principal)
	switch {
	case err != nil:
		return err
	case len(credential) > MaxCredential:
		return wire.ErrTooLarge
	}
	return l.post(l.ctx, func() error {
		l.number++
		l.mu.Lock()
		t.shown = l.number
		l.shown[t.shown] = t
		renews := t.number
		l.mu.Unlock()
		return l.send(&wire.Authenticate{
			Request: t.shown, Renews: renews, Principal: string(t.principal), Credential: credential,
		})
	})
}

// authenticated takes in that a credential was accepted.
func (l *line) authenticated(m *wire.Authenticated) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.shown[m.Request]
	if t == nil {
		return nil
	}
	if Principal(m.Principal) != t.principal {
		return &RefusedError{Code: wire.CodeProtocol, Text: "a credential was accepted for somebody else"}
	}
	delete(l.shown, m.Request)
	if t.number == 0 {
		t.number = m.Request
		l.granted[m.Request] = t
	}
	t.busy, t.err, t.since = false, nil, time.Now()
	if m.Expires != 0 {
		left := time.UnixMicro(m.Expires).Sub(l.owner.clock.Now())
		l.againLocked(t, max(left-left/5, minRenewal))
	}
	l.wanted = append(l.wanted, t.parked...)
	t.parked = nil
	l.turnLocked(t)
	return nil
}

// turnLocked tells those who wait for a ticket.
func (l *line) turnLocked(t *ticket) {
	close(t.turn)
	t.turn = make(chan struct{})
	l.nudge()
}

// againLocked applies anew after some time.
func (l *line) againLocked(t *ticket, after time.Duration) {
	if t.alarm != nil {
		t.alarm.Stop()
	}
	t.alarm = time.AfterFunc(after, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.applyLocked(t)
	})
}

// refuse notes that there is no ticket, and tells live queries why.
func (l *line) refuse(t *ticket, why error) {
	l.mu.Lock()
	t.busy = false
	if t.number != 0 { // the one that was to be renewed is good, for a while
		l.againLocked(t, max(credentialRetry/10, minRenewal))
		l.mu.Unlock()
		return
	}
	t.err = why
	l.againLocked(t, credentialRetry)
	l.turnLocked(t)
	parked := append([]*remote(nil), t.parked...)
	l.mu.Unlock()
	l.tellParked(parked, why)
}

// tellParked has live queries say why they are not kept current.
func (l *line) tellParked(parked []*remote, why error) {
	if len(parked) == 0 || l.owner.keeper.begin(l.ctx) != nil {
		return
	}
	defer l.owner.keeper.end()
	for _, r := range parked {
		r.lose(why)
		r.become(r.State().Phase, why)
	}
}

// expired takes in that a credential was not taken, for whatever reason, or is of no use
// any more, and reports whether it was one that the failure is about.
func (l *line) expired(m *wire.Failure, why error) bool {
	l.mu.Lock()
	if t := l.shown[m.Request]; t != nil {
		delete(l.shown, m.Request)
		l.mu.Unlock()
		l.refuse(t, why)
		return true
	}
	defer l.mu.Unlock()
	t := l.granted[m.Request]
	if t == nil || m.Code != wire.CodeCredential {
		return false
	}
	delete(l.granted, m.Request)
	t.number, t.err = 0, why
	if time.Since(t.since) < credentialQuick {
		l.againLocked(t, credentialRetry)
	} else {
		t.err = nil
		l.applyLocked(t)
	}
	return true
}

// park keeps a live query whose principal has no ticket, and asks for it once there
// is one.
func (l *line) park(r *remote) {
	l.mu.Lock()
	t := l.ticketLocked(r.session.principal)
	if t.number != 0 { // there is by now
		l.wanted = append(l.wanted, r)
		l.nudge()
		l.mu.Unlock()
		return
	}
	t.parked = append(t.parked, r)
	why := t.err
	l.mu.Unlock()
	if why != nil {
		l.workers.Go(func() { l.tellParked([]*remote{r}, why) })
	}
}

// Authenticate has the credential of a principal shown anew: after somebody has
// logged in, say, who could not be before. It does not wait.
func (c *Connection) Authenticate(p Principal) {
	e, ok := c.node.role.(*ephemeral)
	if !ok {
		return
	}
	l := e.online()
	if l == nil || l.credentials == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.ticketLocked(p)
	t.err = nil
	l.applyLocked(t)
}

// forgo gives the credential of a principal up, and has none asked for on its behalf
// until it has something to ask again.
func (l *line) forgo(p Principal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.tickets[p]
	if t == nil {
		return
	}
	if t.alarm != nil {
		t.alarm.Stop()
	}
	delete(l.tickets, p)
	delete(l.shown, t.shown)
	delete(l.granted, t.number)
	for _, number := range []uint64{t.shown, t.number} {
		if number != 0 {
			l.loose = append(l.loose, &wire.Cancel{Request: number})
		}
	}
	l.nudge()
}
