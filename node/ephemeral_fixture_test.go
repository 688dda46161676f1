package node_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/pipe"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/kv"
	"github.com/ankgo/ank/storage/memory"
)

// guest is an ephemeral node over memory, with a line to a server.
type guest struct {
	*testing.T
	ctx        context.Context
	name       node.Principal
	models     []*model.Schema // nil: albums and notes
	store      *memory.Store
	stage      *stage // between the node and the engine
	alarm      *alarm // what the node logs
	node       *node.Node
	session    *node.Session
	link       *cable
	connection *node.Connection
}

// join opens a client of the fixture's node. It is connected when connect was
// called and everything came to rest.
func (f *fixture) join(name node.Principal, options ...node.Option) *guest {
	f.Helper()
	return f.joinWith(name, nil, options...)
}

// joinWith is join for a client that knows other models.
func (f *fixture) joinWith(name node.Principal, models []*model.Schema, options ...node.Option) *guest {
	f.Helper()
	c := &guest{T: f.T, ctx: f.ctx, name: name, models: models, store: memory.NewStore(), link: f.line(name)}
	c.open(options...)
	f.Cleanup(c.stop)
	return c
}

// line returns a line to the fixture's node.
func (f *fixture) line(name node.Principal) *cable {
	return newCable(func(conn wire.Conn) {
		go func() { _ = f.node.Serve(f.ctx, conn, name) }()
	})
}

// cable is a line on which a cut loses what is under way, and on which messages
// take as long as delay says.
type cable struct {
	link  *pipe.Link
	delay func() time.Duration
	bytes atomic.Int64 // received at either end

	mu     sync.Mutex
	broken chan struct{}
}

func newCable(serve func(wire.Conn)) *cable {
	c := &cable{broken: make(chan struct{})}
	c.link = pipe.NewLink(func(far wire.Conn) { serve(c.strand(far)) })
	return c
}

func (c *cable) Dial(ctx context.Context) (wire.Conn, error) {
	near, err := c.link.Dial(ctx)
	if err != nil {
		return nil, err
	}
	return c.strand(near), nil
}

func (c *cable) Cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.broken:
	default:
		close(c.broken)
	}
	c.link.Cut()
}

func (c *cable) Mend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.broken:
		c.broken = make(chan struct{})
	default:
	}
	c.link.Mend()
}

func (c *cable) strand(end wire.Conn) wire.Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	return &strand{Conn: end, cable: c, delay: c.delay, broken: c.broken}
}

// strand is one end of a connection over a cable.
type strand struct {
	wire.Conn
	cable  *cable
	delay  func() time.Duration
	broken chan struct{}
}

func (s *strand) Receive(ctx context.Context) ([]byte, error) {
	m, err := s.Conn.Receive(ctx)
	s.cable.bytes.Add(int64(len(m)))
	if err == nil && s.delay != nil {
		s.wait(ctx, s.delay())
	}
	select {
	case <-s.broken:
		return nil, pipe.ErrCut
	default:
		return m, err
	}
}

func (c *guest) open(options ...node.Option) {
	c.Helper()
	engine, err := c.store.Open(c.ctx, kv.Options{})
	require.NoError(c, err)
	c.stage, c.alarm = &stage{Engine: storage.Checked(engine)}, &alarm{T: c.T}
	models := c.models
	if models == nil {
		models = []*model.Schema{albumSchema, noteSchema}
	}
	c.node, err = node.Open(c.ctx, c.stage, append([]node.Option{
		node.Ephemeral(), node.Models(models...), node.WithPolicy(node.AllowAll()), node.WithLogger(c.alarm),
	}, options...)...)
	require.NoError(c, err)
	c.session = c.node.Session(c.name)
}

// stop closes the node and its engine.
func (c *guest) stop() {
	c.Helper()
	require.NoError(c, c.node.Close(c.ctx))
	require.NoError(c, c.stage.Close())
}

// connect connects and waits for the connection, in virtual time.
func (c *guest) connect() {
	c.Helper()
	var err error
	c.connection, err = c.node.Connect(c.link.Dial)
	require.NoError(c, err)
	require.NoError(c, c.connection.Wait(c.ctx))
	synctest.Wait() // the server may be looking at its store
}

// query makes a live query.
func (c *guest) query(text string, args ...any) *entity.Live[AlbumView] {
	c.Helper()
	live, err := albums.Query(c.ctx, c.session, text, args...)
	require.NoError(c, err)
	c.Cleanup(live.Close)
	return live
}

// create commits an album.
func (c *guest) create(a Album) (event.ID, node.Receipt) {
	c.Helper()
	tx := c.session.Begin()
	m, err := albums.Create(tx, a)
	require.NoError(c, err)
	r, err := tx.Commit(c.ctx)
	require.NoError(c, err)
	require.Equal(c, node.Pending, r.Status)
	return m.ID(), r
}

// edit commits a change.
func (c *guest) edit(id event.ID, change func(AlbumMutable)) node.Receipt {
	c.Helper()
	r, err := c.tryEdit(id, change)
	require.NoError(c, err)
	return r
}

