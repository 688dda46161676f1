package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ankgo/ank/node/wire"
)

// What one connection may ask for at a time.
const (
	maxServed        = 64       // requests being worked on; others are not read meanwhile
	maxStalled       = 64       // answers that wait for credit; others fail with wire.CodeTooMany
	maxSubscriptions = 4096     // standing queries; others fail with wire.CodeTooMany
	largeRequest     = 64 << 10 // bytes; of larger ones only one is worked on: a transaction may take 30 times as much memory
)

// Serve speaks with the ephemeral node at the other end of a connection, on
// behalf of p, who is the author of what it commits: whoever calls Serve has made
// sure that it is p. Serve returns when the connection has ended, which is closed
// then: nil if the peer left or n was closed. Several connections are
// served by as many calls. A peer that breaks the rules loses its connection, and
// nobody else is harmed.
//
// Only a durable node serves; on another the error is ErrEphemeral. A durable peer is
// refused, unless the node was opened with [ServeReplicas].
func (n *Node) Serve(ctx context.Context, conn wire.Conn, p Principal) error {
	if err := p.check(); err != nil {
		_ = conn.Close() // nothing was said on it
		return err
	}
	if err := n.serve(ctx, conn, n.Session(p)); err != nil {
		return fmt.Errorf("serving %q: %w", string(p), err)
	}
	return nil
}

// ServeStranger is Serve for a peer that nobody knows yet. It may ask for nothing
// until it has shown a credential that the node's [Authenticator] accepts, and as
// soon as it has, on behalf of who that is. It may show several, on behalf of several
// principals. One that has none in force for a minute loses its connection. Without an authenticator the error is ErrNoAuthenticator.
func (n *Node) ServeStranger(ctx context.Context, conn wire.Conn) error {
	if n.authenticator == nil {
		_ = conn.Close() // nothing was said on it
		return ErrNoAuthenticator
	}
	if err := n.serve(ctx, conn, nil); err != nil {
		return fmt.Errorf("serving a peer: %w", err)
	}
	return nil
}

// serve speaks with a peer, on behalf of a session unless that is nil.
func (n *Node) serve(ctx context.Context, conn wire.Conn, known *Session) error {
	d, ok := n.role.(durable)
	if !ok {
		_ = conn.Close() // nothing was said on it
		return ErrEphemeral
	}
	s := &server{
		durable: d, slots: make(chan struct{}, maxServed), large: newToken(), grants: make(map[uint64]*grant),
		subscriptions: make(map[uint64]*subscription), working: make(map[uint64]*job),
		brought: newBrought(), left: make(chan struct{}),
	}
	defer close(s.left)
	ctx, leave, ok := n.visits.enter(ctx)
	if !ok {
		_ = conn.Close() // nothing was said on it
		return ErrClosed
	}
	defer leave()
	s.peer = newPeer(ctx, conn)
	if known != nil {
		s.grants[0] = &grant{session: known}
	}
	defer n.visits.keep(s)()
	err := s.serve()
	s.cancel(err)
	s.end(context.Cause(s.ctx))
	s.release()
	switch {
	case errors.Is(err, errLeft), errors.Is(err, ErrClosed):
		return nil
	}
	return err
}

// server is the serving end of one connection.
type server struct {
	durable
	*peer
	last  uint64 // request; the reader's
	slots chan struct{}
	large token // of whoever works on a large request

	workers sync.WaitGroup

	mu            sync.Mutex // protects all below; held for a few instructions
	serving       bool       // the peer is an ephemeral node
	grants        map[uint64]*grant
	nobody        *time.Timer // ends the connection while there are none; nil if there always are
	refusals      int         // of credentials
	subscriptions map[uint64]*subscription
	held          int             // by them
	woken         []*subscription // with something to tell
	working       map[uint64]*job
	stalled       int // of those working, waiting for credit

	checks checks

	brought brought
	asked   atomic.Bool   // the peer has asked for something, which may rest on the models of then
	left    chan struct{} // closed when nothing is done for the peer any more
}

// job is a request that somebody works on.
type job struct {
	cancel context.CancelFunc
	flow   flow
}

// asker is a server to somebody who asks for something.
type asker struct {
	*server
	session *Session
}

// serve greets the peer and does what it asks for, until one of the two ends it.
// It returns why, which is never nil.
func (s *server) serve() error {
	theirs, err := s.welcome()
	switch {
	case err != nil:
		return err
	case theirs.Durable:
		return newReplica(s.Node, s.peer, s.replicates).exchange(theirs.Node, func() {})
	}
	s.mu.Lock()
	s.serving = true
	s.mu.Unlock()
	if err := s.sayClosed(); err != nil {
		return s.cause(err)
	}
	s.expectCredential()
	s.begin(s.flush)
	s.watchResults()
	defer s.checks.timer.Stop()
	for {
		m, err := s.receive(s.ctx)
		if err == nil {
			err = s.handle(m)
		}
		if err != nil {
			return s.cause(err)
		}
	}
}

func (s *server) isServing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.serving
}

func (s *server) welcome() (*wire.Hello, error) {
	key := s.key()
	certificate, _ := s.Certificate()
	theirs, err := s.greet(s.hello(key.Public(), true), key, certificate)
	switch {
	case err != nil:
		return nil, s.cause(err)
	case !theirs.System.IsZero() && theirs.System != s.System():
		return nil, &SystemError{Have: s.System(), Want: theirs.System}
	case theirs.Durable && s.replicates == nil:
		return nil, &RefusedError{Code: wire.CodeProtocol, Text: "only ephemeral nodes are served"}
	}
	return theirs, nil
}

