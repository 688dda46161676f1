package node

import (
	"context"
	"fmt"
	"strings"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
)

// metaModel begins the keys of the models that a node has learnt, before the name of
// the collection.
const metaModel = "node/model/"

// maxLearnt bounds how many collections a node takes from its peers.
const maxLearnt = 1024

// LearnModels lets a durable node take models from the clients that it serves, beside
// those of [Models]: a server that is one program for many applications. The first
// client that brings a model defines its collection, which is then kept in the store;
// later ones, such as a newer version of the application, add fields and indexes to it,
// or rename fields, after which queries with the old name are refused.
// A field of another type than it has already is not taken, nor is anything of a
// collection that Models names. When a collection gets another definition, the clients
// that are connected are disconnected once, and come back. Whoever is served may bring models, at most
// 1,024 collections in all. What methods models have does not travel: Validate is
// asked by the client only.
func LearnModels() Option { return func(o *options) { o.learn = true } }

// errRemodelled ends a connection. The client dials again.
var errRemodelled = &RefusedError{Code: wire.CodeClosing, Text: "the models here have changed"}

// learner takes models from peers.
type learner struct {
	busy   token                    // held while the catalog is changed
	learnt map[string]*model.Schema // guarded by busy
}

// Learnt returns the models that a node with [LearnModels] keeps in a store, for tools that
// read stores. Models that are known already may be referred to by them, and go before
// them: of two for one collection, the known one counts.
func Learnt(ctx context.Context, s storage.Snapshot, known ...*model.Schema) ([]*model.Schema, error) {
	all := make(map[string]*model.Schema)
	for _, schema := range known {
		all[schema.Collection()] = schema
	}
	var learnt []*model.Schema
	for m, err := range s.MetaScan(ctx, metaModel) {
		if err != nil {
			return nil, err
		}
		schema, err := model.DecodeSchema(m.Value, func(collection string) *model.Schema { return all[collection] })
		if err != nil {
			return nil, &storage.CorruptError{What: "model of " + strings.TrimPrefix(m.Key, metaModel), Err: err}
		}
		if all[schema.Collection()] == nil {
			all[schema.Collection()] = schema
			learnt = append(learnt, schema)
		}
	}
	return learnt, nil
}

// recall adds what the store has learnt before to the catalog. What is built in goes
// before it.
func (n *Node) recall(ctx context.Context) error {
	s, err := n.engine.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	learnt, err := Learnt(ctx, s, n.models.all()...)
	if err != nil {
		return err
	}
	for _, schema := range learnt {
		n.learner.learnt[schema.Collection()] = schema
		n.models.put(schema)
	}
	return nil
}

// learn takes a model in that a peer has brought.
func (n *Node) learn(ctx context.Context, encoded []byte) error {
	brought, err := model.DecodeSchema(encoded, n.models.of)
	if err != nil {
		return err
	}
	if err := n.learner.busy.takeWithin(ctx); err != nil {
		return err
	}
	defer n.learner.busy.give()
	old, schema := n.learner.learnt[brought.Collection()], brought
	switch {
	case old == nil && n.models.of(brought.Collection()) != nil:
		return nil // it is built in
	case old == nil && len(n.learner.learnt) >= maxLearnt:
		return fmt.Errorf("%d collections were brought already", maxLearnt)
	case old != nil:
		if schema, err = old.Extend(brought, n.models.of); err != nil {
			return err
		}
	}
	if schema == old {
		return nil
	}
	return n.adopt(ctx, old, schema)
}

// adopt makes the node know a schema, in place of an old one that may be nil. It needs
// the learner's token.
func (n *Node) adopt(ctx context.Context, old, schema *model.Schema) error {
	change := storage.MetaChange{Key: metaModel + schema.Collection(), Value: schema.AppendTo(nil)}
	if err := n.committer.note(ctx, change); err != nil {
		return err
	}
	var registered error
	if err := n.committer.quiet(ctx, func() {
		if registered = n.engine.Register(n.ctx, schema); registered == nil {
			n.models.put(schema)
		}
	}); err != nil {
		return err
	}
	if registered != nil {
		return registered
	}
	n.learner.learnt[schema.Collection()] = schema
	if old != nil {
		// What stands was checked against the old one. Peers come back, and ask anew.
		for _, s := range n.visits.all() {
			s.cancel(errRemodelled)
		}
	}
	n.logger.Info("a model was learnt", "collection", schema.Collection(), "model", schema.Model())
	first := 0
	if old != nil {
		first = len(old.Indexes())
	}
	n.builds.start(newBuilding(n, uniqueOf(schema, first)))
	return nil
}

// learn takes in what a peer says of its models. One that does not fit is not taken, and
// what needs it is refused where it is asked for.
func (s *server) learn(m *wire.Define) error {
	if s.learner == nil {
		return misplaced(m)
	}
	if _, err := s.sessionOf(m.As); err != nil {
		return nil // the credential has come to an end meanwhile, which the peer is told
	}
	if err := s.Node.learn(s.ctx, m.Model); err != nil {
		s.logger.Info("a peer's model was not taken", "error", err)
	}
	return nil
}

// request asks for something on behalf of somebody. Before the first time it tells the
// peer which models there are here, if it wants to know. Only the writer calls it.
func (l *line) request(as uint64, m wire.Message) error {
	if l.learns {
		l.learns = false
		for _, s := range l.owner.models.all() {
			if err := l.send(&wire.Define{As: as, Model: s.AppendTo(nil)}); err != nil {
				return err
			}
		}
	}
	return l.send(m)
}
