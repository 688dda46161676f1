package node

import (
	"context"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
)

// The size of what is sent at a time, and how much of it may be under way.
const (
	entriesBytes = 128 << 10
	entriesRoom  = 8 << 20 // a larger entry goes out in pieces
	pieceBytes   = 4 << 20
	windowBytes  = 4 << 20
)

// outlet reads from this node's logs, for a peer or a bundle, what lies beyond a
// cursor, with what vouches for it. It is one goroutine's.
type outlet struct {
	node   *Node
	trusts trust
	emit   func(m wire.Message) error // sends; m is a *wire.Entries or *wire.Piece
	full   func() bool                // nothing more is to be sent for now

	sent    map[event.Origin]uint64 // how far each log was sent
	shown   map[event.Origin]bool   // whose certificate was sent
	refused map[event.Origin]bool   // that are not sent
	goal    event.Cursor            // what there was when it was asked for
	pending bool                    // there is a goal, and it is not reached
	entries uint64                  // sent
}

// excerpt is one reading of the logs.
type excerpt struct {
	*outlet
	ctx      context.Context
	own      map[event.Origin]voucher // of the logs that are written in this store
	snapshot storage.Snapshot
	limits   map[event.Origin]uint64             // how far each log can be sent
	heads    map[event.Origin][]event.SignedHead // of logs of others, not sent yet
	message  *wire.Entries
	size     int
	last     map[event.Origin]*event.Entry // in message
}

// begin says from where on to send.
func (o *outlet) begin(from event.Cursor) {
	o.sent = make(map[event.Origin]uint64)
	for _, p := range from.Positions() {
		o.sent[p.Origin] = p.Seq
	}
	o.goal, o.pending = event.Cursor{}, true
}

