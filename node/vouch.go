package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// What a node keeps in its engine's Meta map about the logs of others: who they are,
// and signed heads that lie behind the newest one. Without these nobody who begins
// at the beginning of a long log could verify it piece by piece.
const (
	metaOrigins     = "node/origin/" // and the origin: its certificate
	metaCheckpoints = "node/head/"   // and the origin, a slash and the seq: a signed head

	checkpointBytes = 1 << 20 // of entries, at most, between two checkpoints, or markEvery entries
)

func certificateMeta(c event.Certificate) storage.MetaChange {
	return storage.MetaChange{Key: metaOrigins + c.Subject.String(), Value: c.AppendTo(nil)}
}

func checkpoint(h *event.SignedHead) storage.MetaChange {
	return storage.MetaChange{Key: fmt.Sprintf("%s%v/%016x", metaCheckpoints, h.Origin, h.Seq), Value: h.AppendTo(nil)}
}

// certificateIn returns the certificate of an origin, this node's own included; ok is
// false if there is none.
func (n *Node) certificateIn(ctx context.Context, s storage.Snapshot, o event.Origin) (c event.Certificate, ok bool, err error) {
	if c, ok = n.Certificate(); ok && c.Subject == o {
		return c, true, nil
	}
	b, err := s.Meta(ctx, metaOrigins+o.String())
	if errors.Is(err, storage.ErrNotFound) {
		return c, false, nil
	}
	if err == nil {
		c, err = event.DecodeCertificate(b)
	}
	if err != nil {
		return c, false, fmt.Errorf("the certificate of origin %s: %w", o.Short(), err)
	}
	return c, true, nil
}

// voucher is what this node vouches with for a log that is written in its store.
type voucher struct {
	key         event.PrivateKey
	certificate event.Certificate // zero: the origin is not certified
}

// vouchers returns what there is for the logs that are written in this node's store: its
// own, and those of the other processes if it shares the store.
func (n *Node) vouchers(ctx context.Context, s storage.Snapshot) (map[event.Origin]voucher, error) {
	n.identityMu.RLock()
	own := voucher{n.identity.key, n.identity.certificate}
	n.identityMu.RUnlock()
	all := map[event.Origin]voucher{own.key.Public(): own}
	if n.sharing == nil {
		return all, nil
	}
	return all, n.sharing.vouchers(ctx, s, all)
}

// isCertified reports whether the certificate of an origin is kept here.
func (n *Node) isCertified(ctx context.Context, o event.Origin) (bool, error) {
	s, leave, err := n.open(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	_, ok, err := n.certificateIn(ctx, s, o)
	return ok, err
}

// headsIn returns the signed heads of another origin's log beyond seq, in order.
func headsIn(ctx context.Context, s storage.Snapshot, o event.Origin, seq uint64) ([]event.SignedHead, error) {
	newest, err := s.SignedHead(ctx, o)
	if errors.Is(err, storage.ErrNotFound) || err == nil && newest.Seq <= seq {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	const few = 64
	if newest.Seq <= seq+few {
		return []event.SignedHead{newest}, nil
	}
	var heads []event.SignedHead
	for v, err := range s.MetaScan(ctx, fmt.Sprintf("%s%v/", metaCheckpoints, o)) {
		if err != nil {
			return nil, err
		}
		h, err := event.DecodeSignedHead(v.Value)
		if err != nil {
			return nil, fmt.Errorf("a signed head of origin %s: %w", o.Short(), err)
		}
		if h.Seq > seq && h.Seq < newest.Seq {
			heads = append(heads, h)
		}
	}
	return append(heads, newest), nil
}

// forks compares a peer's positions with the logs here, and returns those that lie in
// a log which is another one here.
func (n *Node) forks(ctx context.Context, theirs event.Cursor) ([]*ReplicaError, error) {
	s, leave, err := n.open(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var forks []*ReplicaError
	for _, p := range theirs.Positions() {
		at, ok := s.Cursor().At(p.Origin)
		if !ok || at.Seq < p.Seq {
			continue
		}
		if at.Seq > p.Seq {
			entry, err := readEntry(ctx, s, p.Origin, p.Seq)
			if err != nil {
				return nil, err
			}
			at = entry.Position()
		}
		if at.Short != p.Short {
			problem := &event.LogError{Origin: p.Origin, Seq: p.Seq, Problem: event.Forked}
			forks = append(forks, &ReplicaError{Origin: p.Origin, Seq: p.Seq, Reason: problem})
		}
	}
	return forks, nil
}

// sortHeads orders what came out of a map, so that it is the same every time.
func sortHeads(heads []event.SignedHead) {
	slices.SortFunc(heads, func(a, b event.SignedHead) int { return bytes.Compare(a.Origin[:], b.Origin[:]) })
}
