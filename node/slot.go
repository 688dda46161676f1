package node

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/internal/codec"
	"github.com/ankgo/ank/storage"
)

// Several processes may have nodes over one store, if its engine is a [storage.Shared].
// Each has a slot: an origin with its key, certificate and log, which lie in the store. A
// process leases a free slot when it opens its node, and gives it back when it closes it.
// The slot of one that crashed is taken over by whoever comes next.
//
// What is safe does not depend on clocks, or on processes that are quick:
//
//   - L1. The lease is a value in the store that changes whenever the slot changes hands.
//     Every batch of a node holds it against the store ([storage.Batch.Holds]). So a process
//     that was paused, and wakes up when its slot is somebody else's, cannot write.
//   - L2. A slot is taken by a batch that holds the lease as it was. Of several who want
//     it one gets it.
//   - L3. The end of a slot's log is read after it was taken. Nobody else appends to it.
//
// Clocks decide only when a slot counts as given up: its holder says every few seconds
// that it is there. If their clocks are more than slotSilence apart, one process may take
// the slot of another that works, which then ends.

const (
	metaSlots = "node/slots/" // and the slot's number: the lease
	metaBeat  = "node/beat/"  // and the slot's number: when its holder was last there
	metaSlot  = "node/slot/"  // and the slot's number: before the keys of all slots but the first

	slotSilence = 30 * time.Second // after which a slot counts as given up
	slotBeat    = 5 * time.Second  // between two signs of life
	maxSlots    = 1024
)

// ErrSlotLost: another process has taken over this node's log, since it seemed to be
// gone. The node writes nothing more; another one can be opened.
var ErrSlotLost = errors.New("another process has taken over the log of this node")

// lease says who has a slot.
type lease struct {
	epoch  uint64   // how often it has changed hands
	holder [16]byte // random; zero: nobody
}

func (l lease) append(b []byte) []byte {
	return append(codec.AppendUvarint(b, l.epoch), l.holder[:]...)
}

func decodeLease(b []byte) (l lease, err error) {
	r := codec.NewReader(b)
	l.epoch = r.Uvarint()
	copy(l.holder[:], r.Fixed(len(l.holder)))
	return l, r.Done()
}

// slot is the engine as the holder of a slot sees it: the keys of its own are in their
// place, and every batch holds the lease.
type slot struct {
	storage.Engine
	number int
	lease  []byte
}

// slotKeys are those of which every slot has its own.
var slotKeys = []string{metaKey, metaCertificate, metaMark, metaAhead}

// place is where a key of the slot's own lies in the store.
func (s *slot) place(key string) string {
	if s.number > 1 && slices.Contains(slotKeys, key) {
		return slotPrefix(s.number) + strings.TrimPrefix(key, "node/")
	}
	return key
}

func slotPrefix(number int) string { return metaSlot + strconv.Itoa(number) + "/" }

// takeSlot leases a slot of a store that is shared.
func takeSlot(ctx context.Context, engine storage.Engine, now time.Time) (*slot, error) {
	for {
		number, old, err := freeSlot(ctx, engine, now)
		if err != nil {
			return nil, err
		}
		next := lease{epoch: old.epoch + 1}
		if _, err := rand.Read(next.holder[:]); err != nil {
			return nil, err
		}
		s := &slot{Engine: engine, number: number}
		var was []byte
		if old.epoch > 0 {
			was = old.append(nil)
		}
		b := &storage.Batch{
			Holds: []storage.MetaValue{{Key: s.leaseKey(), Value: was}},
			Meta:  []storage.MetaChange{{Key: s.leaseKey(), Value: next.append(nil)}, s.sign(now)},
		}
		err = engine.Commit(ctx, b)
		if err == nil {
			s.lease = next.append(nil)
			return s, nil
		}
		if !errors.Is(err, storage.ErrConflict) { // with which somebody else has this one
			return nil, fmt.Errorf("taking a slot of the store: %w", err)
		}
	}
}

// freeSlot finds a slot that nobody has, a new one if need be, and what its lease is.
func freeSlot(ctx context.Context, engine storage.Engine, now time.Time) (number int, l lease, err error) {
	s, err := engine.Snapshot(ctx)
	if err != nil {
		return 0, l, err
	}
	defer s.Close()
	for number = 1; number <= maxSlots; number++ {
		b, err := s.Meta(ctx, metaSlots+strconv.Itoa(number))
		if errors.Is(err, storage.ErrNotFound) {
			return number, lease{}, nil
		}
		if err == nil {
			l, err = decodeLease(b)
		}
		if err != nil {
			return 0, l, fmt.Errorf("slot %d: %w", number, err)
		}
		seen, err := seenAt(ctx, s, number)
		if err != nil {
			return 0, l, err
		}
		if l.holder == ([16]byte{}) || now.Sub(seen) > slotSilence {
			return number, l, nil
		}
	}
	return 0, l, fmt.Errorf("%d processes have the store open", maxSlots)
}

