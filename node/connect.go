package node

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/signal"
	"github.com/ankgo/ank/storage"
)

// How long a node waits before it dials again: at first, at most, and how long a
// connection must have lasted for the wait to begin anew.
const (
	minBackoff  = 100 * time.Millisecond
	maxBackoff  = 30 * time.Second
	longEnough  = 10 * time.Second
	clockWindow = time.Second // differences between clocks that are left alone
	dialTimeout = time.Minute // after which a peer that does not answer is given up

	maxLead = 100 * 365 * 24 * time.Hour // of a clock that can be taken seriously
)

// ConnectionPhase tells whether there is somebody at the other end.
type ConnectionPhase uint8

// The phases.
const (
	Connecting ConnectionPhase = iota + 1 // dialling, or saying hello
	Connected                             // there is
	Offline                               // there is not; see ConnectionState.Err. It will be tried again
	Refused                               // the peer wants nothing to do with this node, and is not asked again
	Closed                                // the connection was closed here
)

// String returns the phase's name in lower case.
func (p ConnectionPhase) String() string {
	if p == 0 || p > Closed {
		return "unknown"
	}
	return [...]string{"connecting", "connected", "offline", "refused", "closed"}[p-1]
}

// ConnectionState is the condition of a connection.
type ConnectionState struct {
	Phase ConnectionPhase
	Since time.Time
	Err   error // why it is Offline or Refused
}

// A Connection keeps a node connected to a durable one: it dials, and dials again
// when the connection is lost, waiting longer each time, up to half a minute. It is
// safe for concurrent use.
type Connection struct {
	node   *Node
	dial   func(ctx context.Context) (wire.Conn, error)
	speak  func(ctx context.Context, conn wire.Conn) error // until the connection ends; returns why
	lose   func(err error)                                 // there is nobody at the other end, for that reason
	leave  func()                                          // it was closed for good
	state  *signal.Value[ConnectionState]
	cancel context.CancelFunc
	done   chan struct{} // its goroutine has ended
	stats  resumeStats

	credentials func(ctx context.Context, p Principal) ([]byte, error) // nil: none are shown
}

func newConnection(n *Node, dial func(ctx context.Context) (wire.Conn, error), cancel context.CancelFunc) *Connection {
	return &Connection{
		node: n, dial: dial, cancel: cancel, done: make(chan struct{}),
		lose: func(error) {}, leave: func() {},
		state: signal.NewValue(n.graph, ConnectionState{Phase: Connecting, Since: n.clock.Now()}),
	}
}

// Connect connects an ephemeral node to a durable one, and keeps it so. It does
// not wait; [Connection.Wait] does. dial makes a connection and must return when
// its context is done, which is so after a minute without a connection, or else when the
// connection has ended. Live queries ask the peer from then on, and what is in the
// outbox is delivered.
//
// A node that belongs to no system yet joins the peer's. Another system's peer is
// refused with ErrSystem, and nothing is changed. A peer that speaks no version of the
// protocol that this node does is not asked again either: the error is ErrClientTooOld
// or ErrServerTooOld.
//
// The connection ends with the node. On a durable node the error is ErrDurable;
// while there is a connection, it is ErrConnected.
func (n *Node) Connect(dial func(ctx context.Context) (wire.Conn, error), options ...ConnectOption) (*Connection, error) {
	e, ok := n.role.(*ephemeral)
	if !ok {
		return nil, ErrDurable
	}
	if dial == nil {
		return nil, errors.New("no function to dial with")
	}
	ctx, cancel := context.WithCancel(e.ending)
	c := newConnection(n, dial, cancel)
	c.lose, c.leave = e.lose, func() { e.disconnect(c) }
	c.speak = func(ctx context.Context, conn wire.Conn) error { return e.talk(ctx, conn, c) }
	for _, option := range options {
		option(c)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.closed:
		cancel()
		return nil, ErrClosed
	case e.connection != nil:
		cancel()
		return nil, ErrConnected
	}
	e.connection, e.dialing = c, true
	go c.run(ctx)
	return c, nil
}

// State is the connection's condition.
func (c *Connection) State() ConnectionState { return c.state.Peek() }

// Signal is the connection's condition as a reactive value of the node's graph.
func (c *Connection) Signal() signal.Readable[ConnectionState] { return c.state }

// Wait waits until there is somebody at the other end. It returns the error of
// ctx, why the peer refused, or ErrClosed.
func (c *Connection) Wait(ctx context.Context) error {
	state, err := signal.Wait(ctx, c.Signal(), func(s ConnectionState) bool {
		return s.Phase == Connected || s.Phase == Refused || s.Phase == Closed
	})
	switch {
	case err != nil && ctx.Err() == nil, state.Phase == Closed:
		return ErrClosed
	case err != nil:
		return err
	}
	return state.Err
}

// Close ends the connection for good and waits until it has ended or ctx is
// done. The node can then be connected anew. Closing again does nothing.
func (c *Connection) Close(ctx context.Context) error {
	if err := c.stop(ctx); err != nil {
		return err
	}
	c.leave()
	return nil
}

// disconnect makes room for another connection.
func (e *ephemeral) disconnect(c *Connection) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.connection == c {
		e.connection = nil
	}
}