// send sends what there is, until full says so, and reports whether it sent the last
// of what was there when begin was called.
func (o *outlet) send(ctx context.Context) (reached bool, err error) {
	snapshot, leave, err := o.node.open(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	own, err := o.node.vouchers(ctx, snapshot)
	if err != nil {
		return false, err
	}
	x := &excerpt{
		outlet: o, ctx: ctx, own: own, snapshot: snapshot, limits: make(map[event.Origin]uint64),
		heads: make(map[event.Origin][]event.SignedHead), last: make(map[event.Origin]*event.Entry),
	}
	after, err := x.prepare()
	if err != nil {
		return false, err
	}
	if err := x.read(after); err != nil {
		return false, err
	}
	if o.pending && x.covers(o.goal) {
		o.pending = false
		return true, nil
	}
	return false, nil
}

// prepare finds out how far each log can be sent, and returns from where on.
func (x *excerpt) prepare() (after event.Cursor, err error) {
	var goal event.Cursor
	for _, p := range x.snapshot.Cursor().Positions() {
		limit, err := x.limit(p)
		if err != nil {
			return after, err
		}
		x.limits[p.Origin] = limit.Seq
		from := event.Position{Origin: p.Origin, Seq: x.sent[p.Origin]}
		if limit.Seq <= from.Seq {
			from.Seq = p.Seq // there is nothing to be read
		}
		after = after.With(from)
		goal = goal.With(limit)
	}
	if x.pending && x.goal.IsZero() {
		x.goal = goal
	}
	return after, nil
}

// limit is how far the log that ends at p can be sent: as far as somebody vouches for
// it, and not at all without a certificate.
func (x *excerpt) limit(p event.Position) (event.Position, error) {
	none := event.Position{Origin: p.Origin}
	if x.refused[p.Origin] || x.trusts.check(p.Origin) != nil {
		return none, nil
	}
	if p.Seq <= x.sent[p.Origin] {
		return p, nil
	}
	if _, ok, err := x.certificate(p.Origin); !ok || err != nil {
		return none, err
	}
	if _, ok := x.own[p.Origin]; ok {
		return p, nil
	}
	heads, err := headsIn(x.ctx, x.snapshot, p.Origin, x.sent[p.Origin])
	if err != nil || len(heads) == 0 {
		return none, err
	}
	x.heads[p.Origin] = heads
	return heads[len(heads)-1].Position(), nil
}

// certificate returns that of an origin; ok is false if there is none.
func (x *excerpt) certificate(o event.Origin) (c event.Certificate, ok bool, err error) {
	if v, ok := x.own[o]; ok {
		return v.certificate, !v.certificate.System.IsZero(), nil
	}
	return x.node.certificateIn(x.ctx, x.snapshot, o)
}

// read goes through the logs and sends.
func (x *excerpt) read(after event.Cursor) error {
	for e, err := range x.snapshot.Log(x.ctx, after) {
		if err != nil {
			return err
		}
		if e.Seq > x.limits[e.Origin] {
			continue
		}
		if x.message == nil && x.full() {
			return nil
		}
		if err := x.add(e); err != nil {
			return err
		}
	}
	return x.flush()
}

// add makes an entry part of the message.
func (x *excerpt) add(e *event.Entry) error {
	size := e.Size()
	if size > entriesRoom {
		if err := x.flush(); err != nil {
			return err
		}
		if err := x.whole(e); err != nil {
			return err
		}
		size = 0
	} else {
		if err := x.show(e.Origin); err != nil {
			return err
		}
		x.message.Entries = append(x.message.Entries, e)
	}
	x.size += size
	x.last[e.Origin] = e
	if heads := x.heads[e.Origin]; len(heads) > 0 && heads[0].Seq == e.Seq {
		x.message.Heads = append(x.message.Heads, heads[0])
		x.heads[e.Origin] = heads[1:]
	}
	if x.size >= entriesBytes || len(x.message.Entries) == wire.MaxItems {
		return x.flush()
	}
	return nil
}

// show has the certificate of an origin come before its first entry.
func (x *excerpt) show(o event.Origin) error {
	if x.message == nil {
		x.message = new(wire.Entries)
	}
	if x.shown[o] {
		return nil
	}
	c, ok, err := x.certificate(o)
	if ok {
		x.shown[o] = true
		x.message.Certificates = append(x.message.Certificates, c)
	}
	return err
}

// whole sends an entry that is too large for a message, and leaves room for its head.
func (x *excerpt) whole(e *event.Entry) error {
	if err := x.show(e.Origin); err != nil {
		return err
	}
	if err := x.emit(x.message); err != nil {
		return err
	}
	x.message = new(wire.Entries)
	encoded := e.AppendTo(nil)
	for len(encoded) > pieceBytes {
		if err := x.emit(&wire.Piece{More: true, Bytes: encoded[:pieceBytes]}); err != nil {
			return err
		}
		encoded = encoded[pieceBytes:]
	}
	return x.emit(&wire.Piece{Bytes: encoded})
}

// flush sends the message.
func (x *excerpt) flush() error {
	if x.message == nil {
		return nil
	}
	x.vouch()
	if err := x.emit(x.message); err != nil {
		return err
	}
	x.entries += uint64(len(x.message.Entries))
	for o, e := range x.last {
		x.sent[o] = e.Seq
	}
	x.message, x.size = nil, 0
	clear(x.last)
	return nil
}

// vouch signs the last entries in the message of the logs that are written in this store.
func (x *excerpt) vouch() {
	first := len(x.message.Heads)
	for o, e := range x.last {
		if v, ok := x.own[o]; ok {
			x.message.Heads = append(x.message.Heads, event.SignHead(v.key, e.Seq, e.Hash(), false))
		}
	}
	sortHeads(x.message.Heads[first:])
}

// covers reports whether a cursor was sent whole.
func (o *outlet) covers(c event.Cursor) bool {
	for _, p := range c.Positions() {
		if !o.refused[p.Origin] && o.sent[p.Origin] < p.Seq {
			return false
		}
	}
	return true
}

// had notes what the other side has without being sent it.
func (o *outlet) had(logs map[event.Origin]uint64) {
	for origin, seq := range logs {
		o.sent[origin] = max(o.sent[origin], seq)
	}
}

func newOutlet(n *Node, t trust) *outlet {
	return &outlet{
		node: n, trusts: t, full: func() bool { return false },
		shown: make(map[event.Origin]bool), refused: make(map[event.Origin]bool),
	}
}
