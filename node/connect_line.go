package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ankgo/ank/node/wire"
)

const (
	maxDelivering = 16              // transactions under way
	maxLong       = 32              // answers under way that may be long: servers bound those that wait for credit
	maxLoose      = 4096            // messages that the peer does not take, before its pings are too many
	retryDelay    = 2 * time.Second // before what was not decided is delivered again, at first
)

// line is the asking end of one connection.
type line struct {
	*peer
	owner  *ephemeral
	number uint64 // of the last request; the writer's
	learns bool   // the peer is to be told of the models here; the writer's

	theirs  time.Time // what the peer's clock showed
	greeted time.Time // when it said so

	credentials func(ctx context.Context, p Principal) ([]byte, error) // nil: none are shown
	stats       *resumeStats                                           // the connection's
	workers     sync.WaitGroup
	long        chan struct{} // held by whoever waits for an answer that may be long

	mu         sync.Mutex // protects all below; held for a few instructions
	wanted     []*remote  // to be asked for
	asked      map[uint64]*remote
	numbers    map[*remote]uint64
	calls      map[uint64]*call
	deliveries map[uint64]*pending
	halves     map[uint64][]*wire.Rows // answers that are not complete
	loose      []wire.Message          // may be sent at any time
	taken      map[uint64]uint64       // bytes of answers that are not over, for which the peer was given no credit yet
	due        []uint64                // requests whose answers are to be given credit
	alarm      *time.Timer             // for what has to wait
	quiet      time.Time               // nothing is delivered before
	failures   int                     // deliveries in a row for which that was so
	tickets    map[Principal]*ticket
	shown      map[uint64]*ticket // by the Authenticate that is not answered yet
	granted    map[uint64]*ticket // by the Authenticate that is in force
}

// call is a question that somebody waits for the answer to.
type call struct {
	number  uint64 // 0 until it is sent
	given   bool   // up, by who waited
	rows    []wire.Row
	events  []wire.Stored
	reasons []wire.Reason
	err     error
	done    chan struct{}
}

func newLine(e *ephemeral, p *peer, c *Connection) *line {
	return &line{
		long:        make(chan struct{}, maxLong),
		credentials: c.credentials, stats: &c.stats,
		tickets: make(map[Principal]*ticket), shown: make(map[uint64]*ticket), granted: make(map[uint64]*ticket),
		peer: p, owner: e, halves: make(map[uint64][]*wire.Rows), taken: make(map[uint64]uint64),
		asked: make(map[uint64]*remote), numbers: make(map[*remote]uint64),
		calls: make(map[uint64]*call), deliveries: make(map[uint64]*pending),
	}
}

// run reads until the connection ends, and returns why.
func (l *line) run() error {
	for {
		m, size, err := l.receiveSized(l.ctx)
		if err == nil {
			err = l.handle(m)
			l.took(m, size)
		}
		if err != nil && l.ctx.Err() != nil {
			return context.Cause(l.ctx)
		}
		if err != nil {
			return err
		}
	}
}

// release ends what the connection had under way. Whoever waits for an answer
// notices by the context.
func (l *line) release() {
	l.mu.Lock()
	if l.alarm != nil {
		l.alarm.Stop()
	}
	for _, t := range l.tickets {
		if t.alarm != nil {
			t.alarm.Stop()
		}
	}
	l.mu.Unlock()
	l.workers.Wait()
}

// ask has the peer asked for a live query.
func (l *line) ask(r *remote) {
	l.mu.Lock()
	l.wanted = append(l.wanted, r)
	l.mu.Unlock()
	l.nudge()
}

// leave tells the peer that a live query has ended.
func (l *line) leave(r *remote) {
	l.mu.Lock()
	if number, ok := l.numbers[r]; ok {
		l.forgetLocked(number)
		l.loose = append(l.loose, &wire.Unsubscribe{Request: number})
	}
	l.mu.Unlock()
	l.nudge()
}

// forget drops a live query whose request has come to an end.
func (l *line) forget(number uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forgetLocked(number)
}

func (l *line) forgetLocked(number uint64) {
	delete(l.numbers, l.asked[number])
	delete(l.asked, number)
	delete(l.taken, number)
	delete(l.halves, number)
}

