package node_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/memory"
)

// TestRandomSchedules lets clients and a server live through whatever may happen
// to them, and compares what they know once everything came to rest. A failure
// names the seed: run it again with -run 'TestRandomSchedules/seed=N$'. With
// ANK_SEEDS=n in the environment, n schedules are run.
func TestRandomSchedules(t *testing.T) { runSchedules(t, 0) }

// TestRandomFaults is TestRandomSchedules over stores that fail: of a hundred
// commits one or two end with an unknown outcome, stored or not, and now and then
// one breaks the store, whose node takes no writes then until it is opened again.
func TestRandomFaults(t *testing.T) { runSchedules(t, 1) }

// TestRandomReadFaults: now and then a store cannot be read.
func TestRandomReadFaults(t *testing.T) { runSchedules(t, 2) }

func runSchedules(t *testing.T, faults int) {
	n := 60
	if faults > 0 {
		n = 30
	}
	if text := os.Getenv("ANK_SEEDS"); text != "" {
		var err error
		n, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	if testing.Short() {
		n = 10
	}
	for seed := range n {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { newSchedule(t, uint64(seed), faults).run() })
		})
	}
}

// schedule is one random story.
type schedule struct {
	*testing.T
	rand   *rand.Rand
	server *fixture
	crowd  []*actor
	ids    []event.ID
	number int
	faults *faults

	serving atomic.Pointer[node.Node]
}

// actor is a client in it.
type actor struct {
	*guest
	world    *schedule
	clock    *wrong
	lives    []*follower
	receipts []node.Receipt
	gone     []event.ID // transactions that were discarded
}

// follower keeps a list up to date by the change sets of a live query.
type follower struct {
	*testing.T
	text string
	live *entity.Live[AlbumView]
	done chan struct{}

	changes sync.WaitGroup

	mu       sync.Mutex // protects all below
	asked    string     // what the live query is; text is what it began as
	changing bool
	names    []string
}

// dice is a source of random bits for several goroutines.
type dice struct {
	mu sync.Mutex
	r  io.Reader
}

func (d *dice) Read(b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.r.Read(b)
}

func newDice(seed uint64) *dice {
	var key [32]byte
	key[0], key[1], key[2] = byte(seed), byte(seed>>8), byte(seed>>16)
	return &dice{r: rand.NewChaCha8(key)}
}

func newSchedule(t *testing.T, seed uint64, level int) *schedule {
	s := &schedule{T: t, rand: rand.New(rand.NewPCG(seed, 1))}
	s.faults = &faults{rand: rand.New(rand.NewPCG(seed, 3)), level: level}
	s.server = start(t, s.options()...)
	s.faults.disturb(s.server.stage, s.server.alarm)
	s.serving.Store(s.server.node)
	for i := range 2 + s.rand.IntN(2) {
		name := node.Principal(fmt.Sprintf("client %d", i))
		a := &actor{world: s, clock: newWrong(0), guest: &guest{T: t, ctx: s.server.ctx, name: name, store: memory.NewStore()}}
		a.link = newCable(func(conn wire.Conn) {
			go func() { _ = s.serving.Load().Serve(a.ctx, conn, name) }()
		})
		a.open(node.Rand(newDice(s.rand.Uint64())), a.clock.option())
		s.faults.disturb(a.stage, a.alarm)
		t.Cleanup(a.stop)
		latency := rand.New(rand.NewPCG(s.rand.Uint64(), 2))
		var mu sync.Mutex
		most := []int64{0, 0, int64(time.Millisecond), int64(50 * time.Millisecond)}[s.rand.IntN(4)]
		a.link.delay = func() time.Duration {
			mu.Lock()
			defer mu.Unlock()
			if most == 0 {
				return 0
			}
			return time.Duration(latency.Int64N(most))
		}
		var err error
		a.connection, err = a.node.Connect(a.link.Dial)
		require.NoError(t, err)
		s.crowd = append(s.crowd, a)
	}
	return s
}

// faults make stores fail.
type faults struct {
	mu    sync.Mutex
	rand  *rand.Rand
	level int // 0: they do not
}

