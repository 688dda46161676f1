package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ankgo/ank/node/wire"
)

// How long a peer may take for its hello and for taking a message, and we for our
// last word.
const (
	helloTimeout = 10 * time.Second
	sendTimeout  = 5 * time.Minute
	byeTimeout   = time.Second
)

// peer is this node's end of a connection. One goroutine writes to it, its
// owner's reads from it. What is to be said comes to the writer in two ways:
// whoever has something to say posts it and waits until the writer takes it up;
// and what may be said at any time, and can be put together when the line is
// free, is pulled. What was there to be pulled before something was posted goes
// out before it.
type peer struct {
	conn   wire.Conn
	pull   func() error // writer only
	out    chan func() error
	hurry  chan struct{}
	ctx    context.Context // ends with the connection, for its cause
	cancel context.CancelCauseFunc
	done   chan struct{} // the writer has ended
	alarm  *time.Timer   // ends the connection; the writer's
	mute   bool          // the carrier takes nothing any more; the writer's

	heartbeat heartbeat
}

func newPeer(ctx context.Context, conn wire.Conn) *peer {
	p := &peer{conn: conn, heartbeat: heartbeat{start: time.Now()}, out: make(chan func() error), hurry: make(chan struct{}, 1), done: make(chan struct{})}
	p.ctx, p.cancel = context.WithCancelCause(ctx)
	return p
}

// begin starts the writer.
func (p *peer) begin(pull func() error) {
	p.pull = pull
	p.watchOver()
	go p.write()
}

func (p *peer) write() {
	defer close(p.done)
	err := p.pull()
	for err == nil {
		if some, failed := p.turn(); some {
			err = failed
			continue
		}
		if err = p.ask(); err == nil {
			err = p.rest()
		}
		if err != nil {
			break
		}
		select {
		case <-p.ctx.Done():
			return
		case <-p.hurry:
			err = p.pull()
		case say := <-p.out:
			err = p.say(say)
		}
	}
	if p.mute {
		p.hearOut()
	}
	p.cancel(err)
}

// turn says what there is to be said, and reports whether there was something. Whoever
// posts comes first, and has all said that there is to be pulled. One channel at a time:
// looking at two takes much longer.
func (p *peer) turn() (some bool, err error) {
	select {
	case say := <-p.out:
		return true, p.say(say)
	default:
	}
	select {
	case <-p.hurry:
		return true, p.pull()
	default:
	}
	return false, nil
}

// hearOut waits a moment for the owner to read what the peer said before it closed the
// connection: why it did.
func (p *peer) hearOut() {
	t := time.NewTimer(byeTimeout)
	defer t.Stop()
	select {
	case <-t.C:
	case <-p.ctx.Done():
	}
}

// say says what was posted, after what was there to be pulled before it.
func (p *peer) say(posted func() error) error {
	if err := p.pull(); err != nil {
		return err
	}
	return posted()
}

// nudge makes the writer pull. It does not wait.
func (p *peer) nudge() {
	select {
	case p.hurry <- struct{}{}:
	default:
	}
}

// post has the writer run say, and returns once it has taken it up.
func (p *peer) post(ctx context.Context, say func() error) error {
	select {
	case p.out <- say:
		return nil
	case <-p.ctx.Done():
		return context.Cause(p.ctx)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// tell posts a message.
func (p *peer) tell(ctx context.Context, m wire.Message) error {
	return p.post(ctx, func() error { return p.send(m) })
}

// send sends a message. Only the writer may. A peer that does not take it for long
// loses the connection, and with it what is kept for it.
func (p *peer) send(m wire.Message) error { return p.sendEncoded(wire.Append(nil, m)) }

// sendEncoded is send for a message that is encoded already.
func (p *peer) sendEncoded(encoded []byte) error {
	p.watch()
	defer p.alarm.Stop()
	return p.hand(p.ctx, encoded)
}

// watch ends the connection unless the alarm is stopped in time.
func (p *peer) watch() {
	if p.alarm == nil {
		p.alarm = time.AfterFunc(sendTimeout, func() { p.cancel(errDeaf) })
	} else {
		p.alarm.Reset(sendTimeout)
	}
}

// rest has the carrier send what it has held back. The writer calls it when it has nothing to say.
func (p *peer) rest() error {
	carrier, ok := p.conn.(wire.Flusher)
	if !ok {
		return nil
	}
	p.watch()
	defer p.alarm.Stop()
	err := carrier.Flush(p.ctx)
	p.mute = err != nil
	return err
}

// sendWithin sends a message at once.
func (p *peer) sendWithin(ctx context.Context, m wire.Message) error {
	if err := p.hand(ctx, wire.Append(nil, m)); err != nil {
		return err
	}
	if carrier, ok := p.conn.(wire.Flusher); ok {
		return carrier.Flush(ctx)
	}
	return nil
}

// hand hands an encoded message to the carrier.
func (p *peer) hand(ctx context.Context, encoded []byte) error {
	if len(encoded) > wire.MaxMessage {
		return wire.ErrTooLarge
	}
	err := p.conn.Send(ctx, encoded)
	p.mute = err != nil
	return err
}

// receive waits for the next message. Only the owner may.
func (p *peer) receive(ctx context.Context) (wire.Message, error) {
	m, _, err := p.receiveSized(ctx)
	return m, err
}

// receiveSized is receive, and says how many bytes the message took.
func (p *peer) receiveSized(ctx context.Context) (m wire.Message, size int, err error) {
	encoded, err := p.conn.Receive(ctx)
	if err != nil {
		return nil, 0, err
	}
	p.heartbeat.sign()
	m, err = wire.Decode(encoded)
	return m, len(encoded), err
}

// errLeft ends a connection that the peer has closed.
var errLeft = errors.New("the peer has left")

// cause is why the connection has ended if reading it ends with err.
func (p *peer) cause(err error) error {
	var (
		malformed *wire.Error
		refused   *RefusedError
	)
	switch {
	case p.ctx.Err() != nil:
		return context.Cause(p.ctx)
	case errors.As(err, &malformed), errors.As(err, &refused):
		return err
	}
	return fmt.Errorf("%w: %w", errLeft, err)
}

// end stops the writer and closes the connection, for a cause that the peer is
// told if it is one that it can do something about.
func (p *peer) end(cause error) {
	p.cancel(cause)
	if p.pull != nil {
		p.heartbeat.timer.Stop()
		<-p.done
	}
	if code, told := byeCode(cause); told {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), byeTimeout)
		// If the peer does not hear it, it finds the connection closed.
		_ = p.sendWithin(ctx, &wire.Bye{Code: code, Text: publicText(code, cause)})
		cancel()
	}
	_ = p.conn.Close() // there is nothing to be done about a connection that does not close well
}

// misplaced says that a message has no place in the conversation.
func misplaced(m wire.Message) error {
	return &RefusedError{Code: wire.CodeProtocol, Text: fmt.Sprintf("a message of kind %d has no place here", m.Kind())}
}

// farewell is the error that a peer's last word amounts to.
func farewell(m *wire.Bye) error { return &RefusedError{Code: m.Code, Text: m.Text, theirs: true} }
