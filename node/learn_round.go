package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
)

// errRemodelled ends a connection. The client dials again.
var errRemodelled = &RefusedError{Code: wire.CodeClosing, Text: "the models here have changed"}

// maxOvertaken bounds how often models are joined for which other processes were quicker.
const maxOvertaken = 16

// leaving is how long a peer that is disconnected may take to be gone.
const leaving = 5 * time.Second

// round is one change of the catalog: of what peers have brought, and of what others have
// stored meanwhile.
type round struct {
	learner *learner
	version []byte // of what is stored
	bytes   int    // of all models, after it

	changes map[string]*modelChange // by collection
	refused map[string]error        // by collection: why its model is not taken
}

// modelChange is what becomes of the model of a collection.
type modelChange struct {
	old, schema *model.Schema // old: nil if there is none
	stored      bool          // already, by another process
}

// learn takes models in that a peer has brought on behalf of somebody, and disconnects
// whom that concerns. It returns which are not taken, and why; after an error none are.
// Models are built into the node, or changed, all of them at once.
func (n *Node) learn(ctx context.Context, p Principal, models []*model.Schema, sender *server) (refused map[string]error, err error) {
	for waited := false; ; waited = true {
		r, wait, err := n.learnNow(ctx, p, models, waited)
		switch {
		case err != nil:
			return nil, err
		case wait <= 0:
			if r.disturbs() {
				n.remodelled(ctx, sender)
			}
			return r.refused, nil
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, ended(ctx)
		}
	}
}

// relearn takes over what others have stored, unless peers would be disconnected too soon.
func (n *Node) relearn(ctx context.Context) error {
	r, wait, err := n.learnNow(ctx, "", nil, false)
	if err == nil && wait <= 0 && r.disturbs() {
		n.remodelled(ctx, nil)
	}
	return err
}

// learnNow is learn, without disconnecting anybody. It does nothing if that would be too
// soon, and tells how long that is so.
func (n *Node) learnNow(ctx context.Context, p Principal, models []*model.Schema, waited bool) (r *round, wait time.Duration, err error) {
	l := n.learner
	if err := l.busy.takeWithin(ctx); err != nil {
		return nil, 0, err
	}
	defer l.busy.give()
	for range maxOvertaken {
		if r, err = n.newRound(ctx); err != nil {
			return nil, 0, err
		}
		for _, s := range models {
			if err := r.join(ctx, n, p, s); err != nil {
				r.refused[s.Collection()] = err
			}
		}
		if wait := l.wait(time.Now(), waited); r.disturbs() && wait > 0 {
			return r, wait, nil
		}
		if err = n.adopt(ctx, r); !errors.Is(err, storage.ErrConflict) {
			return r, 0, err
		}
	}
	return nil, 0, fmt.Errorf("other processes were quicker %d times: %v", maxOvertaken, err)
}

// newRound begins with what others have stored. It needs the learner's token.
func (n *Node) newRound(ctx context.Context) (*round, error) {
	l := n.learner
	r := &round{
		learner: l, version: l.version, bytes: l.bytes,
		changes: make(map[string]*modelChange), refused: make(map[string]error),
	}
	s, err := n.engine.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if r.version, err = modelsVersion(ctx, s); err != nil || bytes.Equal(r.version, l.version) {
		return r, err
	}
	var fixed []*model.Schema
	for _, schema := range n.models.all() {
		if l.fixed[schema.Collection()] {
			fixed = append(fixed, schema)
		}
	}
	stored, err := Learnt(ctx, s, fixed...)
	if err != nil {
		return nil, err
	}
	for _, schema := range stored {
		old := l.learnt[schema.Collection()]
		if old != nil && bytes.Equal(old.AppendTo(nil), schema.AppendTo(nil)) {
			continue
		}
		// Its references lead where the node's do, and not to what was read beside it.
		if schema, err = model.DecodeSchema(schema.AppendTo(nil), n.models.of); err != nil {
			return nil, err
		}
		r.change(&modelChange{old: old, schema: schema, stored: true})
	}
	return r, nil
}

// change makes a change part of the round.
func (r *round) change(c *modelChange) {
	r.bytes += sizeOf(c.schema) - sizeOf(r.now(c.schema.Collection()))
	r.changes[c.schema.Collection()] = c
}

// now is the model of a collection, as far as the round has come; nil if there is none.
func (r *round) now(collection string) *model.Schema {
	if c := r.changes[collection]; c != nil {
		return c.schema
	}
	return r.learner.learnt[collection]
}

// join adds what a model says. It returns why not.
func (r *round) join(ctx context.Context, n *Node, p Principal, brought *model.Schema) error {
	if r.learner.fixed[brought.Collection()] {
		return nil
	}
	now, next := r.now(brought.Collection()), brought
	if now != nil {
		var err error
		if next, err = now.Extend(brought, n.models.of); err != nil {
			return &RefusedError{Code: wire.CodeInvalid, Text: err.Error()}
		}
	}
	if next == now {
		return nil
	}
	// What is stored has to be read again.
	next, err := model.DecodeSchema(next.AppendTo(nil), n.models.of)
	if err != nil {
		return &RefusedError{Code: wire.CodeInvalid, Text: "joined with what is known of its collection: " + err.Error()}
	}
	if err := r.room(now, next); err != nil {
		return err
	}
	if err := n.mayDefine(ctx, p, next); err != nil {
		return err
	}
	r.change(&modelChange{old: r.learner.learnt[brought.Collection()], schema: next})
	return nil
}