func (f *faults) disturb(s *stage, a *alarm) {
	if f.level == 0 {
		return
	}
	a.expected.Store(true)
	s.snapshot = func() error {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.level > 0 && f.rand.IntN(200) == 0 {
			return errUnreadable
		}
		return nil
	}
	s.commit = func(_ context.Context, _ *storage.Batch, next func() error) error {
		f.mu.Lock()
		n := f.rand.IntN(400)
		if f.level != 1 {
			n = 400
		}
		f.mu.Unlock()
		switch {
		case n < 4:
			return errors.Join(next(), storage.ErrUnknown)
		case n < 8:
			return storage.ErrUnknown
		case n < 10:
			return storage.ErrFull
		}
		return next()
	}
}

var errUnreadable = errors.New("the store cannot be read")

func (f *faults) end() (level int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	level, f.level = f.level, 0
	return level
}

func (s *schedule) options() []node.Option {
	return []node.Option{refusing("bad"), node.Rand(newDice(s.rand.Uint64()))}
}

func (s *schedule) run() {
	for range 40 + s.rand.IntN(80) {
		s.step()
	}
	if level := s.faults.end(); level == 1 {
		s.restart()
		for _, a := range s.crowd {
			a.restart()
		}
	}
	for _, a := range s.crowd {
		a.link.Mend()
	}
	s.pass(2*time.Hour + 3*time.Minute) // a clock may have been ahead of another by that
	for _, a := range s.crowd {
		a.check()
	}
	for _, a := range s.crowd {
		a.leave()
	}
}

func (s *schedule) pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func (s *schedule) step() {
	a := s.crowd[s.rand.IntN(len(s.crowd))]
	switch n := s.rand.IntN(100); {
	case n < 20:
		a.change(a.createOne)
	case n < 45:
		a.change(a.editOne)
	case n < 52:
		a.change(a.deleteOne)
	case n < 60:
		s.changeServer()
	case n < 68:
		a.link.Cut()
	case n < 78:
		a.link.Mend()
	case n < 84:
		a.follow()
	case n < 86 && len(a.lives) > 1:
		a.lives[0].stop()
		a.lives = a.lives[1:]
	case n < 88:
		a.restart()
	case n < 89:
		s.restart()
	case n < 92 && len(a.lives) > 0:
		a.requery(a.lives[s.rand.IntN(len(a.lives))])
	case n < 93:
		a.decide()
	case n < 94:
		a.clock.by.Store(s.rand.Int64N(int64(2*time.Hour)) - int64(time.Hour))
	case n < 95:
		a.absent()
	case n < 96:
		s.pass(time.Duration(s.rand.Int64N(int64(2 * time.Second))))
	default:
		synctest.Wait()
	}
}

func (s *schedule) anyID() event.ID {
	if len(s.ids) == 0 {
		return event.ID{}
	}
	// The newest ones meet most often.
	n := min(len(s.ids), 1+s.rand.IntN(6))
	return s.ids[len(s.ids)-1-s.rand.IntN(n)]
}

func (s *schedule) anyName() string {
	s.number++
	if s.rand.IntN(12) == 0 {
		return "bad"
	}
	return fmt.Sprintf("name %d", s.number)
}

func (s *schedule) anyYear() int { return 1980 + s.rand.IntN(10) }

// changeServer commits on the server itself.
func (s *schedule) changeServer() {
	tx := s.server.prince.Begin()
	defer tx.Rollback()
	if id := s.anyID(); s.rand.IntN(2) == 0 && !id.IsZero() {
		m, err := albums.Edit(s.server.ctx, tx, id)
		if err != nil {
			require.True(s, s.failed(err) || errors.Is(err, entity.ErrNotFound), err)
			return
		}
		m.SetYear(s.anyYear())
	} else {
		m, err := albums.Create(tx, Album{Name: fmt.Sprintf("server %d", len(s.ids)), Year: s.anyYear()})
		require.NoError(s, err)
		s.ids = append(s.ids, m.ID())
	}
	if _, err := tx.Commit(s.server.ctx); err != nil && !s.failed(err) {
		require.ErrorIs(s, err, node.ErrDenied, "an album may still be bad")
	}
}

