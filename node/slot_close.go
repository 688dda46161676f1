package node

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// closeOthers closes the logs of all other slots, see [Node.CloseOrigin]: who takes one
// next begins another log. Nobody may have one.
func (s *sharing) closeOthers(ctx context.Context) error {
	for number := 1; ; {
		if number == s.slot.number {
			number++
			continue
		}
		more, err := s.closeSlot(ctx, number)
		switch {
		case errors.Is(err, storage.ErrConflict): // its holder has woken up just now
		case err != nil:
			return fmt.Errorf("closing the log of slot %d: %w", number, err)
		case !more:
			return nil
		default:
			number++
		}
	}
}

// closeSlot closes the log of one slot. It reports false if there is no such slot.
func (s *sharing) closeSlot(ctx context.Context, number int) (exists bool, err error) {
	snapshot, leave, err := s.node.open(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	held, err := s.slot.raw(ctx, snapshot, metaSlots+strconv.Itoa(number))
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	l, err := decodeLease(held)
	if err != nil {
		return false, err
	}
	seen, err := seenAt(ctx, snapshot, number)
	if err != nil {
		return false, err
	}
	if l.holder != ([16]byte{}) && time.Since(seen) <= slotSilence {
		return false, errors.New("another process has the store open")
	}
	// Its holder may only have been paused: it is not to write on when it wakes up.
	place := metaSlots + strconv.Itoa(number)
	b := &storage.Batch{
		Holds: []storage.MetaValue{{Key: place, Value: held}, {Key: s.slot.leaseKey(), Value: s.slot.lease}},
		Meta:  []storage.MetaChange{{Key: place, Value: lease{epoch: l.epoch + 1}.append(nil)}},
	}
	end, err := s.giveUp(ctx, snapshot, number, b)
	if end == nil || err != nil {
		return true, err
	}
	if err := s.slot.Engine.Commit(ctx, b); err != nil {
		return true, err
	}
	s.node.spreadClosed(*end)
	return true, nil
}

// giveUp is what there is to be stored when the log of another slot is closed; nil if it
// has none.
func (s *sharing) giveUp(ctx context.Context, snapshot storage.Snapshot, number int, b *storage.Batch) (*event.SignedHead, error) {
	key, err := s.slot.keyOf(ctx, snapshot, number)
	if key.IsZero() || err != nil {
		return nil, err
	}
	certificate, err := s.slot.certificateOf(ctx, snapshot, number)
	if err != nil {
		return nil, err
	}
	if !certificate.System.IsZero() {
		b.Meta = append(b.Meta, certificateMeta(certificate))
	}
	// Who comes next need not read what is here.
	m := mark{cursor: snapshot.Cursor(), last: s.node.clock.Last()}
	at, _ := m.cursor.At(key.Public())
	at.Origin = key.Public()
	b.Expect = []event.Position{at} // what comes after it would be nobody's
	other := &slot{number: number}
	b.Meta = append(b.Meta, storage.MetaChange{Key: other.place(metaMark), Value: m.appendTo(nil)},
		storage.MetaChange{Key: other.place(metaKey)}, storage.MetaChange{Key: other.place(metaCertificate)})
	return signAll(ctx, snapshot, key, snapshot.Cursor(), b)
}