func (c *Connection) stop(ctx context.Context) error {
	c.cancel()
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (c *Connection) become(phase ConnectionPhase, err error) {
	c.state.Set(ConnectionState{Phase: phase, Since: c.node.clock.Now(), Err: err})
}

// run connects again and again.
func (c *Connection) run(ctx context.Context) {
	defer close(c.done)
	var backoff time.Duration
	for {
		began := time.Now()
		err := c.once(ctx)
		if ctx.Err() != nil {
			c.lose(ErrClosed)
			c.become(Closed, nil)
			return
		}
		c.lose(err)
		if isFinal(err) {
			c.become(Refused, err)
			c.node.logger.Error("the peer refused the connection", "error", err)
			return
		}
		c.become(Offline, err)
		if time.Since(began) >= longEnough {
			backoff = 0
		}
		backoff = min(max(2*backoff, minBackoff), maxBackoff)
		if !c.pause(ctx, backoff) {
			c.become(Closed, nil)
			return
		}
		c.become(Connecting, nil)
	}
}

// pause waits for about d.
func (c *Connection) pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(jitter(c.node.clock, d))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// isFinal reports whether trying again is of no use.
func isFinal(err error) bool {
	var refused *RefusedError
	if errors.Is(err, ErrSystem) {
		return true
	}
	if !errors.As(err, &refused) {
		return false
	}
	switch refused.Code {
	case wire.CodeClientTooOld, wire.CodeServerTooOld, wire.CodeDenied:
		return true
	}
	return false
}

// errUnreached ends dialling: a machine may take connections for a program that hangs.
var errUnreached = errors.New("the peer could not be reached within a minute")

// once connects and speaks with the peer until the connection ends. It returns
// why.
func (c *Connection) once(ctx context.Context) error {
	// The context outlives dialling: what was dialled may end with it.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	late := time.AfterFunc(dialTimeout, func() { cancel(errUnreached) })
	conn, err := c.dial(ctx)
	late.Stop()
	switch {
	case err != nil && context.Cause(ctx) == errUnreached:
		return errUnreached
	case err != nil:
		return err
	case conn == nil:
		return errors.New("dialling returned no connection")
	}
	return c.speak(ctx, conn)
}

// talk speaks with a server until the connection ends.
func (e *ephemeral) talk(ctx context.Context, conn wire.Conn, c *Connection) error {
	l := newLine(e, newPeer(ctx, conn), c)
	err := e.converse(l, c)
	l.cancel(err)
	l.end(context.Cause(l.ctx))
	l.release()
	return err
}

func (e *ephemeral) converse(l *line, c *Connection) error {
	theirs, err := l.greet(e.hello(e.keeper.self, false), e.key, event.Certificate{})
	if err != nil {
		return err
	}
	l.theirs, l.greeted = time.UnixMicro(theirs.Time), time.Now()
	if err := e.meet(l.ctx, theirs); err != nil {
		return err
	}
	l.learns = slices.Contains(theirs.Features, wire.FeatureModels)
	if err := e.attach(l); err != nil {
		return err
	}
	c.become(Connected, nil)
	return l.run()
}

// meet checks who the peer is, joins its system if this node has none, and sets
// the clock by it.
func (e *ephemeral) meet(ctx context.Context, theirs *wire.Hello) error {
	mine := e.System()
	switch {
	case !theirs.Durable, theirs.System.IsZero():
		return &RefusedError{Code: wire.CodeProtocol, Text: "the peer is not a durable node"}
	case !mine.IsZero() && mine != theirs.System:
		return &SystemError{Have: mine, Want: theirs.System}
	}
	if err := e.keeper.begin(ctx); err != nil {
		return err
	}
	defer e.keeper.end()
	var changes []storage.MetaChange
	if mine.IsZero() {
		changes = append(changes, storage.MetaChange{Key: metaSystem, Value: theirs.System[:]})
	}
	lead := time.UnixMicro(theirs.Time).Sub(e.clock.Now().Add(-e.clock.Offset()))
	if lead.Abs() > maxLead {
		return &RefusedError{Code: wire.CodeProtocol, Text: "the peer's clock is more than a century away from the one here"}
	}
	if err := e.keeper.store(nil, changes...); err != nil {
		return err
	}
	if mine.IsZero() {
		e.join(theirs.System)
	}
	return e.setClock(lead)
}

// join makes the node part of a system.
func (e *ephemeral) join(s event.System) {
	e.identityMu.Lock()
	defer e.identityMu.Unlock()
	e.identity.system = s
}

func encodeOffset(d time.Duration) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(d.Microseconds()))
}

func decodeOffset(b []byte) (time.Duration, error) {
	if len(b) != 8 {
		return 0, &storage.CorruptError{What: "correction of the clock", Err: fmt.Errorf("%d bytes", len(b))}
	}
	return time.Duration(int64(binary.BigEndian.Uint64(b))) * time.Microsecond, nil
}

// attach makes a line the node's, and has everything asked and delivered.
func (e *ephemeral) attach(l *line) error {
	if err := e.keeper.begin(l.ctx); err != nil {
		return err
	}
	defer e.keeper.end()
	if err := e.keeper.store(nil, e.offer(e.outbox.last)...); err != nil {
		return err
	}
	e.mu.Lock()
	e.line, e.dialing = l, false
	e.outbox.restart()
	e.mu.Unlock()
	for _, remote := range e.all() {
		if !remote.session.local {
			l.ask(remote)
		}
	}
	l.begin(l.gather)
	return nil
}

// lose notes that there is nobody at the other end any more.
func (e *ephemeral) lose(err error) {
	if e.keeper.begin(e.ctx) != nil {
		return // the node closes, and its live queries end for that reason
	}
	defer e.keeper.end()
	e.mu.Lock()
	e.line, e.dialing = nil, false
	e.outbox.cutOff()
	e.mu.Unlock()
	for _, l := range e.all() {
		l.lose(err)
	}
}
