package node

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
)

// metaModel begins the keys of the models that a node has learnt, before the name of
// the collection.
const metaModel = "node/model/"

// metaModels is a value that changes with every change of them. Whoever stores a model
// holds it against the store ([storage.Batch.Holds]), so that of two processes which learn
// at once the second joins what it brings with what the first one stored.
const metaModels = "node/models"

// What a node takes from its peers.
const (
	maxLearnt      = 1024     // collections
	maxLearntBytes = 16 << 20 // of the encodings of their models
)

// How long there is at least from one time that clients are disconnected for new models to
// the next: at first, at most, and after what time without it begins anew.
const (
	minRemodelling = time.Second
	maxRemodelling = 30 * time.Second
	calm           = 10 * time.Minute

	// together is within what time those who have waited for the same moment may bring
	// theirs: clients need longer than that to come back.
	together = 50 * time.Millisecond
)

// LearnModels lets a durable node take models from the clients that it serves, beside
// those of [Models]: a server that is one program for many applications. The first
// client that brings a model defines its collection, which is then kept in the store;
// later ones, such as a newer version of the application, add fields and indexes to it,
// or rename fields, after which queries with the old name are refused. Indexes of one name
// are joined: over the same columns, they are unique, or covering, if either is; of others
// the one with more columns stays, and of as many one of the two whoever comes first
// ([model.Schema.Extend]). A field of another type than it has already is not taken, nor is
// anything of a collection that Models names.
//
// What a client brings counts when it asks for something next. If that gives a collection
// another definition, the others that have asked for something are disconnected once, and
// come back. Where that goes on happening, who brings more has to wait for it, up to half a
// minute. A model that changes nothing disconnects nobody.
//
// Models come to at most 1,024 collections and 16 MiB. Whoever is served may bring them,
// unless the [Policy] is a [Definer], which says who may. What needs a model that was not
// taken is refused for the reason for which that was not: a *[RefusedError] with
// wire.CodeDenied, wire.CodeInvalid or wire.CodeTooMany. What methods models have does not
// travel: Validate is asked by the client only.
//
// Nodes that have a store together take over what the others learn within a few seconds.
func LearnModels() Option { return func(o *options) { o.learn = true } }

// learner takes models from peers.
type learner struct {
	fixed map[string]bool // collections whose models are built in; constant
	busy  token           // held while the catalog is changed

	// Guarded by busy.
	learnt  map[string]*model.Schema
	bytes   int           // of their encodings
	version []byte        // of what is stored that they are; see metaModels
	last    time.Time     // that clients were disconnected
	gap     time.Duration // from then until they may be again
}

func newLearner(c *catalog) *learner {
	l := &learner{fixed: make(map[string]bool), busy: newToken(), learnt: make(map[string]*model.Schema)}
	for _, s := range c.all() {
		l.fixed[s.Collection()] = true
	}
	return l
}

// wait is how long it takes until clients may be disconnected by somebody who may have
// waited before. It needs the token.
func (l *learner) wait(now time.Time, waited bool) time.Duration {
	since := now.Sub(l.last)
	if waited && since < together {
		return 0
	}
	return l.gap - since
}

// disturbed notes that clients are disconnected. It needs the token.
func (l *learner) disturbed(now time.Time) {
	switch since := now.Sub(l.last); {
	case since < together:
		return
	case since >= calm:
		l.gap = 0
	}
	l.gap = min(max(2*l.gap, minRemodelling), maxRemodelling)
	l.last = now
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
	if n.learner.version, err = modelsVersion(ctx, s); err != nil {
		return err
	}
	for _, schema := range learnt {
		n.learner.learnt[schema.Collection()] = schema
		n.learner.bytes += sizeOf(schema)
	}
	n.models.put(learnt...)
	return nil
}

// modelsVersion is the version of what models are stored, nil if none were ever.
func modelsVersion(ctx context.Context, s storage.Snapshot) ([]byte, error) {
	version, err := s.Meta(ctx, metaModels)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	return version, err
}

// sizeOf is how many bytes a model takes in the store; none if it is nil.
func sizeOf(s *model.Schema) int {
	if s == nil {
		return 0
	}
	return len(s.AppendTo(nil))
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
