package node

import (
	"context"
	"fmt"

	"github.com/ankgo/ank/node/wire"
)

// flow is what a peer may be sent of one answer. What may not be sent waits where it
// costs least: the worker of a Fetch or a History with its next part, what is new in a
// live query with the reactor. The server's mu guards it.
type flow struct {
	left int64         // bytes; less than none by what the last message had too much
	more chan struct{} // closed when there is some again; nil if nobody waits
}

// A set that waits for credit grows by as many items as it had, and this many, before it
// has to end.
const minExtra = 64

// credit lets more of an answer be sent.
func (s *server) credit(m *wire.Credit) error {
	if m.Request > s.last {
		return &RefusedError{Code: wire.CodeProtocol, Text: "credit for a request that was not made"}
	}
	s.mu.Lock()
	f, sub := s.flowLocked(m.Request)
	if f == nil { // it has come to its end meanwhile
		s.mu.Unlock()
		return nil
	}
	if m.Bytes > wire.MaxCredit || f.left+int64(m.Bytes) > wire.MaxCredit {
		s.mu.Unlock()
		return &RefusedError{Code: wire.CodeProtocol, Text: fmt.Sprintf("more than %d bytes of credit", wire.MaxCredit)}
	}
	none := f.left <= 0
	f.left += int64(m.Bytes)
	again := none && f.left > 0
	if again && f.more != nil {
		close(f.more)
		f.more = nil
	}
	s.mu.Unlock()
	if again && sub != nil {
		sub.wake()
	}
	return nil
}

// flowLocked returns what may be sent of the answer to a request, and the subscription if it
// is one. It needs mu.
func (s *server) flowLocked(request uint64) (*flow, *subscription) {
	if sub := s.subscriptions[request]; sub != nil {
		return sub.flow, sub
	}
	if j := s.working[request]; j != nil {
		return &j.flow, nil
	}
	return nil, nil
}

// spend takes the size of a message off the credit.
func (s *server) spend(f *flow, size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.left -= int64(size)
}

// await waits until there is credit. Meanwhile another request may be worked on: credit
// is among what is not read while too many are.
func (s *server) await(ctx context.Context, f *flow) error {
	s.mu.Lock()
	switch {
	case f.left > 0:
		s.mu.Unlock()
		return nil
	case s.stalled >= maxStalled:
		s.mu.Unlock()
		return &RefusedError{Code: wire.CodeTooMany, Text: fmt.Sprintf("%d answers that wait for credit at a time", maxStalled)}
	}
	more := make(chan struct{})
	f.more = more
	s.stalled++
	s.mu.Unlock()
	<-s.slots
	defer func() {
		s.slots <- struct{}{}
		s.mu.Lock()
		s.stalled--
		s.mu.Unlock()
	}()
	select {
	case <-more:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// teller returns a function that posts the parts of the answer to a request that is
// worked on, each when there is credit for it, and waits until it is taken up: a slow
// peer holds up its own requests only.
func (s *server) teller(ctx context.Context, request uint64) func(wire.Message) error {
	s.mu.Lock()
	f, _ := s.flowLocked(request)
	s.mu.Unlock()
	return func(m wire.Message) error {
		if err := s.await(ctx, f); err != nil {
			return err
		}
		encoded := wire.Append(nil, m)
		s.spend(f, len(encoded))
		return s.post(ctx, func() error { return s.sendEncoded(encoded) })
	}
}

// full reports whether so much was added to a set while it waited for credit that it has
// to end now: what comes later is the next one's.
func (n *news) full() bool { return n.limit > 0 && n.sent > n.limit }

// expected is how many rows a result has that is sent whole.
func (n *news) expected() uint64 {
	if !n.reset {
		return 0
	}
	return uint64(len(n.items))
}

// may reports whether there is credit for another message.
func (n *news) may() bool {
	s := n.sub.server
	s.mu.Lock()
	defer s.mu.Unlock()
	return n.sub.flow.left > 0
}

// room makes room for an item in the part that is being put together. It reports false if
// that would be another message, and there is no credit for it.
func (n *news) room(p *parts, size int) (bool, error) {
	if p.items() > 0 {
		if p.fits(size) {
			return true, nil
		}
		if err := p.cut(); err != nil {
			return false, err
		}
	}
	return n.may(), nil
}

// sendPart sends a part, and takes it off the credit.
func (n *news) sendPart(m wire.Message) error {
	s := n.sub.server
	encoded := wire.Append(nil, m)
	n.begun = true
	s.spend(n.sub.flow, len(encoded))
	return s.sendEncoded(encoded)
}

// stall puts off what there is no credit for. The peer is told that there is more.
func (n *news) stall(p *parts) error {
	n.sub.late = n
	if n.limit == 0 {
		n.limit = 2*len(n.items) + minExtra
	}
	if n.begun {
		return nil
	}
	return p.cut()
}
