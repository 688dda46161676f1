package node

import (
	"context"
	"iter"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
)

// authored is an event, its address, and whom the acceptor attests to be its
// author.
type authored struct {
	storage.Stored
	author string
}

// History yields an entity's versions in ID order, one for each of its events: the
// event with its transaction, its author and its address in the logs, and the
// entity as that event and all that are older left it. Of an entity that does not
// exist it yields entity.ErrNotFound.
func (s *Session) History(ctx context.Context, m *model.Schema, id event.ID) iter.Seq2[entity.Version[entity.View], error] {
	return func(yield func(entity.Version[entity.View], error) bool) {
		var none entity.Version[entity.View]
		if err := s.may(ctx, m); err != nil {
			yield(none, err)
			return
		}
		f := entity.NewFolder(m.Collection(), id)
		found := false
		for e, err := range s.node.role.events(ctx, s, m, id) {
			if err == nil {
				_, err = f.Add(e.Event)
			}
			if err != nil {
				yield(none, err)
				return
			}
			found = true
			version := entity.Version[entity.View]{
				View: viewOf(m, recordOf(f.State(), m)), Event: e.Event,
				Tx: e.Tx, Author: e.author, Origin: e.Origin, Seq: e.Seq,
			}
			if !yield(version, nil) {
				return
			}
		}
		if !found {
			yield(none, &entity.EntityError{Model: m.Model(), ID: id, Reason: entity.ErrNotFound})
		}
	}
}

func (d durable) events(ctx context.Context, _ *Session, m *model.Schema, id event.ID) iter.Seq2[authored, error] {
	return func(yield func(authored, error) bool) {
		snapshot, leave, err := d.open(ctx)
		if err != nil {
			yield(authored{}, err)
			return
		}
		defer leave()
		for e, err := range snapshot.Events(ctx, id, nil) {
			if err == nil && e.Event.Collection != m.Collection() {
				continue
			}
			var entry *event.Entry
			if err == nil {
				entry, err = readEntry(ctx, snapshot, e.Origin, e.Seq)
			}
			if err != nil {
				yield(authored{}, err)
				return
			}
			if !yield(authored{Stored: e, author: entry.Author}, nil) {
				return
			}
		}
	}
}
