package node

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node/wire"
)

// A peer says what models it has before it asks for anything, and does not say it again for
// everybody on whose behalf it asks. What it says that is not known here is kept with the
// connection until somebody asks for something on it who may define that. So models of one
// peer are learnt together, and nothing is done for one that falls silent.

// What is kept of what a peer has brought; it is learnt when there is more. If it cannot be,
// the connection ends.
const (
	maxBrought      = maxLearnt
	maxBroughtBytes = 4 << 20
)

// learnAgain is how long it takes until a model is tried again after a failure that has
// nothing to do with the model.
const learnAgain = 5 * time.Second

// brought is what a peer has brought and what is not known here.
type brought struct {
	busy token       // held by who has it learnt
	some atomic.Bool // there is something

	mu      sync.Mutex // protects all below; held for a few instructions
	models  map[string]*model.Schema
	bytes   int
	count   uint64 // of all that were ever added
	settled map[Principal]settlement
}

// settlement is what came of it when somebody asked for something.
type settlement struct {
	count   uint64           // how many had been added by then
	again   time.Time        // when it is worth another try; zero: when there is something new
	refused map[string]error // by collection: why its model was not taken
}

func newBrought() brought {
	return brought{busy: newToken(), models: make(map[string]*model.Schema), settled: make(map[Principal]settlement)}
}

// bring takes in what a peer says of its models. One that cannot be read is passed over: it
// may be of a newer program than this one.
func (s *server) bring(m *wire.Define) error {
	if s.learner == nil {
		return misplaced(m)
	}
	if !s.isKnown() {
		return nil // who nobody knows has nothing kept
	}
	schema, err := model.DecodeSchema(m.Model, s.models.of)
	if err != nil {
		s.logger.Info("a peer's model could not be read", "error", err)
		return nil
	}
	if s.knows(schema) {
		return nil
	}
	if s.brought.add(schema) || s.makeRoom(m.As) && s.brought.add(schema) {
		return nil
	}
	return &RefusedError{Code: wire.CodeTooMany, Text: fmt.Sprintf(
		"%d models, or %d bytes of them, that were not taken", maxBrought, maxBroughtBytes)}
}

// makeRoom has learnt what was brought so far.
func (s *server) makeRoom(as uint64) bool {
	session, err := s.sessionOf(as)
	return err == nil && s.settle(s.ctx, session.principal) == nil
}

// isKnown reports whether there is somebody on whose behalf the peer may ask.
func (s *server) isKnown() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.grants) > 0
}

// knows reports whether a model says nothing new.
func (n *Node) knows(s *model.Schema) bool {
	now := n.models.of(s.Collection())
	if now == nil {
		return false
	}
	if n.learner.fixed[s.Collection()] {
		return true // or nothing that would be heeded
	}
	next, err := now.Extend(s, n.models.of)
	return err == nil && next == now
}

// settle has learnt what the peer has brought, on behalf of a principal that asks for
// something. Only one that was disturbed returns an error: what is not taken is refused
// where it is needed.
func (s *server) settle(ctx context.Context, p Principal) error {
	b := &s.brought
	if !b.some.Load() || b.isSettled(p) {
		return nil
	}
	if err := b.busy.takeWithin(ctx); err != nil {
		return err
	}
	defer b.busy.give()
	if b.isSettled(p) { // by who had the token before
		return nil
	}
	models, count := b.all()
	outcome := settlement{count: count}
	var err error
	outcome.refused, err = s.Node.learn(ctx, p, models, s)
	switch {
	case err != nil && ctx.Err() != nil:
		return err
	case err != nil:
		s.logger.Error("models that a peer has brought could not be learnt; it will be tried again", "error", err)
		outcome.again, outcome.refused = time.Now().Add(learnAgain), make(map[string]error, len(models))
		for _, m := range models {
			outcome.refused[m.Collection()] = err
		}
	}
	for collection, err := range outcome.refused {
		s.logger.Info("a peer's model was not taken", "collection", collection, "principal", string(p), "error", err)
	}
	b.settle(p, models, outcome)
	return nil
}

// add keeps a model, in the place of one of its collection. It reports whether there is
// room.
func (b *brought) add(s *model.Schema) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	old := b.models[s.Collection()]
	if old == nil && len(b.models) >= maxBrought {
		return false
	}
	bytes := b.bytes + sizeOf(s) - sizeOf(old)
	if bytes > maxBroughtBytes {
		return false
	}
	b.models[s.Collection()], b.bytes = s, bytes
	b.count++
	b.some.Store(true)
	return true
}

// all returns what there is.
func (b *brought) all() (models []*model.Schema, count uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Collect(maps.Values(b.models)), b.count
}

// isSettled reports whether all that there is was tried for somebody.
func (b *brought) isSettled(p Principal) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	last, ok := b.settled[p]
	if len(b.models) == 0 {
		return true
	}
	return ok && last.count == b.count && (last.again.IsZero() || time.Now().Before(last.again))
}

// settle notes what came of models. What was taken need not be kept.
func (b *brought) settle(p Principal, models []*model.Schema, s settlement) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range models {
		if s.refused[m.Collection()] == nil && b.models[m.Collection()] == m {
			delete(b.models, m.Collection())
			b.bytes -= sizeOf(m)
		}
	}
	if len(b.settled) >= maxGrants {
		clear(b.settled) // the others are tried again
	}
	b.settled[p] = s
	b.some.Store(len(b.models) > 0)
}

// reason is why a principal's model of a collection is not known here; nil if it is, or
// was not brought.
func (b *brought) reason(p Principal, collection string) error {
	if !b.some.Load() {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.models[collection] == nil {
		return nil
	}
	return b.settled[p].refused[collection]
}

// unlearnt is why the peer's model of a collection is not known here; nil if it is, or was
// not brought.
func (s asker) unlearnt(collection string) error {
	return s.brought.reason(s.session.principal, collection)
}

// unfit is the error of a query that does not fit the models here: if the peer has brought
// others, why those were not taken.
func (s asker) unfit(m *model.Schema, err error) error {
	reason := s.unlearnt(m.Collection())
	for i := 0; reason == nil && i < len(m.Fields()); i++ {
		reason = s.unlearnt(m.Fields()[i].Ref)
	}
	switch {
	case reason == nil:
		return err
	case !isVerdict(reason):
		return reason
	}
	code := codeOf(reason, wire.CodeInvalid)
	return &RefusedError{Code: code, Text: publicText(code, reason) + "; so " + err.Error()}
}

// isVerdict reports whether a model was refused for what it is: trying again does not help.
func isVerdict(reason error) bool {
	switch codeOf(reason, wire.CodeInternal) {
	case wire.CodeDenied, wire.CodeInvalid, wire.CodeTooMany:
		return true
	}
	return false
}
