package node

import (
	"context"
	"slices"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// show puts the pending events of some entities on what is confirmed of them, and
// lets the live queries see it. It needs the keeper's token.
func (e *ephemeral) show(ctx context.Context, keys []entity.Key) error {
	if err := e.putOnAll(ctx, keys); err != nil {
		return err
	}
	e.tell(keys)
	return nil
}

// putOnAll puts the pending events of some entities on what is confirmed of them.
// It needs the keeper's token.
func (e *ephemeral) putOnAll(ctx context.Context, keys []entity.Key) error {
	if !slices.ContainsFunc(keys, func(key entity.Key) bool { return e.outbox.touched[key] != nil }) {
		return nil
	}
	snapshot, err := e.engine.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer snapshot.Close()
	for _, key := range keys {
		if err := e.showOne(ctx, snapshot, key); err != nil {
			return err
		}
	}
	return nil
}

// tell lets the live queries see that entities are shown otherwise.
func (e *ephemeral) tell(keys []entity.Key) {
	changed := make(map[string][]event.ID)
	for _, key := range keys {
		changed[key.Collection] = append(changed[key.Collection], key.ID)
	}
	for _, l := range e.all() {
		switch ids := changed[l.schema.Collection()]; {
		case l.groups != nil: // what is pending is counted once the peer has it
		case l.looksAt(changed):
			l.update(nil, nil)
		case len(ids) > 0:
			l.update(ids, nil)
		}
	}
}

// showMore puts the events of the newest pending transaction on what was shown
// before, and lets the live queries see it. It needs the keeper's token.
func (e *ephemeral) showMore(tx *event.Transaction) error {
	var afresh []entity.Key
	for _, ev := range tx.Events {
		key := entity.Key{Collection: ev.Collection, ID: ev.Entity}
		t := e.outbox.touched[key]
		if t.shown == nil {
			afresh = append(afresh, key)
			continue
		}
		shown, err := putOn(e.ctx, t.shown, []*event.Event{ev}, e.models.of(ev.Collection))
		if err != nil {
			afresh = append(afresh, key)
			continue
		}
		e.mu.Lock()
		t.show(shown)
		e.mu.Unlock()
	}
	if len(afresh) > 0 {
		return e.show(e.ctx, keysOf(tx))
	}
	e.tell(keysOf(tx))
	return nil
}

func (e *ephemeral) showOne(ctx context.Context, s storage.Snapshot, key entity.Key) error {
	t := e.outbox.touched[key]
	if t == nil {
		return nil
	}
	confirmed, err := heldIn(ctx, s, key.Collection, key.ID)
	if err != nil {
		return err
	}
	var on event.Stamp
	if confirmed != nil {
		on = confirmed.Stamp
	}
	if !t.wrong && confirmed != nil && t.shown != nil && confirmed.Row.Head.Equal(eventsOf(key, t.by[:1])[0].Precursors) {
		// Nobody else wrote to it: what was confirmed is what was shown below the
		// first event that is still pending.
		e.mu.Lock()
		t.show(t.shown)
		t.on = on
		e.mu.Unlock()
		return nil
	}
	shown, err := putOn(ctx, confirmed, eventsOf(key, t.by), e.models.of(key.Collection))
	if err != nil {
		// What came from the peer is broken. The events are kept and delivered.
		e.logger.Error("pending changes cannot be shown", "entity", key.ID.String(), "error", err)
		shown = confirmed
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	t.wrong, t.on = err != nil, on
	if t.shown = shown; !t.wrong {
		t.show(shown)
	}
	return nil
}