func seenAt(ctx context.Context, s storage.Snapshot, number int) (time.Time, error) {
	b, err := s.Meta(ctx, metaBeat+strconv.Itoa(number))
	if errors.Is(err, storage.ErrNotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	r := codec.NewReader(b)
	at := r.Varint()
	return time.UnixMicro(at), r.Done()
}

func (s *slot) leaseKey() string { return metaSlots + strconv.Itoa(s.number) }

// sign is a sign of life.
func (s *slot) sign(now time.Time) storage.MetaChange {
	return storage.MetaChange{Key: metaBeat + strconv.Itoa(s.number), Value: codec.AppendVarint(nil, now.UnixMicro())}
}

// beat leaves a sign of life.
func (s *slot) beat(ctx context.Context, now time.Time) error {
	return s.Commit(ctx, &storage.Batch{Meta: []storage.MetaChange{s.sign(now)}})
}

// giveBack lets others have the slot.
func (s *slot) giveBack(ctx context.Context) error {
	l, err := decodeLease(s.lease)
	if err != nil {
		return err
	}
	free := lease{epoch: l.epoch + 1}
	return s.Commit(ctx, &storage.Batch{Meta: []storage.MetaChange{{Key: s.leaseKey(), Value: free.append(nil)}}})
}

// Commit commits a batch if the slot is still held.
func (s *slot) Commit(ctx context.Context, b *storage.Batch) error {
	held := *b
	held.Holds = append(slices.Clip(b.Holds), storage.MetaValue{Key: s.leaseKey(), Value: s.lease})
	held.Meta = slices.Clone(b.Meta)
	for i := range held.Meta {
		held.Meta[i].Key = s.place(held.Meta[i].Key)
	}
	err := s.Engine.Commit(ctx, &held)
	var conflict *storage.ConflictError
	if errors.As(err, &conflict) && slices.Contains(conflict.Meta, s.leaseKey()) {
		return ErrSlotLost
	}
	return err
}

// States are what a snapshot's are: records are the same for all slots.
func (s *slot) States(ctx context.Context, keys []storage.Key) ([]*storage.Record, error) {
	return storage.States(ctx, s.Engine, keys)
}

// Snapshot shows the store as the holder of the slot sees it.
func (s *slot) Snapshot(ctx context.Context) (storage.Snapshot, error) {
	snapshot, err := s.Engine.Snapshot(ctx)
	if err != nil || s.number == 1 {
		return snapshot, err
	}
	return slotSnapshot{storage.Passing{Snapshot: snapshot}, s}, nil
}

// slotSnapshot is a snapshot with the keys of a slot in their place.
type slotSnapshot struct {
	storage.Passing
	slot *slot
}

// Meta implements [storage.Snapshot].
func (s slotSnapshot) Meta(ctx context.Context, key string) ([]byte, error) {
	return s.Passing.Meta(ctx, s.slot.place(key))
}

// raw reads a key where it lies in the store.
func (s *slot) raw(ctx context.Context, snapshot storage.Snapshot, key string) ([]byte, error) {
	if mine, ok := snapshot.(slotSnapshot); ok {
		snapshot = mine.Snapshot
	}
	return snapshot.Meta(ctx, key)
}

// slotExists reports whether a slot was ever taken.
func slotExists(ctx context.Context, snapshot storage.Snapshot, number int) (bool, error) {
	_, err := snapshot.Meta(ctx, metaSlots+strconv.Itoa(number))
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// keyOf returns the key of the log of any slot; zero if it has none yet.
func (s *slot) keyOf(ctx context.Context, snapshot storage.Snapshot, number int) (key event.PrivateKey, err error) {
	b, err := s.raw(ctx, snapshot, (&slot{number: number}).place(metaKey))
	if errors.Is(err, storage.ErrNotFound) {
		return key, nil
	}
	if err != nil {
		return key, err
	}
	if key, err = event.KeyFromBytes(b); err != nil {
		return key, &storage.CorruptError{What: "key of slot " + strconv.Itoa(number), Err: err}
	}
	return key, nil
}

// certificateOf returns the certificate of the origin of any slot; zero if it has none.
func (s *slot) certificateOf(ctx context.Context, snapshot storage.Snapshot, number int) (c event.Certificate, err error) {
	b, err := s.raw(ctx, snapshot, (&slot{number: number}).place(metaCertificate))
	if errors.Is(err, storage.ErrNotFound) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	if c, err = event.DecodeCertificate(b); err != nil {
		return c, &storage.CorruptError{What: "certificate of slot " + strconv.Itoa(number), Err: err}
	}
	return c, nil
}
