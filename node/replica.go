package node

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node/wire"
)

// replica is this node's end of a connection with another durable node. Three
// goroutines work on it: its owner reads what comes and verifies it, another one has
// it stored (see intake), and the peer's writer sends what there is to be sent (see
// outlet).
type replica struct {
	*peer
	node    *Node
	options *replication
	since   time.Time
	other   event.Origin
	in      *intake
	out     *outlet  // the writer's
	whole   assembly // the reader's

	mu      sync.Mutex // protects all below; held for a few instructions
	asked   *wire.Follow
	begun   bool // asked is being answered
	acked   uint64
	settled uint64 // by the peer: the last question of its that it is done with
	loose   []wire.Message
	theirs  []*ReplicaError // what the peer refused
	unsent  []event.Origin  // whose logs are not to be sent any more
	entries uint64          // sent

	// The writer's.
	saidClosed bool
	bytes      uint64 // sent
	told       wire.Progress
	questions  uint64 // sent
	answered   uint64 // the last question of the peer's
}

// replicas are the connections with other durable nodes.
type replicas struct {
	mu   sync.Mutex
	list []*replica
}

func (a *replicas) add(r *replica) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.list = append(a.list, r)
}

func (a *replicas) remove(r *replica) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.list = slices.DeleteFunc(a.list, func(other *replica) bool { return other == r })
}

func (a *replicas) all() []*replica {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.list)
}

func newReplica(n *Node, p *peer, options *replication) *replica {
	return &replica{node: n, peer: p, options: options, since: n.clock.Now()}
}

// speak exchanges logs until the connection ends, closes it, and returns why it
// ended. met is called when the peer is known.
func (r *replica) speak(met func()) error {
	other, err := r.welcome()
	if err == nil {
		err = r.exchange(other, met)
	}
	r.cancel(err)
	err = context.Cause(r.ctx)
	r.end(err)
	return err
}

// exchange exchanges logs with a peer that was greeted, until the connection ends, and
// returns why.
func (r *replica) exchange(other event.Origin, met func()) error {
	r.other = other
	cursor, err := r.node.Cursor(r.ctx)
	if err != nil {
		return err
	}
	r.in = newIntake(r.node, r.options.trusts, cursor)
	r.in.window, r.in.nudge, r.in.tell, r.in.number = windowBytes, r.nudge, r.refuse, 1
	r.out = newOutlet(r.node, r.options.trusts)
	r.out.emit, r.out.full = r.emit, func() bool { return r.bytes-r.ackedSoFar() >= windowBytes }
	r.node.replicas.add(r)
	defer r.node.replicas.remove(r)
	defer r.node.committer.grown.listen(r.nudge)()
	met()
	var storing sync.WaitGroup
	storing.Go(func() {
		if err := r.in.store(r.ctx, false); err != nil {
			r.cancel(err)
		}
	})
	r.begin(r.flush)
	err = r.read()
	r.cancel(err)
	storing.Wait()
	return context.Cause(r.ctx)
}

// welcome makes sure that the peer is a durable node of the same system.
func (r *replica) welcome() (other event.Origin, err error) {
	key := r.node.key()
	certificate, _ := r.node.Certificate()
	theirs, err := r.greet(r.node.hello(key.Public(), true), key, certificate)
	switch {
	case err != nil:
		return other, err
	case !theirs.Durable:
		return other, &RefusedError{Code: wire.CodeProtocol, Text: "only durable nodes replicate; ephemeral ones are served"}
	case theirs.System != r.node.System():
		return other, &SystemError{Have: r.node.System(), Want: theirs.System}
	}
	return theirs.Node, nil
}

func (r *replica) read() error {
	for {
		m, size, err := r.receiveSized(r.ctx)
		if err != nil {
			return r.cause(err)
		}
		if err := r.handle(m, size); err != nil {
			return err
		}
	}
}

// handle takes a message in.
func (r *replica) handle(m wire.Message, size int) error {
	switch m := m.(type) {
	case *wire.Follow:
		return r.follow(m)
	case *wire.Entries:
		return r.take(m, size)
	case *wire.Piece:
		one, err := r.whole.add(m)
		if err != nil {
			return err
		}
		return r.take(one, size)
	case *wire.Caught:
		return r.in.finished(m.Number)
	case *wire.Closed:
		return r.hearClosed(m)
	case *wire.Progress:
		return r.progress(m)
	case *wire.Refuse:
		return r.refused(m)
	case *wire.Ping:
		return r.mention(&wire.Pong{Number: m.Number})
	case *wire.Pong:
		return nil
	case *wire.Bye:
		if m.Code == wire.CodeClosing {
			return fmt.Errorf("%w: %w", errLeft, farewell(m))
		}
		return farewell(m)
	}
	return misplaced(m)
}

func (r *replica) take(m *wire.Entries, size int) error {
	err := r.in.take(r.ctx, m, size)
	r.nudge()
	return err
}

