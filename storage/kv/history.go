package kv

import (
	"context"
	"iter"
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/internal/codec"
	"github.com/ankgo/ank/storage"
)

// address tells where an event is logged.
type address struct {
	origin, seq uint64
	index       int      // among the entry's events
	tx          event.ID // the transaction the event belongs to
}

// appendAddress encodes the address of e's event number i. The transaction is
// left out if the event's ID tells it.
func appendAddress(b []byte, origin uint64, e *event.Entry, i int, ev *event.Event) []byte {
	b = codec.AppendUvarint(b, origin)
	b = codec.AppendUvarint(b, e.Seq)
	b = codec.AppendUvarint(b, uint64(i))
	tx := e.Tx.ID
	if i >= len(e.Tx.Events) {
		tx = e.AddedID()
	}
	if tx != ev.ID.Transaction() {
		b = append(b, tx[:]...)
	}
	return b
}

func decodeAddress(id event.ID, b []byte) (address, error) {
	var r codec.Reader
	r.Reset(b)
	a := address{origin: r.Uvarint(), seq: r.Uvarint(), tx: id.Transaction()}
	a.index = int(min(r.Uvarint(), 2*event.MaxTransactionEvents))
	if r.Len() > 0 {
		copy(a.tx[:], r.Fixed(idSize))
	}
	if err := r.Done(); err != nil {
		return a, &storage.CorruptError{What: "address of event " + id.String(), Err: err}
	}
	return a, nil
}

// history reads the events of one entity. It remembers the entry it read last:
// neighbours in a history are often neighbours in a log.
type history struct {
	catalog *catalog
	reader  Reader
	entity  event.ID

	origin, seq uint64
	entry       *event.Entry
}

// stored reads the event at an address.
func (h *history) stored(id event.ID, a address) (storage.Stored, error) {
	if err := h.load(a); err != nil {
		return storage.Stored{}, err
	}
	events := h.entry.Tx.Events
	i := a.index
	if i >= len(events) {
		i -= len(events)
		events = h.entry.Added
	}
	if i >= len(events) || events[i].ID != id {
		return storage.Stored{}, &storage.CorruptError{What: "event " + id.String()}
	}
	return storage.Stored{Event: events[i], Tx: a.tx, Origin: h.entry.Origin, Seq: a.seq}, nil
}

func (h *history) load(a address) error {
	if h.entry != nil && h.origin == a.origin && h.seq == a.seq {
		return nil
	}
	origin, _ := h.catalog.origin(a.origin)
	key := appendLogKey(nil, a.origin, a.seq)
	b, ok, err := h.reader.Get(key, nil)
	if err != nil {
		return err
	}
	if !ok {
		return corruptEntry(origin, a.seq, nil)
	}
	entry, err := event.DecodeEntry(b)
	if err != nil {
		return corruptEntry(origin, a.seq, err)
	}
	h.origin, h.seq, h.entry = a.origin, a.seq, entry
	return nil
}

func (s *snapshot) Event(ctx context.Context, entity, id event.ID) (storage.Stored, error) {
	r, a, err := s.address(ctx, entity, id)
	if err != nil {
		return storage.Stored{}, err
	}
	h := history{catalog: s.view.catalog, reader: r, entity: entity}
	return h.stored(id, a)
}

// Locate implements [storage.Locator].
func (s *snapshot) Locate(ctx context.Context, entity, id event.ID) (event.Origin, uint64, error) {
	_, a, err := s.address(ctx, entity, id)
	if err != nil {
		return event.Origin{}, 0, err
	}
	origin, ok := s.view.catalog.origin(a.origin)
	if !ok {
		return origin, 0, &storage.CorruptError{What: "address of event " + id.String()}
	}
	return origin, a.seq, nil
}

// address reads where an event is logged, and returns with what to read more.
func (s *snapshot) address(ctx context.Context, entity, id event.ID) (Reader, address, error) {
	r, err := s.reader(ctx)
	if err != nil {
		return nil, address{}, err
	}
	b, ok, err := r.Get(appendEventKey(nil, entity, id), nil)
	if err != nil {
		return nil, address{}, err
	}
	if !ok {
		return nil, address{}, storage.ErrNotFound
	}
	a, err := decodeAddress(id, b)
	return r, a, err
}

// Events reads the addresses of an entity's events. With an exception it first
// goes back through them from the newest: since an event's ID is greater than
// those of its precursors, everything below the exception has been met as a
// precursor before its own turn comes. Of the excepted past all events are
// decoded, up to the entity's creation; of the others, only those yielded.
func (s *snapshot) Events(ctx context.Context, entity event.ID, except event.Head) iter.Seq2[storage.Stored, error] {
	return func(yield func(storage.Stored, error) bool) {
		r, drop, err := s.hold(ctx)
		if err != nil {
			yield(storage.Stored{}, err)
			return
		}
		defer drop()
		h := &history{catalog: s.view.catalog, reader: r, entity: entity}
		if len(except) == 0 {
			h.forward(ctx, yield)
			return
		}
		wanted, err := h.beyond(ctx, except)
		if err != nil {
			yield(storage.Stored{}, err)
			return
		}
		for _, w := range slices.Backward(wanted) {
			st, err := h.stored(w.id, w.address)
			if !yield(st, err) || err != nil {
				return
			}
		}
	}
}

// forward yields all events in ID order.
func (h *history) forward(ctx context.Context, yield func(storage.Stored, error) bool) {
	it := scanPrefix(h.reader, appendEventsPrefix(nil, h.entity), false)
	for it.Next() {
		st, err := h.at(ctx, it)
		if !yield(st, err) || err != nil {
			it.Close()
			return
		}
	}
	if err := it.Close(); err != nil {
		yield(storage.Stored{}, err)
	}
}

func (h *history) at(ctx context.Context, it Iterator) (storage.Stored, error) {
	if err := ctx.Err(); err != nil {
		return storage.Stored{}, err
	}
	id := lastID(it.Key())
	a, err := decodeAddress(id, it.Value())
	if err != nil {
		return storage.Stored{}, err
	}
	return h.stored(id, a)
}

// addressed is an event not read yet.
type addressed struct {
	id event.ID
	address
}

// beyond returns the events that are neither in except nor ancestors of it,
// newest first.
func (h *history) beyond(ctx context.Context, except event.Head) ([]addressed, error) {
	past := make(map[event.ID]struct{}, len(except))
	for _, id := range except {
		past[id] = struct{}{}
	}
	var wanted []addressed
	it := scanPrefix(h.reader, appendEventsPrefix(nil, h.entity), true)
	for it.Next() {
		if err := ctx.Err(); err != nil {
			it.Close()
			return nil, err
		}
		id := lastID(it.Key())
		a, err := decodeAddress(id, it.Value())
		if err == nil {
			if _, ok := past[id]; ok {
				delete(past, id)
				err = h.descend(id, a, past)
			} else {
				wanted = append(wanted, addressed{id, a})
			}
		}
		if err != nil {
			it.Close()
			return nil, err
		}
	}
	return wanted, it.Close()
}

// descend adds the precursors of an excepted event to the past.
func (h *history) descend(id event.ID, a address, past map[event.ID]struct{}) error {
	st, err := h.stored(id, a)
	if err != nil {
		return err
	}
	for _, p := range st.Event.Precursors {
		past[p] = struct{}{}
	}
	return nil
}
