package nodetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/ankgo/ank/node/wire"
)

// The errors of a network.
var (
	errRefused  = errors.New("nodetest: nobody listens")
	errNoRoute  = errors.New("nodetest: the line is cut")
	errTimedOut = errors.New("nodetest: dialling took too long")
	errReset    = errors.New("nodetest: the connection was reset")
)

const (
	// tick is the grid of everything that happens, slot the distance between what happens
	// in the same tick. Each direction of a line and each machine has a slot of its own: no
	// two things happen at the same moment, so that their order is no matter of chance.
	tick = time.Microsecond
	slot = 10 * time.Nanosecond

	// window is how many messages are under way in a direction before the sender waits.
	window = 64

	dialTimeout = 15 * time.Second
)

// link is a line between two machines, the first of which dials. A message takes its
// time, those of one connection stay in order, those of several overtake each other.
type link struct {
	name    string
	world   *world
	from    *machine
	to      *machine
	slots   [2]time.Duration
	base    time.Duration // that a message takes at least
	jitter  time.Duration // and what comes on top at most
	network *sync.Mutex   // protects all below, of all links

	rand   *rand.Rand
	delays [2]*rand.Rand // of the directions
	cut    bool          // connections end, dialling fails
	silent [2]bool       // messages in a direction do not arrive until that is over
	conns  []*conn       // the oldest first
	turn   chan struct{} // closed when cut or silent changes
}

// conn is a connection over a link.
type conn struct {
	link *link
	ends [2]*end // the caller's, and that of who was called
	dead bool    // it was reset, whether the ends know or not
}

// end is one end of a connection.
type end struct {
	conn  *conn
	side  int
	life  *life
	queue []packet // on their way to this end
	bell  chan struct{}
	room  chan struct{} // for who sends to this end
	err   error         // why this end is of no use any more
}

// packet is a message that arrives at some time, or, with an error, the end.
type packet struct {
	due     time.Duration
	message []byte
	err     error
}

var _ wire.Conn = (*end)(nil)

// arrival is when something arrives that is sent now in a direction. Under the mutex.
func (l *link) arrival(side int) time.Duration {
	return l.world.after(l.base+upTo(l.delays[side], l.jitter), l.slots[side])
}