// failed reports whether an error is a store's.
func (s *schedule) failed(err error) bool {
	return s.faults.level > 0 && (errors.Is(err, node.ErrReadOnly) || errors.Is(err, storage.ErrUnknown) || errors.Is(err, errUnreadable) || errors.As(err, new(*node.RefusedError)))
}

// restart closes the server and opens it again.
func (s *schedule) restart() {
	f := s.server
	if err := f.node.Close(f.ctx); err != nil {
		require.NotZero(s, s.faults.level, err)
		require.NoError(s, f.node.Close(f.ctx), "what is left to be done needs no writing")
	}
	require.NoError(s, f.stage.Close())
	again := startOver(s.T, f.store, s.options()...)
	f.stage, f.node = again.stage, again.node
	s.faults.disturb(again.stage, again.alarm)
	f.prince, f.queen = f.node.Session("prince"), f.node.Session("queen")
	s.serving.Store(f.node)
}

// change commits a transaction of one to three changes.
func (a *actor) change(do func(tx *node.Tx) bool) {
	session := a.session
	if a.world.rand.IntN(3) == 0 {
		session = session.Local()
	}
	tx := session.Begin()
	defer tx.Rollback()
	changed := do(tx)
	for a.world.rand.IntN(3) == 0 {
		changed = a.editOne(tx) || changed
	}
	if !changed {
		return
	}
	r, err := tx.Commit(a.ctx)
	if err != nil && a.world.failed(err) {
		return
	}
	if err != nil {
		require.ErrorIs(a, err, node.ErrDependency)
		return
	}
	if r.Status != node.Empty {
		require.Equal(a, node.Pending, r.Status)
		a.receipts = append(a.receipts, r)
	}
}

func (a *actor) createOne(tx *node.Tx) bool {
	m, err := albums.Create(tx, Album{Name: a.world.anyName(), Artist: string(a.name), Year: a.world.anyYear()})
	require.NoError(a, err)
	a.world.ids = append(a.world.ids, m.ID())
	return true
}

func (a *actor) editOne(tx *node.Tx) bool {
	m, err := albums.Edit(a.ctx, tx, a.world.anyID())
	if err != nil {
		a.mayFail(err)
		return false
	}
	if a.world.rand.IntN(2) == 0 {
		m.SetYear(a.world.anyYear())
	}
	if a.world.rand.IntN(2) == 0 {
		m.SetName(a.world.anyName())
	}
	return true
}

func (a *actor) deleteOne(tx *node.Tx) bool {
	id := a.world.anyID()
	err := albums.Delete(a.ctx, tx, id)
	if err == nil {
		return true
	}
	a.mayFail(err)
	if err := albums.Undelete(a.ctx, tx, id); err != nil {
		a.mayFail(err)
		return false
	}
	return true
}

// decide discards a transaction, or commits it again.
func (a *actor) decide() {
	if len(a.receipts) == 0 {
		return
	}
	tx := a.receipts[a.world.rand.IntN(len(a.receipts))].Transaction
	if a.world.rand.IntN(2) == 0 {
		r, err := a.session.Retry(a.ctx, tx)
		switch {
		case err == nil && r.Status != node.Empty:
			a.receipts = append(a.receipts, r)
		case err != nil && !errors.Is(err, node.ErrUnknownTransaction) && !errors.Is(err, node.ErrDependency):
			a.mayFail(err)
		}
		return
	}
	gone, err := a.node.Discard(a.ctx, tx)
	if err != nil && !errors.Is(err, node.ErrDelivered) && !errors.Is(err, node.ErrUnknownTransaction) {
		a.mayFail(err)
	}
	a.gone = append(a.gone, gone...) // with an error, too, if it came after they were taken out
}

