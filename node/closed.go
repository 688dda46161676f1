package node

import (
	"context"
	"errors"
	"math"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
)

// Under metaClosed and an origin stands the statement by which it has given up its log:
// how much of it there was then. What others have seen beyond that may be lost. See
// [Node.CloseOrigin] and [Node.renew].
const metaClosed = "node/closed/"

func closedMeta(h event.SignedHead) storage.MetaChange {
	return storage.MetaChange{Key: metaClosed + h.Origin.String(), Value: h.AppendTo(nil)}
}

// errClosedLog ends a connection. The client dials again, and is told.
var errClosedLog = &RefusedError{Code: wire.CodeClosing, Text: "a log was closed"}

// CloseOrigin has a durable node give up its log, and go on under a new origin with a
// new key, for a store that was restored from an old copy: what was committed after
// that was made is not in it, though others may have seen it. Call it before the node
// accepts anything or serves anybody; the command `ank restored` does. It is not needed
// where another durable node has what is missing and is met first, see the package
// documentation.
//
// Whoever connects is told. A client that has seen more than there is here goes on with
// what there is, instead of waiting for the rest, and delivers again what it had
// committed and was told to be in that rest, as far as it keeps it: the last 1,024
// transactions, of 4 MiB in all. They keep their IDs, and are judged anew.
//
// Make another copy soon after: the log of the new origin is closed by whoever has its key,
// and the old copy does not. If that is restored once more, clients that have seen the new
// log find the node behind until [Node.GoBack] is called on them, and only then deliver
// again what they had committed there.
//
// The new origin is certified if the system's root key is held here; otherwise its log
// stays here until [Node.Enrol]. If the store can be shared, the logs of other processes
// that have written there are closed too, and no other process may have it open: it
// counts as one that does for half a minute after it was last there. On an ephemeral node
// the error is ErrEphemeral.
func (n *Node) CloseOrigin(ctx context.Context) error {
	if ctx == nil {
		return errNoContext
	}
	ctx, leave, err := n.visit(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if n.sharing != nil {
		if err := n.sharing.closeOthers(ctx); err != nil {
			return err
		}
	}
	return n.renew(ctx, n.Origin(), math.MaxUint64) // others may have all that is in it, and keep it
}

// closedIn reads which logs were given up, wire.MaxClosed at the most.
func closedIn(ctx context.Context, s storage.Snapshot) (map[event.Origin]event.SignedHead, error) {
	all := make(map[event.Origin]event.SignedHead)
	for m, err := range s.MetaScan(ctx, metaClosed) {
		if err != nil {
			return nil, err
		}
		h, err := event.DecodeSignedHead(m.Value)
		if err != nil {
			return nil, &storage.CorruptError{What: "end of a log that was closed", Key: []byte(m.Key), Err: err}
		}
		if all[h.Origin] = h; len(all) == wire.MaxClosed {
			break
		}
	}
	return all, nil
}

// isClosed reports whether an origin has given up its log, as far as a snapshot tells.
func isClosed(ctx context.Context, s storage.Snapshot, o event.Origin) (bool, error) {
	_, err := s.Meta(ctx, metaClosed+o.String())
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// closedLogs is what there is to be told of logs that were given up; nil if nothing is.
func (n *Node) closedLogs(ctx context.Context) (*wire.Closed, error) {
	s, leave, err := n.open(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	all, err := closedIn(ctx, s)
	if len(all) == 0 || err != nil {
		return nil, err
	}
	m := new(wire.Closed)
	for _, h := range all {
		m.Heads = append(m.Heads, h)
	}
	sortHeads(m.Heads)
	return m, nil
}

// spreadClosed has everybody told who is connected.
func (n *Node) spreadClosed(heads ...event.SignedHead) {
	for _, s := range n.visits.all() {
		if s.isServing() {
			s.cancel(errClosedLog)
		}
	}
	for _, r := range n.replicas.all() {
		if err := r.mention(&wire.Closed{Heads: heads}); err != nil {
			r.cancel(err)
		}
	}
}

// sayClosed says it to the ephemeral node at the other end, before anything else.
func (s *server) sayClosed() error {
	m, err := s.closedLogs(s.ctx)
	if m == nil || err != nil {
		return err
	}
	return s.sendWithin(s.ctx, m)
}

// sayClosed says it once to the durable node at the other end, which has to know the
// origins first.
func (r *replica) sayClosed() error {
	if r.saidClosed {
		return nil
	}
	r.saidClosed = true
	m, err := r.node.closedLogs(r.ctx)
	if m == nil || err != nil {
		return err
	}
	return r.send(m)
}

// hearClosed takes in what another durable node says of logs that were given up. Only
// what concerns origins that the system has certified is kept. Only the reader calls it.
func (r *replica) hearClosed(m *wire.Closed) error {
	n := r.node
	s, leave, err := n.open(r.ctx)
	if err != nil {
		return err
	}
	defer leave()
	known, err := closedIn(r.ctx, s)
	if err != nil {
		return err
	}
	var fresh []event.SignedHead
	var meta []storage.MetaChange
	for _, h := range m.Heads {
		_, certified, err := n.certificateIn(r.ctx, s, h.Origin)
		if _, shown := r.in.certificates[h.Origin]; shown {
			certified = true
		}
		switch end, is := known[h.Origin]; {
		case err != nil:
			return err
		case is && end.Seq <= h.Seq, !certified, h.Origin == n.Origin(), len(known)+len(fresh) >= wire.MaxClosed:
			continue
		case !h.Closed, h.Verify() != nil:
			return &RefusedError{Code: wire.CodeProtocol, Text: "a log is said to be closed, and its origin has not signed that"}
		}
		fresh, meta = append(fresh, h), append(meta, closedMeta(h))
	}
	if len(fresh) == 0 {
		return nil
	}
	if err := n.committer.note(r.ctx, meta...); err != nil {
		return err
	}
	n.spreadClosed(fresh...)
	return nil
}