// call asks a question on behalf of a principal and waits for the answer.
func (l *line) call(ctx context.Context, p Principal, question func(request, as uint64) wire.Message) (*call, error) {
	c := &call{done: make(chan struct{})}
	as, err := l.await(ctx, p)
	var refused *RefusedError
	if errors.As(err, &refused) {
		return nil, err
	}
	if err == nil {
		err = l.post(ctx, func() error {
			if !l.open(c) {
				return nil
			}
			return l.request(as, question(c.number, as))
		})
	}
	if err == nil {
		select {
		case <-c.done:
			return c, c.err
		case <-l.ctx.Done():
			err = context.Cause(l.ctx)
		case <-ctx.Done():
			l.abandon(c)
			return nil, context.Cause(ctx)
		}
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return nil, fmt.Errorf("%w: %w", ErrOffline, err)
}

// open gives a call its number, unless nobody waits for it any more.
func (l *line) open(c *call) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.given {
		return false
	}
	l.number++
	c.number = l.number
	l.calls[c.number] = c
	return true
}

// abandon notes that nobody waits for an answer any more, and has the peer told
// if it was asked. It does not wait: the peer may be slow to hear.
func (l *line) abandon(c *call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c.given = true
	if l.calls[c.number] != c {
		return
	}
	delete(l.calls, c.number)
	delete(l.taken, c.number)
	l.loose = append(l.loose, &wire.Cancel{Request: c.number})
	l.nudge()
}

// gather says what there is to be said: what came loose, credit, live queries, and
// deliveries. The writer pulls it.
func (l *line) gather() error {
	l.mu.Lock()
	loose, wanted := l.loose, l.wanted
	l.loose, l.wanted = nil, nil
	l.mu.Unlock()
	for _, m := range loose {
		if err := l.send(m); err != nil {
			return err
		}
	}
	if err := l.grant(); err != nil {
		return err
	}
	for _, r := range wanted {
		if err := l.subscribe(r); err != nil {
			return err
		}
	}
	return l.deliver()
}

// subscribe asks for a live query, unless it has ended or is asked for already.
func (l *line) subscribe(r *remote) error {
	l.mu.Lock()
	r, open := r.open()
	if _, already := l.numbers[r]; already || !open {
		l.mu.Unlock()
		return nil
	}
	as, ok := l.as(r.session.principal)
	if !ok {
		l.mu.Unlock()
		l.park(r)
		return nil
	}
	l.number++
	l.asked[l.number], l.numbers[r] = r, l.number
	l.mu.Unlock()
	return l.request(as, r.question(l.number, as))
}

// bequeath makes what was asked for a candidate the live query's that has become what
// the candidate was, and tells the peer that what was asked for that before has ended. It
// needs the keeper's token.
func (l *line) bequeath(candidate, heir *remote) {
	l.mu.Lock()
	defer l.mu.Unlock()
	candidate.inherited(heir)
	if number, ok := l.numbers[heir]; ok {
		l.forgetLocked(number)
		l.loose = append(l.loose, &wire.Unsubscribe{Request: number})
	}
	if number, ok := l.numbers[candidate]; ok {
		delete(l.numbers, candidate)
		l.asked[number], l.numbers[heir] = heir, number
	}
	l.nudge()
}

// deliver hands over transactions that wait for nothing any more.
func (l *line) deliver() error {
	for {
		p, as := l.next()
		if p == nil {
			return nil
		}
		l.number++
		l.mu.Lock()
		l.deliveries[l.number] = p
		l.mu.Unlock()
		if err := l.request(as, &wire.Commit{Request: l.number, As: as, Tx: p.tx, Reads: p.reads}); err != nil {
			return err
		}
	}
}

// next returns the next transaction to be delivered, and on whose behalf; nil if
// none is due.
func (l *line) next() (p *pending, as uint64) {
	e := l.owner
	l.mu.Lock()
	busy, quiet := len(l.deliveries) >= maxDelivering, time.Until(l.quiet)
	l.mu.Unlock()
	if quiet > 0 {
		l.later(quiet)
	}
	if busy || quiet > 0 {
		return nil, 0
	}
	e.mu.Lock()
	p, early := e.outbox.next(e.ahead, func(p Principal) (ok bool) {
		l.mu.Lock()
		defer l.mu.Unlock()
		as, ok = l.as(p)
		return ok
	})
	e.mu.Unlock()
	if p == nil && early > 0 {
		// It was made under a clock that was wrong, would be refused, and may have been
		// delivered before; or the clock is wrong now.
		l.later(early)
		if l.drift() != 0 {
			l.workers.Go(func() {
				if err := l.checkClock(); err != nil && l.ctx.Err() == nil {
					e.logger.Error("the clock could not be corrected", "error", err)
				}
			})
		}
	}
	return p, as
}

// later has the writer look again.
func (l *line) later(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.alarm != nil {
		l.alarm.Stop()
	}
	l.alarm = time.AfterFunc(d, l.nudge)
}
