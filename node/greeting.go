package node

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node/wire"
)

var (
	errSilent = errors.New("the peer did not say hello")
	errDeaf   = errors.New("the peer takes no messages")
)

// hello is what this node has to say first.
func (n *Node) hello(self event.Origin, durable bool) *wire.Hello {
	h := &wire.Hello{
		Min: wire.MinVersion, Max: wire.MaxVersion, Durable: durable,
		System: n.System(), Node: self, Time: n.clock.Now().UnixMicro(), Nonce: n.nonce(),
	}
	if n.learner != nil {
		h.Features = append(h.Features, wire.FeatureModels)
	}
	return h
}

// nonce is 32 random bytes.
func (n *Node) nonce() (d event.Digest) {
	a, b := n.clock.NewSalt(), n.clock.NewSalt()
	copy(d[copy(d[:], a[:]):], b[:])
	return d
}

// greet exchanges hellos, and then the proof of who either side is, before the
// writer begins.
func (p *peer) greet(mine *wire.Hello, key event.PrivateKey, own event.Certificate) (*wire.Hello, error) {
	ctx, cancel := context.WithTimeoutCause(p.ctx, helloTimeout, errSilent)
	defer cancel()
	if err := p.sendWithin(ctx, mine); err != nil {
		return nil, err
	}
	m, heard, err := p.first(ctx)
	if err != nil {
		return nil, err
	}
	theirs, ok := m.(*wire.Hello)
	switch {
	case !ok:
		return nil, misplaced(m)
	case theirs.Min > mine.Max || theirs.Max < mine.Min:
		return nil, tooOld(mine, theirs)
	case theirs.Node == mine.Node && !mine.Node.IsZero():
		return nil, &RefusedError{Code: wire.CodeIdentity, Text: "the peer has the key of this node"}
	}
	said := event.Digest(sha256.Sum256(wire.Append(nil, mine)))
	proof := &wire.Proof{Signature: event.Prove(key, said, heard), Certificate: own}
	if err := p.sendWithin(ctx, proof); err != nil {
		var refused *RefusedError
		if _, _, said := p.first(ctx); errors.As(said, &refused) { // before it closed the connection
			return nil, said
		}
		return nil, err
	}
	return theirs, p.believe(ctx, theirs, said, heard)
}

// tooOld says which of two sides speaks no version of the protocol that the other one
// does. The server is the durable one, or else this one.
func tooOld(mine, theirs *wire.Hello) error {
	client, server, code := mine, theirs, wire.CodeServerTooOld
	if mine.Durable {
		client, server = theirs, mine
	}
	if client.Max < server.Min {
		code = wire.CodeClientTooOld
	}
	return &RefusedError{Code: code, Text: fmt.Sprintf(
		"the client speaks versions %d to %d of the protocol, the server %d to %d", client.Min, client.Max, server.Min, server.Max)}
}

// first receives a message of the greeting, and its digest.
func (p *peer) first(ctx context.Context) (wire.Message, event.Digest, error) {
	encoded, err := p.conn.Receive(ctx)
	if err != nil {
		return nil, event.Digest{}, err
	}
	digest := event.Digest(sha256.Sum256(encoded))
	m, err := wire.Decode(encoded)
	if bye, ok := m.(*wire.Bye); ok {
		return nil, digest, farewell(bye)
	}
	return m, digest, err
}

// believe checks the peer's proof of who it is. A durable node has to be certified
// by its system; of another, it matters only that it is the same as before.
func (p *peer) believe(ctx context.Context, theirs *wire.Hello, said, heard event.Digest) error {
	m, _, err := p.first(ctx)
	if err != nil {
		return err
	}
	proof, ok := m.(*wire.Proof)
	if !ok {
		return misplaced(m)
	}
	unproved := func(text string) error { return &RefusedError{Code: wire.CodeIdentity, Text: text} }
	if event.CheckProof(theirs.Node, proof.Signature, said, heard) != nil {
		return unproved("the proof of the peer's key is wrong")
	}
	if c := proof.Certificate; theirs.Durable &&
		(c.Subject != theirs.Node || c.System != theirs.System || c.Verify() != nil) {
		return unproved("the peer is not certified by its system")
	}
	return nil
}
