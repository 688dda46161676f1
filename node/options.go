package node

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
)

// An Option tells Open something about the node to be. Later options overrule
// earlier ones, except that models and hooks add up.
type Option func(*options)

type options struct {
	schemas    []*model.Schema
	policy     Policy
	hooks      []Hook
	ephemeral  bool
	learn      bool
	replicates *replication // nil: durable peers are not served
	root       event.PrivateKey
	system     event.System
	now        func() time.Time
	rand       io.Reader
	skew       time.Duration
	logger     Logger
	limits     Limits

	authenticator Authenticator
}

// Models names the models that the node knows. Events of other collections are
// stored and passed on, and cannot be read or queried as entities. Two schemas
// for one collection are an error, unless they are the same.
func Models(schemas ...*model.Schema) Option {
	return func(o *options) { o.schemas = append(o.schemas, schemas...) }
}

// WithPolicy sets who may see and do what. There is no default: a node without
// a policy does not open. See [AllowAll].
func WithPolicy(p Policy) Option { return func(o *options) { o.policy = p } }

// Hooks adds hooks, which run in the order given.
func Hooks(hooks ...Hook) Option { return func(o *options) { o.hooks = append(o.hooks, hooks...) } }

// Ephemeral makes the node a client: it keeps no history and accepts nothing
// itself. Without it, a node is durable.
func Ephemeral() Option { return func(o *options) { o.ephemeral = true } }

// SystemRoot gives the node the system's root key, with which it certifies
// itself, and others by [Node.Certify]. The key is not stored. A store that
// belongs to another system is refused with ErrSystem.
func SystemRoot(key event.PrivateKey) Option { return func(o *options) { o.root = key } }

// JoinSystem says which system the node belongs to. It has no [Node.Certificate]
// until it was given one that a node with the root key made: see [Node.Enrol]. A store that
// belongs to another system is refused with ErrSystem. Without SystemRoot and
// JoinSystem an empty store becomes the first of a system of its own, with a new
// root key that is kept in the store.
func JoinSystem(s event.System) Option { return func(o *options) { o.system = s } }

// Now sets the wall clock; time.Now by default. It must be safe for concurrent
// use.
func Now(now func() time.Time) Option { return func(o *options) { o.now = now } }

// Rand sets where random bits for keys, IDs and salts come from;
// crypto/rand.Reader by default. It must be safe for concurrent use.
func Rand(r io.Reader) Option { return func(o *options) { o.rand = r } }

// Skew sets how far the clock of an author may run ahead of this node's;
// [event.DefaultSkew] by default. All durable nodes of a system should agree.
func Skew(d time.Duration) Option { return func(o *options) { o.skew = d } }

// A Logger is told what an operator may want to know. *slog.Logger is one. It
// must be safe for concurrent use; args are pairs of a name and a value.
type Logger interface {
	Info(message string, args ...any)
	Error(message string, args ...any)
}

// WithLogger sets the logger; without it, nothing is logged.
func WithLogger(l Logger) Option { return func(o *options) { o.logger = l } }

type silence struct{}

func (silence) Info(string, ...any)  {}
func (silence) Error(string, ...any) {}

// Limits bound what a node takes on at a time. A zero field means its default.
type Limits struct {
	// Batch is the greatest number of transactions that are made durable
	// together; 1024 by default. More wait for the next batch.
	Batch int
	// BatchEvents bounds a batch by the events in it; 16,384 by default. A single
	// transaction may be larger.
	BatchEvents int
	// Outbox is the greatest number of transactions that an ephemeral node keeps
	// for delivery; 65,536 by default. More are refused with ErrOutboxFull.
	Outbox int
	// StandingRows is the greatest number of rows that are kept for all live
	// queries of one connection that is served; 4,194,304 by default. Of a query with
	// SELECT all groups count, be they shown or not, and all values that MIN, MAX and
	// DISTINCT keep, and a query of more than 1,024 bytes is a row more for every 4 bytes
	// beyond. A query that begins beyond that, or grows, fails with
	// wire.CodeTooMany.
	StandingRows int
	// Held is how many bytes of entries a source of logs may make this node hold that wait
	// for others: see [Node.Replicate]; 64 MiB by default. More is let go of, and asked
	// for again. One entry may be larger.
	Held int
	// Request is how long a node works on a request of a peer that it serves; 10 minutes by
	// default. The time until the peer has taken in a long answer counts. What takes longer
	// fails with wire.CodeDeadline, which is context.DeadlineExceeded at the other end. A
	// transaction that was taken up by then is decided all the same.
	Request time.Duration
	// Retries is how often [Session.Update] tries a serializable transaction that
	// met a conflict, the first time included; 16 by default.
	Retries int
}

// WithLimits sets limits.
func WithLimits(l Limits) Option { return func(o *options) { o.limits = l } }

func (l *Limits) fill() {
	if l.Batch <= 0 {
		l.Batch = 1024
	}
	if l.BatchEvents <= 0 {
		l.BatchEvents = 16 << 10
	}
	if l.Outbox <= 0 {
		l.Outbox = 64 << 10
	}
	if l.StandingRows <= 0 {
		l.StandingRows = 4 << 20
	}
	if l.Held <= 0 {
		l.Held = 64 << 20
	}
	if l.Request <= 0 {
		l.Request = 10 * time.Minute
	}
	if l.Retries <= 0 {
		l.Retries = 16
	}
}

// gather applies options and finds what is wrong with them.
func gather(list []Option) (options, error) {
	o := options{logger: silence{}, now: time.Now}
	for _, set := range list {
		if set == nil {
			return o, errors.New("an option of a node is nil")
		}
		set(&o)
	}
	o.limits.fill()
	switch {
	case slices.ContainsFunc(o.hooks, func(h Hook) bool { return h == nil }):
		return o, errors.New("a hook of a node is nil")
	case o.policy == nil:
		return o, ErrNoPolicy
	case o.now == nil || o.logger == nil:
		return o, errors.New("the clock and the logger of a node must not be nil")
	case !o.root.IsZero() && !o.system.IsZero() && o.root.System() != o.system:
		return o, &SystemError{Have: o.root.System(), Want: o.system}
	case o.ephemeral && !o.root.IsZero():
		return o, errors.New("an ephemeral node has no use for the system's root key")
	}
	return o, nil
}

// random is where the node's random bits come from.
func (o *options) random() io.Reader {
	if o.rand != nil {
		return o.rand
	}
	return rand.Reader
}

// models indexes schemas by collection.
func models(schemas []*model.Schema) (map[string]*model.Schema, error) {
	known := make(map[string]*model.Schema, len(schemas))
	for _, s := range schemas {
		if s == nil {
			return nil, errors.New("a schema is nil")
		}
		if err := s.Err(); err != nil {
			return nil, &ModelError{Model: s.Model(), Collection: s.Collection(), Reason: err}
		}
		if other := known[s.Collection()]; other != nil && other != s {
			return nil, &ModelError{
				Model: s.Model(), Collection: s.Collection(),
				Reason: fmt.Errorf("model %s has the same collection; give one of them another", other.Model()),
			}
		}
		known[s.Collection()] = s
	}
	return known, nil
}