// follow takes in what the peer asks for. The writer of a log that is forked gets it
// from the beginning, and asks for it that way: so it finds out where. See [Node.renew].
func (r *replica) follow(m *wire.Follow) error {
	own := r.node.Origin()
	forks, err := r.node.forks(r.ctx, m.Cursor)
	if err != nil {
		return err
	}
	var unsent []event.Origin
	for _, fork := range forks {
		switch fork.Origin {
		case own:
			if err := r.in.seek(r.ctx, own); err != nil {
				return err
			}
			unsent = append(unsent, own)
		case r.other:
			m.Cursor = m.Cursor.Without(r.other)
		default:
			r.in.refuse(fork)
			unsent = append(unsent, fork.Origin)
		}
	}
	if err := r.lag(m.Cursor, own); err != nil {
		return err
	}
	r.mu.Lock()
	r.asked, r.begun = m, false
	r.unsent = append(r.unsent, unsent...)
	r.mu.Unlock()
	r.nudge()
	return nil
}

// lag notes whether the peer has more of this node's own log than is here.
func (r *replica) lag(theirs event.Cursor, own event.Origin) error {
	here, err := r.node.Cursor(r.ctx)
	if err != nil {
		return err
	}
	if p, ok := theirs.At(own); ok && !here.CoversPosition(own, p.Seq) {
		r.in.await()
	}
	return nil
}

func (r *replica) progress(m *wire.Progress) error {
	r.mu.Lock()
	r.acked, r.settled = max(r.acked, m.Bytes), max(r.settled, m.Settled)
	r.mu.Unlock()
	r.nudge()
	return nil
}

// refused takes in that the peer does not take a log.
func (r *replica) refused(m *wire.Refuse) error {
	err := &ReplicaError{Origin: m.Origin, Seq: m.Seq, Reason: &RefusedError{Code: m.Code, Text: m.Text, theirs: true}}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.theirs) >= maxRefused {
		return errFlood("more refusals than can be kept track of")
	}
	r.theirs, r.unsent = append(r.theirs, err), append(r.unsent, m.Origin)
	r.node.logger.Error("the peer takes a log no further", "peer", r.other.String(), "origin", m.Origin.String(), "seq", m.Seq, "error", err)
	return nil
}

// refuse has the peer told that a log is not taken.
func (r *replica) refuse(e *ReplicaError) {
	code := codeOf(e.Reason, wire.CodeInvalid)
	// What cannot be said to a peer that takes nothing is said by nobody.
	_ = r.mention(&wire.Refuse{Origin: e.Origin, Seq: e.Seq, Code: code, Text: publicText(code, e.Reason)})
}

// mention has something said at some time.
func (r *replica) mention(m wire.Message) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.loose) >= maxLoose {
		return errFlood("more questions than answers are taken")
	}
	r.loose = append(r.loose, m)
	r.nudge()
	return nil
}

// flush says what there is to be said. The writer pulls it.
func (r *replica) flush() error {
	r.mu.Lock()
	loose, asked := r.loose, r.asked
	begun := r.begun
	r.loose, r.begun = nil, r.asked != nil
	unsent := r.unsent
	r.unsent = nil
	r.mu.Unlock()
	for _, m := range loose {
		if err := r.send(m); err != nil {
			return err
		}
	}
	if err := r.ask(); err != nil {
		return err
	}
	if err := r.account(); err != nil {
		return err
	}
	for _, o := range unsent {
		r.out.refused[o] = true
	}
	if asked != nil {
		if !begun {
			r.out.begin(asked.Cursor)
		}
		r.out.had(r.in.shown())
		if err := r.answer(asked); err != nil {
			return err
		}
	}
	return r.leave()
}

// ask asks the peer for what is not here, at first and when something was let go.
func (r *replica) ask() error {
	m := r.in.question()
	if m.Number == r.questions {
		return nil
	}
	r.questions, m.Live = m.Number, !r.options.once
	return r.send(m)
}

// account tells how much was taken up, if that is worth it.
func (r *replica) account() error {
	now, idle := r.in.progress()
	switch {
	case now == r.told, !idle && now.Settled == r.told.Settled && now.Bytes < r.told.Bytes+windowBytes/4:
		return nil
	}
	r.told = now
	return r.send(&now)
}

// answer sends what the peer asked for, as far as it may be under way.
func (r *replica) answer(m *wire.Follow) error {
	if r.out.full() || r.in.isAwaiting() || !m.Live && r.answered == m.Number {
		return nil
	}
	reached, err := r.out.send(r.ctx)
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.entries = r.out.entries
	r.mu.Unlock()
	if !reached {
		return nil
	}
	if err := r.sayClosed(); err != nil {
		return err
	}
	r.answered = m.Number
	return r.send(&wire.Caught{Number: m.Number})
}

// emit sends a part of what the peer asked for.
func (r *replica) emit(m wire.Message) error {
	encoded := wire.Append(nil, m)
	r.bytes += uint64(len(encoded))
	return r.sendEncoded(encoded)
}

// leave ends a connection that was for once, when both sides have everything and the
// peer was told so.
func (r *replica) leave() error {
	if !r.options.once || !r.isDone() {
		return nil
	}
	if err := r.rest(); err != nil {
		return err
	}
	return errDone
}