// absent seals what the client has committed, and unseals it after a while.
func (a *actor) absent() {
	n, err := a.session.Seal(a.ctx)
	if err != nil {
		a.mayFail(err)
		return
	}
	texts := a.lives
	a.lives = nil
	for _, l := range texts {
		require.ErrorIs(a, l.live.Err(), node.ErrSealed)
		l.stop()
	}
	for range a.world.rand.IntN(3) {
		a.world.changeServer()
		a.world.pass(time.Duration(a.world.rand.Int64N(int64(time.Second))))
	}
	back, err := a.session.Unseal(a.ctx)
	for err != nil && a.world.failed(err) { // until somebody opens it again
		a.restart()
		back, err = a.session.Unseal(a.ctx)
	}
	require.NoError(a, err)
	require.LessOrEqual(a, back, n)
	for _, l := range texts {
		a.followText(l.text)
	}
}

func (a *actor) mayFail(err error) {
	if a.world.failed(err) {
		return
	}
	for _, known := range []error{entity.ErrNotFound, entity.ErrDeleted, node.ErrOffline} {
		if errors.Is(err, known) {
			return
		}
	}
	require.NoError(a, err)
}

// restart closes the client and opens it again.
func (a *actor) restart() {
	for _, l := range a.lives {
		l.stop()
	}
	texts := a.lives
	a.lives = nil
	a.stop()
	a.open(node.Rand(newDice(a.world.rand.Uint64())), a.clock.option())
	a.world.faults.disturb(a.stage, a.alarm)
	var err error
	a.connection, err = a.node.Connect(a.link.Dial)
	require.NoError(a, err)
	for _, l := range texts {
		a.followText(l.text)
	}
}

func (a *actor) follow() { a.followText(a.anyQuery()) }