// handle does what a message asks for, or starts doing it.
func (s *server) handle(m wire.Message) error {
	switch m := m.(type) {
	case *wire.Subscribe:
		return s.subscribe(m)
	case *wire.Unsubscribe:
		s.unsubscribe(m.Request)
	case *wire.Compare:
		return s.compare(m)
	case *wire.Why:
		return s.why(m)
	case *wire.Fetch:
		return s.startAs(m.Request, m.As, func(ctx context.Context, a asker) error { return a.fetch(ctx, m) })
	case *wire.Get:
		return s.startAs(m.Request, m.As, func(ctx context.Context, a asker) error { return a.get(ctx, m) })
	case *wire.History:
		return s.startAs(m.Request, m.As, func(ctx context.Context, a asker) error { return a.history(ctx, m) })
	case *wire.Authenticate:
		return s.start(m.Request, func(ctx context.Context) error { return s.authenticate(ctx, m) })
	case *wire.Commit:
		return s.startSized(m.Request, m.As, m.Tx.Size(), func(ctx context.Context, a asker) error { return a.commit(ctx, m) })
	case *wire.Cancel:
		s.mu.Lock()
		if j := s.working[m.Request]; j != nil {
			j.cancel()
		}
		s.mu.Unlock()
		s.resign(m.Request)
	case *wire.Credit:
		return s.credit(m)
	case *wire.Ping:
		return s.tell(s.ctx, &wire.Pong{Number: m.Number})
	case *wire.Define:
		return s.bring(m)
	case *wire.Pong:
	case *wire.Bye:
		return fmt.Errorf("%w: %w", errLeft, farewell(m))
	default:
		return misplaced(m)
	}
	return nil
}

// errOverdue ends the work on a request that takes too long.
var errOverdue error = &RefusedError{Code: wire.CodeDeadline, Text: "the request took too long"}

// start lets somebody work on a request.
func (s *server) start(request uint64, work func(ctx context.Context) error) error {
	if request <= s.last {
		return &RefusedError{Code: wire.CodeProtocol, Text: "the number of a request is not greater than those before"}
	}
	s.last = request
	select {
	case s.slots <- struct{}{}:
	case <-s.ctx.Done():
		return context.Cause(s.ctx)
	}
	ctx, cancel := context.WithTimeoutCause(s.ctx, s.limits.Request, errOverdue)
	s.mu.Lock()
	s.working[request] = &job{cancel: cancel, flow: flow{left: wire.Window}}
	s.mu.Unlock()
	s.workers.Add(1)
	go func() {
		defer s.workers.Done()
		defer cancel()
		reserveStack(0)
		s.work(ctx, request, work)
		<-s.slots
	}()
	return nil
}

// reserveStack makes room on the stack of a new goroutine, as much as a commit takes. It is
// grown at once, while there is nothing on it that would have to be moved.
//
//go:noinline
func reserveStack(i int) byte {
	var room [12 << 10]byte
	return room[i]
}

// startAs lets somebody work on a request that is made on behalf of somebody.
func (s *server) startAs(request, as uint64, work func(ctx context.Context, a asker) error) error {
	return s.start(request, func(ctx context.Context) error { return s.workAs(ctx, as, work) })
}

// workAs works on a request on behalf of somebody, once what models the peer has brought
// are known here, or refused.
func (s *server) workAs(ctx context.Context, as uint64, work func(ctx context.Context, a asker) error) error {
	session, err := s.sessionOf(as)
	if err == nil && s.learner != nil {
		if err = s.settle(ctx, session.principal); err == nil {
			session, err = s.sessionOf(as) // that may have taken a while
		}
	}
	if err != nil {
		return err
	}
	s.asked.Store(true) // before anything is looked up in the catalog
	return work(ctx, asker{s, session})
}

// startSized is startAs for a request that takes so many bytes.
func (s *server) startSized(request, as uint64, size int, work func(ctx context.Context, a asker) error) error {
	if size <= largeRequest {
		return s.startAs(request, as, work)
	}
	if err := s.large.takeWithin(s.ctx); err != nil {
		return err
	}
	err := s.start(request, func(ctx context.Context) error {
		defer s.large.give()
		return s.workAs(ctx, as, work)
	})
	if err != nil {
		s.large.give()
	}
	return err
}

// work does what was asked for, and tells if it came to nothing.
func (s *server) work(ctx context.Context, request uint64, work func(ctx context.Context) error) {
	err := work(ctx)
	s.mu.Lock()
	delete(s.working, request)
	s.mu.Unlock()
	switch {
	case err == nil:
		return
	case ctx.Err() == nil:
	case context.Cause(ctx) == errOverdue:
		err = errOverdue
	default: // given up
		return
	}
	// If it cannot be told, the connection has ended.
	_ = s.tell(s.ctx, s.failure(request, err))
}

// failure answers a request that came to nothing.
func (s *server) failure(request uint64, err error) *wire.Failure {
	code := codeOf(err, wire.CodeInternal)
	if code == wire.CodeInternal {
		s.logger.Error("a request failed", "error", err)
	}
	return &wire.Failure{Request: request, Code: code, Text: publicText(code, err)}
}

// release lets go of everything that the connection held, after its end.
func (s *server) release() {
	s.endGrants()
	s.workers.Wait()
	s.mu.Lock()
	subscriptions := s.subscriptions
	s.subscriptions = nil
	s.mu.Unlock()
	for _, sub := range subscriptions {
		sub.close()
	}
}
