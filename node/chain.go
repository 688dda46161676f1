package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/internal/codec"
	"github.com/ankgo/ank/storage"
)

// markEvery is the number of entries between two marks and signed heads. A
// signature takes as long as a dozen commits, so there is none for each.
const markEvery = 4096

// mark is what a node notes about its logs from time to time and when it is
// closed, so that opening it reads only what came later: how far the logs were,
// the greatest ID that bound its clock, and the hash of its own last entry. The IDs
// that did not bind yet are noted with it, see metaAhead.
type mark struct {
	cursor event.Cursor
	last   event.ID
	hash   event.Digest
}

const markVersion = 1

func (m *mark) appendTo(b []byte) []byte {
	b = append(b, markVersion)
	b = append(b, m.last[:]...)
	b = append(b, m.hash[:]...)
	return codec.AppendBytes(b, m.cursor.AppendTo(nil))
}

func decodeMark(b []byte) (m mark, err error) {
	r := codec.NewReader(b)
	if version := r.Byte(); r.Err() == nil && version != markVersion {
		return m, &event.VersionError{What: "mark of the log", Version: version, Supported: markVersion}
	}
	copy(m.last[:], r.Fixed(len(m.last)))
	copy(m.hash[:], r.Fixed(len(m.hash)))
	cursor := r.Bytes(len(b))
	if err := r.Done(); err != nil {
		return m, err
	}
	m.cursor, err = event.DecodeCursor(cursor)
	return m, err
}

// resume finds out where the logs end and how far they were marked, and lets the
// clock see every ID that it has applied (C1), reading the logs from the last mark
// on.
func resume(ctx context.Context, s storage.Snapshot, origin event.Origin, clock *event.Clock) (end, marked reach, err error) {
	m, err := readMark(ctx, s)
	if err != nil {
		return end, marked, fmt.Errorf("reading the mark of the log: %w", err)
	}
	clock.Observe(m.last)
	if _, err := observeAhead(ctx, s, clock); err != nil {
		return end, marked, err
	}
	own, _ := m.cursor.At(origin)
	marked = reach{tip: tip{seq: own.Seq, hash: m.hash}, foreign: m.cursor.Without(origin)}
	t := marked.tip
	for entry, err := range s.Log(ctx, m.cursor) {
		if err != nil {
			return end, marked, fmt.Errorf("reading the log: %w", err)
		}
		observe(clock, entry)
		if entry.Origin != origin {
			continue
		}
		if entry.Prev != t.hash {
			return end, marked, &event.LogError{Origin: origin, Seq: entry.Seq, Problem: event.Tampered, Verified: own.Seq}
		}
		t = tip{seq: entry.Seq, hash: entry.Hash()}
	}
	return reach{tip: t, foreign: s.Cursor().Without(origin)}, marked, nil
}

// readMark returns the last mark, the zero one if there is none. A mark beyond
// what the store holds now is of no use: a store in relaxed mode may have lost
// what it speaks of.
func readMark(ctx context.Context, s storage.Snapshot) (mark, error) {
	b, err := s.Meta(ctx, metaMark)
	if errors.Is(err, storage.ErrNotFound) {
		return mark{}, nil
	}
	if err != nil {
		return mark{}, err
	}
	m, err := decodeMark(b)
	if err != nil {
		return mark{}, &storage.CorruptError{What: "mark of the log", Err: err}
	}
	if !s.Cursor().Covers(m.cursor) {
		return mark{last: m.last}, nil
	}
	return m, nil
}

// observe lets the clock see what an entry brought.
func observe(clock *event.Clock, entry *event.Entry) {
	last := entry.Tx.ID
	for _, e := range entry.Events() {
		if last.Less(e.ID) {
			last = e.ID
		}
	}
	clock.Observe(last)
}

// readTip reads where a log ends.
func readTip(ctx context.Context, s storage.Snapshot, origin event.Origin) (tip, error) {
	position, ok := s.Cursor().At(origin)
	if !ok {
		return tip{}, nil
	}
	entry, err := readEntry(ctx, s, origin, position.Seq)
	if err != nil {
		return tip{}, err
	}
	return tip{seq: entry.Seq, hash: entry.Hash()}, nil
}

// readEntry reads one entry of a log.
func readEntry(ctx context.Context, s storage.Snapshot, origin event.Origin, seq uint64) (*event.Entry, error) {
	before := s.Cursor().With(event.Position{Origin: origin, Seq: seq - 1})
	for entry, err := range s.Log(ctx, before) {
		return entry, err
	}
	return nil, &storage.CorruptError{What: fmt.Sprintf("entry %d of log %s", seq, origin.Short())}
}

// Cursor is how far the logs are that this node has stored: its own, and those
// it replicates.
func (n *Node) Cursor(ctx context.Context) (event.Cursor, error) {
	s, leave, err := n.open(ctx)
	if err != nil {
		return event.Cursor{}, err
	}
	defer leave()
	return s.Cursor(), nil
}

// SignedHead vouches, with the origin's signature, for the node's log as it is
// now. Making one takes 25 microseconds; nodes make them when others ask, every
// few thousand entries, and when they are closed.
func (n *Node) SignedHead(ctx context.Context) (event.SignedHead, error) {
	key := n.key()
	if key.IsZero() {
		return event.SignedHead{}, ErrEphemeral
	}
	s, leave, err := n.open(ctx)
	if err != nil {
		return event.SignedHead{}, err
	}
	defer leave()
	t, err := readTip(ctx, s, key.Public())
	if err != nil {
		return event.SignedHead{}, err
	}
	return event.SignHead(key, t.seq, t.hash, false), nil
}