// dial makes a connection on behalf of a life of the machine that dials.
func (l *link) dial(ctx context.Context, by *life) (wire.Conn, error) {
	limit := time.After(dialTimeout)
	l.network.Lock()
	defer l.network.Unlock()
	for trips := 0; trips < 2; {
		turn, arrives := l.turn, time.Duration(-1)
		switch {
		case by.isOver():
			return nil, errCrashed
		case !l.silent[trips]:
			arrives = l.arrival(1-trips) - l.world.now()
		}
		var on <-chan time.Time
		if arrives >= 0 {
			on = time.After(arrives)
		}
		l.network.Unlock()
		var err error
		select {
		case <-on:
			trips++
		case <-turn:
		case <-limit:
			err = errTimedOut
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
		l.network.Lock()
		switch {
		case err != nil:
			return nil, err
		case l.cut:
			return nil, errNoRoute
		}
	}
	return l.connect(by)
}

// connect makes a connection if there is somebody at both ends.
func (l *link) connect(by *life) (wire.Conn, error) {
	at := l.to.current()
	switch {
	case by.isOver():
		return nil, errCrashed
	case at == nil:
		return nil, errRefused
	}
	c := &conn{link: l}
	for side, life := range []*life{by, at} {
		c.ends[side] = &end{
			conn: c, side: side, life: life,
			bell: make(chan struct{}, 1), room: make(chan struct{}, 1),
		}
	}
	if !at.serve(l, c.ends[1]) {
		return nil, errRefused
	}
	l.conns = append(l.conns, c)
	l.world.trace(l.name, "connected")
	return c.ends[0], nil
}

// Send implements wire.Conn.
func (e *end) Send(ctx context.Context, message []byte) error {
	if len(message) > wire.MaxMessage {
		return wire.ErrTooLarge
	}
	l := e.conn.link
	l.network.Lock()
	defer l.network.Unlock()
	peer := e.conn.ends[1-e.side]
	for e.err == nil && !e.conn.dead && peer.err == nil && len(peer.queue) >= window {
		l.network.Unlock()
		var err error
		select {
		case <-peer.room:
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
		l.network.Lock()
		if err != nil {
			return err
		}
	}
	switch {
	case e.err != nil:
		return e.err
	case e.conn.dead, peer.err != nil:
		return nil // on its way to nobody
	}
	if t := l.world.seams.tamper; t != nil && t(message) {
		return nil
	}
	// A copy: the two nodes share no memory.
	l.push(peer, packet{message: append([]byte{}, message...)})
	return nil
}

// push sends a packet on its way to an end.
func (l *link) push(to *end, p packet) {
	p.due = l.arrival(to.side)
	if n := len(to.queue); n > 0 {
		p.due = max(p.due, to.queue[n-1].due+tick)
	}
	to.queue = append(to.queue, p)
	ring(to.bell)
}

func ring(bell chan struct{}) {
	select {
	case bell <- struct{}{}:
	default:
	}
}

// Receive implements wire.Conn.
func (e *end) Receive(ctx context.Context) ([]byte, error) {
	l := e.conn.link
	l.network.Lock()
	defer l.network.Unlock()
	for {
		if e.err != nil {
			return nil, e.err
		}
		var on <-chan time.Time
		if len(e.queue) > 0 && !l.silent[e.side] {
			p := e.queue[0]
			wait := p.due - l.world.now()
			if wait <= 0 {
				e.queue = e.queue[1:]
				ring(e.room)
				if p.err != nil {
					e.finish(p.err)
					return nil, p.err
				}
				l.world.traceMessage(l, e.side, p.message)
				return p.message, nil
			}
			on = time.After(wait)
		}
		l.network.Unlock()
		var err error
		select {
		case <-on:
		case <-e.bell:
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
		l.network.Lock()
		if err != nil {
			return nil, err
		}
	}
}

// Close implements wire.Conn. What was sent before still arrives, and then the end.
func (e *end) Close() error {
	l := e.conn.link
	l.network.Lock()
	defer l.network.Unlock()
	if e.err != nil {
		return nil
	}
	e.finish(io.ErrClosedPipe)
	if peer := e.conn.ends[1-e.side]; peer.err == nil && !e.conn.dead {
		l.push(peer, packet{err: io.EOF})
	}
	return nil
}

// finish makes an end useless.
func (e *end) finish(err error) {
	e.err, e.queue = err, nil
	ring(e.bell)
	ring(e.room)
	ring(e.conn.ends[1-e.side].room)
	if e.conn.ends[1-e.side].err != nil {
		l := e.conn.link
		l.conns = slices.DeleteFunc(slices.Clone(l.conns), func(c *conn) bool { return c == e.conn })
	}
}

// reset breaks a connection: of what is under way some arrives, and the ends hear of it
// in their time, or one of them never.
func (c *conn) reset(r *rand.Rand) {
	if c.dead {
		return
	}
	c.dead = true
	deaf := r.IntN(6) // 0 and 1: that end
	for side, e := range c.ends {
		if e.err != nil {
			continue
		}
		e.queue = e.queue[:r.IntN(len(e.queue)+1)]
		if side != deaf {
			c.link.push(e, packet{err: errReset})
		}
		ring(e.room)
	}
}

// sever ends a connection at an end whose machine has crashed; the other end hears of
// it, or does not.
func (c *conn) sever(side int, r *rand.Rand) {
	c.ends[side].finish(errCrashed)
	if c.dead {
		return
	}
	c.dead = true
	peer := c.ends[1-side]
	if peer.err != nil {
		return
	}
	peer.queue = peer.queue[:r.IntN(len(peer.queue)+1)]
	if r.IntN(3) > 0 {
		c.link.push(peer, packet{err: errReset})
	}
	ring(peer.room)
}

// The rest is what a schedule does to a link.

func (l *link) drop(r *rand.Rand) {
	l.network.Lock()
	defer l.network.Unlock()
	for _, c := range l.conns {
		c.reset(r)
	}
}

func (l *link) setCut(cut bool, r *rand.Rand) {
	l.network.Lock()
	l.cut = cut
	l.change()
	l.network.Unlock()
	if cut {
		l.drop(r)
	}
}

// silence has nothing arrive in a direction, or lets everything arrive that has
// waited.
func (l *link) silence(side int, silent bool) {
	l.network.Lock()
	defer l.network.Unlock()
	if l.silent[side] == silent {
		return
	}
	l.silent[side] = silent
	l.change()
	if silent {
		return
	}
	for _, c := range l.conns {
		e := c.ends[side]
		due := l.arrival(side)
		for i := range e.queue {
			e.queue[i].due = max(e.queue[i].due, due)
			due = e.queue[i].due + tick
		}
		ring(e.bell)
	}
}

// change tells who dials that the line is another.
func (l *link) change() {
	close(l.turn)
	l.turn = make(chan struct{})
}

func (l *link) heal() {
	l.setCut(false, nil)
	l.silence(0, false)
	l.silence(1, false)
}

// severAll ends all connections of a life.
func (l *link) severAll(of *life, r *rand.Rand) {
	l.network.Lock()
	defer l.network.Unlock()
	for _, c := range l.conns {
		for side, e := range c.ends {
			if e.life == of && e.err == nil {
				c.sever(side, r)
			}
		}
	}
	l.change()
}

func (l *link) String() string { return fmt.Sprintf("%s - %s", l.from.name, l.to.name) }