// tryEdit commits a change to what may not be here.
func (c *guest) tryEdit(id event.ID, change func(AlbumMutable)) (node.Receipt, error) {
	tx := c.session.Begin()
	m, err := albums.Edit(c.ctx, tx, id)
	if err != nil {
		tx.Rollback()
		return node.Receipt{}, err
	}
	change(m)
	return tx.Commit(c.ctx)
}

// outcome waits for what becomes of a transaction.
func (c *guest) outcome(r node.Receipt) node.Receipt {
	c.Helper()
	r, err := c.node.Receipt(c.ctx, r.Transaction)
	require.NoError(c, err)
	return r
}

// ledger lists the client's transactions.
func (c *guest) ledger() []node.LedgerEntry {
	c.Helper()
	var list []node.LedgerEntry
	for entry, err := range c.node.Ledger(c.ctx) {
		require.NoError(c, err)
		list = append(list, entry)
	}
	return list
}

// shown are the names in a live query.
func shown(live *entity.Live[AlbumView]) []string {
	names := []string{}
	for _, a := range live.Items().All() {
		names = append(names, a.Name())
	}
	return names
}

// cluster runs a script over a server.
func cluster(t *testing.T, script func(t *testing.T, f *fixture), options ...node.Option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { script(t, start(t, options...)) })
}

// restart closes a client's node and opens it again over the same store.
func (c *guest) restart(options ...node.Option) {
	c.Helper()
	c.stop()
	c.open(options...)
}

// wait lets time pass on the line.
func (s *strand) wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	over, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	select {
	case <-over.Done():
	case <-s.broken:
	}
}

// stranger is one end of a connection with no node behind it.
type stranger struct {
	*testing.T
	ctx  context.Context
	conn wire.Conn
}

// visit dials a node and says hello.
func (f *fixture) visit(name node.Principal) *stranger {
	f.Helper()
	conn, err := f.line(name).Dial(f.ctx)
	require.NoError(f, err)
	s := &stranger{T: f.T, ctx: f.ctx, conn: conn}
	hello := s.greet(f, &wire.Hello{Min: wire.MinVersion, Max: wire.MaxVersion, Time: time.Now().UnixMicro()})
	require.Equal(f, f.node.System(), hello.System)
	require.True(f, hello.Durable)
	f.Cleanup(func() { _ = conn.Close() })
	return s
}

// greet says hello, with a key, and proves who it is: one who claims to be durable is
// certified. It returns the peer's hello.
func (s *stranger) greet(f *fixture, mine *wire.Hello) *wire.Hello {
	s.Helper()
	key, err := event.NewKey(rand.Reader)
	require.NoError(s, err)
	mine.Node = key.Public()
	s.send(mine)
	encoded, err := s.conn.Receive(s.ctx)
	require.NoError(s, err)
	m, err := wire.Decode(encoded)
	require.NoError(s, err)
	said := event.Digest(sha256.Sum256(wire.Append(nil, mine)))
	proof := &wire.Proof{Signature: event.Prove(key, said, sha256.Sum256(encoded))}
	if mine.Durable {
		proof.Certificate, err = f.node.Certify(key.Public())
		require.NoError(s, err)
	}
	s.send(proof)
	require.IsType(s, &wire.Proof{}, s.hear())
	return m.(*wire.Hello)
}

func (s *stranger) send(m wire.Message) {
	s.Helper()
	require.NoError(s, s.conn.Send(s.ctx, wire.Append(nil, m)))
}

// hear returns the next message that is no ping, which it answers.
func (s *stranger) hear() wire.Message {
	s.Helper()
	for {
		m := s.hearAll()
		ping, ok := m.(*wire.Ping)
		if !ok {
			return m
		}
		_ = s.conn.Send(s.ctx, wire.Append(nil, &wire.Pong{Number: ping.Number})) // the node may be about to go
	}
}

// hearAll returns the next message.
func (s *stranger) hearAll() wire.Message {
	s.Helper()
	encoded, err := s.conn.Receive(s.ctx)
	require.NoError(s, err)
	m, err := wire.Decode(encoded)
	require.NoError(s, err)
	return m
}

// openOnly opens a node over a store, and closes it if it can be opened.
func openOnly(t *testing.T, store *memory.Store, options ...node.Option) error {
	t.Helper()
	ctx := context.Background()
	engine, err := store.Open(ctx, kv.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, engine.Close()) }()
	n, err := node.Open(ctx, engine, append([]node.Option{
		node.Models(albumSchema, noteSchema), node.WithPolicy(node.AllowAll()),
	}, options...)...)
	if err != nil {
		return err
	}
	require.NoError(t, n.Close(ctx))
	return nil
}

// holding keeps commits waiting until hold is closed.
func holding(hold chan struct{}) func(context.Context, *storage.Batch, func() error) error {
	return func(_ context.Context, _ *storage.Batch, next func() error) error {
		<-hold
		return next()
	}
}