// room says whether there is room for a model, in place of what it is now.
func (r *round) room(now, next *model.Schema) error {
	count := len(r.learner.learnt)
	for _, c := range r.changes {
		if c.old == nil {
			count++
		}
	}
	switch {
	case now == nil && count >= maxLearnt:
		return &RefusedError{Code: wire.CodeTooMany, Text: fmt.Sprintf("models of %d collections were brought already", maxLearnt)}
	case r.bytes+sizeOf(next)-sizeOf(now) > maxLearntBytes:
		return &RefusedError{Code: wire.CodeTooMany, Text: fmt.Sprintf("with it, models would come to more than %d bytes", maxLearntBytes)}
	}
	return nil
}

// mayDefine asks the policy.
func (n *Node) mayDefine(ctx context.Context, p Principal, s *model.Schema) error {
	definer, ok := n.policy.(Definer)
	if !ok {
		return nil
	}
	d := &Definition{Principal: p, Collection: s.Collection(), Schema: s}
	if err := guarded("the policy", func() error { return definer.Define(ctx, d) }); err != nil {
		return &DeniedError{Principal: p, Collection: s.Collection(), Defining: true, Reason: err}
	}
	return nil
}

// disturbs reports whether a collection gets another definition than it had.
func (r *round) disturbs() bool {
	for _, c := range r.changes {
		if c.old != nil {
			return true
		}
	}
	return false
}

// schemas returns the models as they become, and as they were where there were any.
func (r *round) schemas() (next, old []*model.Schema) {
	for _, c := range r.changes {
		next = append(next, c.schema)
		if c.old != nil {
			old = append(old, c.old)
		}
	}
	return next, old
}

// adopt makes the node know what a round has changed. It needs the learner's token.
func (n *Node) adopt(ctx context.Context, r *round) error {
	if len(r.changes) == 0 {
		n.learner.version = r.version
		return nil
	}
	var wanted []*uniqueIndex
	var failed error
	if err := n.committer.quiet(ctx, func() { wanted, failed = n.remodel(r) }); err != nil {
		return err
	}
	if failed != nil {
		return failed
	}
	l := n.learner
	for collection, c := range r.changes {
		l.learnt[collection] = c.schema
		n.logger.Info("a model was learnt", "collection", collection, "model", c.schema.Model())
	}
	l.bytes, l.version = r.bytes, r.version
	if r.disturbs() {
		l.disturbed(time.Now())
	}
	n.builds.start(newBuilding(n, wanted))
	return nil
}

// remodel puts models in place while nothing is committed, and returns the unique indexes
// that are to be enforced. The engine comes first: a model that it cannot have is not
// stored, or the store could not be opened again. It works on if the peer has left
// meanwhile.
func (n *Node) remodel(r *round) ([]*uniqueIndex, error) {
	next, old := r.schemas()
	err := n.engine.Register(n.ctx, next...)
	if err == nil {
		err = n.storeModels(r)
	}
	if err != nil {
		if again := n.engine.Register(n.ctx, old...); again != nil {
			n.logger.Error("indexes could not be put back", "error", again)
		}
		return nil, err
	}
	n.models.put(next...)
	var wanted []*uniqueIndex
	for _, c := range r.changes {
		unique, more := n.committer.prepare.unique.succeed(c.old, c.schema)
		n.committer.prepare.unique, wanted = unique, append(wanted, more...)
	}
	return wanted, nil
}

// storeModels stores what is not stored yet, if nobody else has stored anything meanwhile.
func (n *Node) storeModels(r *round) error {
	var changes []storage.MetaChange
	for collection, c := range r.changes {
		if !c.stored {
			changes = append(changes, storage.MetaChange{Key: metaModel + collection, Value: c.schema.AppendTo(nil)})
		}
	}
	if len(changes) == 0 {
		return nil
	}
	version := n.nonce()
	changes = append(changes, storage.MetaChange{Key: metaModels, Value: version[:]})
	holds := []storage.MetaValue{{Key: metaModels, Value: r.version}}
	err := n.committer.noteHeld(n.ctx, &storage.Batch{Meta: changes, Holds: holds})
	if errors.Is(err, storage.ErrUnknown) {
		err = n.settleModels(version[:], err)
	}
	if err == nil {
		r.version = version[:]
	}
	return err
}

// settleModels finds out whether models were stored, after an error that left that open.
func (n *Node) settleModels(version []byte, unknown error) error {
	s, err := n.engine.Snapshot(n.ctx)
	if err != nil {
		return unknown
	}
	defer s.Close()
	if found, err := modelsVersion(n.ctx, s); err != nil || !bytes.Equal(found, version) {
		return unknown // if they were stored after all, the next round finds them
	}
	return nil
}

// remodelled disconnects the peers that have asked for something: what stands was checked
// against models that are not the newest any more. They come back, and ask anew. Who has
// brought the models waits until they are gone, since their live queries hold the old
// models until then.
func (n *Node) remodelled(ctx context.Context, sender *server) {
	var going []*server
	for _, s := range n.visits.all() {
		if s.asked.Load() {
			s.cancel(errRemodelled)
			going = append(going, s)
		}
	}
	late := time.NewTimer(leaving)
	defer late.Stop()
	for _, s := range going {
		if s == sender {
			continue
		}
		select {
		case <-s.left:
		case <-late.C:
			return
		case <-ctx.Done():
			return
		}
	}
}