// requery makes a live query another one, which takes until there is an answer.
func (a *actor) requery(l *follower) {
	text := a.anyQuery()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changing {
		return
	}
	l.changing = true
	l.changes.Go(func() {
		err := l.live.Requery(a.ctx, text)
		if err != nil && !a.world.failed(err) && !errors.Is(err, node.ErrClosed) && !errors.Is(err, node.ErrSealed) {
			a.Errorf("%q: %v", text, err)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.changing = false; err == nil {
			l.asked = text
		}
	})
}

func (a *actor) anyQuery() string {
	r := a.world.rand
	text := []string{"", "year > 1984", "year = 1985", "name LIKE 'name%'", "year > 1982 AND name != 'name 3'"}[r.IntN(5)]
	text += []string{" ORDER BY year", " ORDER BY name DESC", " ORDER BY year DESC, name", ""}[r.IntN(4)]
	if r.IntN(2) == 0 {
		text += fmt.Sprintf(" LIMIT %d", r.IntN(6))
		if r.IntN(2) == 0 {
			text += fmt.Sprintf(" OFFSET %d", r.IntN(4))
		}
	}
	return text
}

func (a *actor) followText(text string) {
	live, err := albums.Query(a.ctx, a.session, text)
	for a.world.failed(err) {
		live, err = albums.Query(a.ctx, a.session, text)
	}
	require.NoError(a, err)
	l := &follower{T: a.T, text: text, asked: text, live: live, done: make(chan struct{})}
	go l.run(a.ctx)
	a.lives = append(a.lives, l)
}

func describe(v AlbumView) string {
	return fmt.Sprintf("%v %q %d %v %v", v.ID(), v.Name(), v.Year(), v.Head(), v.Pending())
}

func (l *follower) run(ctx context.Context) {
	defer close(l.done)
	for set := range l.live.Changes(ctx) {
		l.apply(set)
	}
}

// apply patches the list as the documentation of change sets says.
func (l *follower) apply(set entity.ChangeSet[AlbumView]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var gone []int
	var arrived, stayed []entity.Change[AlbumView]
	for _, c := range set.Changes {
		switch c.Kind {
		case entity.Removed:
			gone = append(gone, c.OldIndex)
		case entity.Moved:
			gone = append(gone, c.OldIndex)
			arrived = append(arrived, c)
		case entity.Initial, entity.Added:
			arrived = append(arrived, c)
		default:
			stayed = append(stayed, c)
		}
	}
	slices.Sort(gone)
	for _, i := range slices.Backward(gone) {
		l.names = slices.Delete(l.names, i, i+1)
	}
	slices.SortFunc(arrived, func(a, b entity.Change[AlbumView]) int { return a.Index - b.Index })
	for _, c := range arrived {
		l.names = slices.Insert(l.names, c.Index, describe(c.Item))
	}
	for _, c := range stayed {
		l.names[c.Index] = describe(c.Item)
	}
}

func (l *follower) stop() {
	l.live.Close()
	<-l.done
	l.changes.Wait()
}

// check compares what a client knows with the server, at rest.
func (a *actor) check() {
	f := a.world.server
	for _, r := range a.receipts {
		a.checkReceipt(r)
	}
	for _, tx := range a.gone {
		r, err := f.node.Receipt(a.ctx, tx)
		if err == nil {
			// It was refused, committed again under its ID, and then discarded.
			require.Equal(a, node.Rejected, r.Status, "discarded, and delivered: %v", r)
			continue
		}
		require.ErrorIs(a, err, node.ErrUnknownTransaction, "discarded, and delivered")
	}
	for _, entry := range a.ledger() {
		require.NotEqual(a, node.Pending, entry.Status)
	}
	// One in some thousand stories has a result that does not add up, for a reason that is
	// not known. It is found and mended by asking again, which is what the rest shows.
	require.LessOrEqual(a, a.connection.ResumeStats().Mismatched, uint64(1), "what was told added up")
	for _, l := range a.lives {
		l.mu.Lock()
		text := l.asked
		require.False(a, l.changing, "%q became something else: %v", text, l.live.State())
		l.mu.Unlock()
		require.Equal(a, entity.Complete, l.live.State().Phase, "%s: %v", text, l.live.State())
		list, err := albums.Collect(f.ctx, f.prince, text)
		require.NoError(a, err)
		want, got := []string{}, []string{}
		for _, v := range list {
			want = append(want, describe(v))
		}
		for _, v := range l.live.Items().All() {
			got = append(got, describe(v))
			a.checkRecord(v.ID())
		}
		require.Equal(a, want, got, "%s: %q", a.name, text)
		l.mu.Lock()
		require.Empty(a, cmp.Diff(want, append([]string{}, l.names...)), "changes of %q", text)
		l.mu.Unlock()
	}
}

// checkReceipt compares what the client says of a transaction with what the
// server says.
func (a *actor) checkReceipt(r node.Receipt) {
	tx := r.Transaction
	r, mine := a.node.Receipt(a.ctx, tx)
	theirs, err := a.world.server.node.Receipt(a.ctx, tx)
	if errors.Is(mine, node.ErrUnknownTransaction) {
		require.Contains(a, a.gone, tx)
		return
	}
	require.NoError(a, mine)
	if r.Status == node.Superseded {
		if err == nil {
			require.Equal(a, node.Rejected, theirs.Status)
		}
		a.checkReceipt(node.Receipt{Transaction: r.By})
		return
	}
	if r.Status == node.Accepted {
		require.NoError(a, err)
		require.Equal(a, node.Accepted, theirs.Status, "%v, here %v", theirs, r)
		require.Equal(a, theirs.Position.Seq, r.Position.Seq)
		return
	}
	require.Equal(a, node.Rejected, r.Status)
	require.Error(a, r.Reason)
	if err == nil {
		require.Equal(a, node.Rejected, theirs.Status)
	} else {
		require.ErrorIs(a, err, node.ErrUnknownTransaction)
	}
}

// checkRecord compares stored states byte for byte.
func (a *actor) checkRecord(id event.ID) {
	read := func(n *node.Node) (r *storage.Record) {
		n.WithEngine(func(e storage.Engine) {
			s, err := e.Snapshot(a.ctx)
			require.NoError(a, err)
			defer s.Close()
			r, err = s.State(a.ctx, "albums", id)
			require.NoError(a, err)
		})
		return r
	}
	got, want := read(a.node), read(a.world.server.node)
	require.True(a, got.Equal(want), "%v differs: %v %q %q, and not %v %q %q", id,
		got.Row.Head, got.Row.Values.Bytes(), got.Merge, want.Row.Head, want.Row.Values.Bytes(), want.Merge)
}

func (a *actor) leave() {
	for _, l := range a.lives {
		l.stop()
	}
}
