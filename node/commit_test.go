package node_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/storage"
)

// slow makes every commit of the engine take a millisecond of virtual time, and
// records how many entries it brought.
type slow struct {
	mu    sync.Mutex
	sizes []int
	busy  int
	most  int
}

func (s *slow) commit(_ context.Context, b *storage.Batch, next func() error) error {
	s.mu.Lock()
	s.sizes = append(s.sizes, len(b.Entries))
	s.busy++
	s.most = max(s.most, s.busy)
	s.mu.Unlock()
	<-time.After(time.Millisecond)
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.busy--
	}()
	return next()
}

func TestGroupCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const writers, rounds = 64, 10
		var s slow
		f := start(t)
		f.stage.commit = s.commit
		began := time.Now()
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for i := range rounds {
					if err := tryCreate(f.ctx, f.prince, Album{Name: fmt.Sprintf("%d/%d", w, i)}); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		require.Equal(t, 1, s.most, "the engine gets one batch at a time")
		// Two cohorts take turns, but for the first batches.
		require.Less(t, time.Since(began), 3*rounds*time.Millisecond, "batches: %v", s.sizes)
		require.Len(t, f.names(f.prince, ""), writers*rounds)
		total := 0
		for _, n := range s.sizes {
			total += n
		}
		require.Equal(t, writers*rounds, total)
	})
}

func tryCreate(ctx context.Context, s *node.Session, a Album) error {
	tx := s.Begin()
	if _, err := albums.Create(tx, a); err != nil {
		return err
	}
	_, err := tx.Commit(ctx)
	return err
}

// judge holds every commit of the engine until the test says how it ends.
type judge struct {
	entered  chan *storage.Batch
	verdicts chan func(next func() error) error
}

func (f *fixture) judged() *judge {
	j := &judge{entered: make(chan *storage.Batch, 100), verdicts: make(chan func(func() error) error)}
	over := make(chan struct{})
	f.stage.commit = func(_ context.Context, b *storage.Batch, next func() error) error {
		j.entered <- b
		select {
		case verdict := <-j.verdicts:
			return verdict(next)
		case <-over:
			return next()
		}
	}
	f.Cleanup(func() { close(over) })
	return j
}

func store(next func() error) error { return next() }

func fail(err error) func(func() error) error { return func(func() error) error { return err } }

func storeAndFail(err error) func(func() error) error {
	return func(next func() error) error { return errors.Join(next(), err) }
}

// begun is a commit that goes on in the background.
type begun struct {
	done    chan struct{}
	receipt node.Receipt
	err     error
}

func (f *fixture) begin(tx *node.Tx) *begun { return f.beginWith(f.ctx, tx) }

func (f *fixture) beginWith(ctx context.Context, tx *node.Tx) *begun {
	b := &begun{done: make(chan struct{})}
	go func() {
		defer close(b.done)
		b.receipt, b.err = tx.Commit(ctx)
	}()
	synctest.Wait()
	return b
}

func (b *begun) isDone() bool {
	select {
	case <-b.done:
		return true
	default:
		return false
	}
}

// editing begins a transaction that changes one album.
func (f *fixture) editing(id event.ID, change func(AlbumMutable)) *node.Tx {
	f.Helper()
	tx := f.prince.Begin()
	m, err := albums.Edit(f.ctx, tx, id)
	require.NoError(f, err)
	change(m)
	return tx
}

func TestTheNextBatchIsPreparedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		f := start(t, node.Hooks(func(_ context.Context, a *node.Acceptance) error {
			asked = append(asked, AlbumView{a.Changes[0].After}.Name())
			return nil
		}))
		id := f.create(f.prince, Album{Name: "0"})
		j := f.judged()
		first := f.begin(f.editing(id, func(m AlbumMutable) { m.SetName("1") }))
		second := f.begin(f.editing(id, func(m AlbumMutable) { m.SetArtist("2") }))
		require.Equal(t, []string{"0", "1", "1"}, asked, "the second is judged on top of the first, before that is durable")
		require.Len(t, j.entered, 1, "but the engine has the first only")
		third := f.begin(f.editing(id, func(m AlbumMutable) { m.SetYear(1999) }))
		require.Len(t, asked, 4, "the third joins the second while that has to wait")
		require.Equal(t, []string{"0"}, f.names(f.prince, ""), "nothing shows before it is durable")

		j.verdicts <- store
		synctest.Wait()
		require.True(t, first.isDone())
		require.False(t, second.isDone())
		fourth := f.begin(f.editing(id, func(m AlbumMutable) { m.SetYear(2000) }))
		require.False(t, fourth.isDone())
		j.verdicts <- store
		synctest.Wait()
		require.True(t, second.isDone())
		require.True(t, third.isDone())
		require.False(t, fourth.isDone())
		j.verdicts <- store
		<-fourth.done
		require.NoError(t, fourth.err)
		<-third.done
		require.NoError(t, errors.Join(first.err, second.err, third.err))
		v, err := albums.Get(f.ctx, f.prince, id)
		require.NoError(t, err)
		require.Equal(t, Album{"1", "2", 2000}, Album{v.Name(), v.Artist(), v.Year()})
		require.Equal(t, []uint64{2, 3, 4}, []uint64{first.receipt.Position.Seq, second.receipt.Position.Seq, third.receipt.Position.Seq})
	})
}

func TestUnfinishedBatchesAreNotForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		f.node.ForgetEarly(0, 1)
		id := f.create(f.prince, Album{Name: "0"})
		j := f.judged()
		first := f.begin(f.editing(id, func(m AlbumMutable) { m.SetName("1") }))
		second := f.begin(f.editing(id, func(m AlbumMutable) { m.SetArtist("2") }))
		j.verdicts <- store
		j.verdicts <- store
		<-first.done
		<-second.done
		require.NoError(t, errors.Join(first.err, second.err))
		require.Len(t, f.get(id).Head(), 2)
	})
}

func TestAFailureDiscardsWhatWasPreparedOnTop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		f := start(t, node.Hooks(func(context.Context, *node.Acceptance) error {
			asked++
			return nil
		}))
		id := f.create(f.prince, Album{Name: "0"})
		j := f.judged()
		first := f.begin(f.editing(id, func(m AlbumMutable) { m.SetName("1") }))
		second := f.begin(f.editing(id, func(m AlbumMutable) { m.SetArtist("2") }))
		require.Equal(t, 3, asked)

		j.verdicts <- fail(&storage.BatchError{Field: "states", Reason: "is not liked"})
		synctest.Wait()
		require.True(t, first.isDone())
		var bad *storage.BatchError
		require.ErrorAs(t, first.err, &bad)
		require.False(t, second.isDone())
		require.Equal(t, 4, asked, "the second is judged again")

		j.verdicts <- store
		<-second.done
		require.NoError(t, second.err)
		require.Equal(t, uint64(2), second.receipt.Position.Seq, "the first left no gap")
		v, err := albums.Get(f.ctx, f.prince, id)
		require.NoError(t, err)
		require.Equal(t, Album{"0", "2", 0}, Album{v.Name(), v.Artist(), v.Year()})
		require.Len(t, v.Head(), 1, "nothing of the first is in the state")
	})
}

func TestRefusalsWaitForWhatTheyAreBasedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		id := f.create(f.prince, Album{Name: "0"})
		serial := f.queen.Begin().Serializable()
		m, err := albums.Edit(f.ctx, serial, id)
		require.NoError(t, err)
		m.SetArtist("2")
		j := f.judged()
		first := f.begin(f.editing(id, func(m AlbumMutable) { m.SetName("1") }))
		second := f.begin(serial)
		require.False(t, second.isDone(), "what it conflicts with may still fail")
		j.verdicts <- fail(&storage.BatchError{})
		j.verdicts <- store
		<-first.done
		<-second.done
		require.Error(t, first.err)
		require.NoError(t, second.err, "and then there is no conflict")
	})
}

// TestNothingIsRefusedForWhatWasNotStored: if one batch holds a transaction and
// another one that is refused because of it, and cannot be stored.
func TestNothingIsRefusedForWhatWasNotStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		f := start(t, node.WithPolicy(pensive{node.AllowAll(), hold}))
		id := f.create(f.prince, Album{Name: "0"})
		serial := f.queen.Begin().Serializable()
		m, err := albums.Edit(f.ctx, serial, id)
		require.NoError(t, err)
		m.SetArtist("2")
		edit := f.editing(id, func(m AlbumMutable) { m.SetName("1") })
		f.alarm.expected.Store(true)
		f.stage.commit = func(context.Context, *storage.Batch, func() error) error { return storage.ErrFull }
		go func() { _ = tryCreate(f.ctx, f.node.Session("slow"), Album{Name: "slow"}) }()
		synctest.Wait()
		first, second := f.begin(edit), f.begin(serial)
		close(hold)
		<-first.done
		<-second.done
		for _, b := range []*begun{first, second} {
			require.ErrorIs(t, b.err, node.ErrReadOnly)
			require.NotErrorIs(t, b.err, node.ErrConflict)
			require.Equal(t, node.Pending, b.receipt.Status)
		}
	})
}

func TestOneMalformedTransactionHurtsNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		j := f.judged()
		first := f.begin(f.creating("first"))
		var others []*begun
		for _, name := range []string{"good", "bad", "better"} {
			others = append(others, f.begin(f.creating(name)))
		}
		bad := func(next func() error) error {
			b := <-j.entered
			for _, s := range b.States {
				if name, _ := s.Record.Row.Values.Lookup("name"); name.Text() == "bad" {
					return &storage.BatchError{Reason: "bad"}
				}
			}
			return next()
		}
		<-j.entered
		j.verdicts <- store
		for range 6 {
			synctest.Wait()
			if len(j.entered) > 0 {
				j.verdicts <- bad
			}
		}
		synctest.Wait()
		<-first.done
		require.NoError(t, first.err)
		for i, b := range others {
			require.True(t, b.isDone(), i)
		}
		require.NoError(t, others[0].err)
		require.Error(t, others[1].err)
		require.NoError(t, others[2].err)
		require.ElementsMatch(t, []string{"first", "good", "better"}, f.names(f.prince, ""))
	})
}

// creating begins a transaction that creates an album.
func (f *fixture) creating(name string) *node.Tx {
	f.Helper()
	tx := f.prince.Begin()
	_, err := albums.Create(tx, Album{Name: name})
	require.NoError(f, err)
	return tx
}

func TestUnknownOutcomes(t *testing.T) {
	lost := fmt.Errorf("connection lost: %w", storage.ErrUnknown)
	t.Run("stored after all", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := start(t)
			j := f.judged()
			b := f.begin(f.creating("Parade"))
			next := f.begin(f.creating("Lovesexy"))
			j.verdicts <- storeAndFail(lost)
			<-b.done
			require.NoError(t, b.err)
			require.Equal(t, node.Accepted, b.receipt.Status)
			j.verdicts <- store
			<-next.done
			require.NoError(t, next.err)
			require.ElementsMatch(t, []string{"Parade", "Lovesexy"}, f.names(f.prince, ""))
		})
	})
	t.Run("not stored", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := start(t)
			j := f.judged()
			b := f.begin(f.creating("Parade"))
			next := f.begin(f.creating("Lovesexy"))
			j.verdicts <- fail(lost)
			synctest.Wait()
			require.False(t, b.isDone(), "it is tried again")
			j.verdicts <- store
			<-b.done
			<-next.done
			require.NoError(t, errors.Join(b.err, next.err))
			require.Equal(t, uint64(1), b.receipt.Position.Seq, "the order is kept")
			require.Equal(t, uint64(2), next.receipt.Position.Seq)
			require.ElementsMatch(t, []string{"Parade", "Lovesexy"}, f.names(f.prince, ""))
		})
	})
	t.Run("stored later", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := start(t)
			id := f.create(f.prince, Album{Name: "Parade"})
			j := f.judged()
			f.alarm.expected.Store(true)
			b := f.begin(f.editing(id, func(m AlbumMutable) { m.SetYear(1986) }))
			var late func() error
			j.verdicts <- func(next func() error) error {
				late = next
				return lost
			}
			synctest.Wait()
			j.verdicts <- func(next func() error) error { return errors.Join(late(), next()) }
			<-b.done
			require.NoError(t, b.err)
			require.Equal(t, uint64(2), b.receipt.Position.Seq)
			require.Len(t, f.get(id).Head(), 1)
			require.Equal(t, 1986, f.get(id).Year())
			requireLogVerifies(f)
		})
	})
	t.Run("never stored", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := start(t)
			j := f.judged()
			b := f.begin(f.creating("Parade"))
			for !b.isDone() {
				j.verdicts <- fail(lost)
				synctest.Wait()
			}
			require.ErrorIs(t, b.err, storage.ErrUnknown)
			require.Equal(t, node.Pending, b.receipt.Status, "nobody decided it")
			next := f.begin(f.creating("Lovesexy"))
			j.verdicts <- store
			<-next.done
			require.NoError(t, next.err)
		})
	})
	t.Run("not to be found out", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := start(t)
			j := f.judged()
			b := f.begin(f.creating("Parade"))
			f.stage.snapshot = func() error { return errors.New("no connection") }
			f.alarm.expected.Store(true)
			j.verdicts <- fail(lost)
			<-b.done
			require.ErrorIs(t, b.err, storage.ErrUnknown)
			require.ErrorIs(t, b.err, node.ErrReadOnly)
			f.stage.snapshot = nil
			require.ErrorIs(t, tryCreate(f.ctx, f.prince, Album{}), node.ErrReadOnly)
			require.Empty(t, f.names(f.prince, ""), "reads go on")
		})
	})
}

func TestTheOrderIsKeptWhenBatchesAreTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, node.WithLimits(node.Limits{Batch: 1}))
		j := f.judged()
		var commits []*begun
		for i := range 6 {
			commits = append(commits, f.begin(f.creating(fmt.Sprint(i))))
		}
		for range 2 {
			j.verdicts <- fail(storage.ErrUnknown)
			synctest.Wait()
		}
		for range commits {
			j.verdicts <- store
		}
		for i, b := range commits {
			<-b.done
			require.NoError(t, b.err)
			require.Equal(t, uint64(i+1), b.receipt.Position.Seq)
		}
	})
}

func TestSomebodyElseWritesTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		id := f.create(f.prince, Album{Name: "0", Year: 1900})
		old := f.editing(id, func(m AlbumMutable) { m.SetArtist("mine") })
		// Another process with the same identity changes the album.
		other, err := node.Open(f.ctx, lent{f.stage.Engine}, node.Models(albumSchema, noteSchema), node.WithPolicy(node.AllowAll()))
		require.NoError(t, err)
		require.Equal(t, f.node.Origin(), other.Origin())
		require.NoError(t, other.Session("other").Update(f.ctx, func(tx *node.Tx) error {
			m, err := albums.Edit(f.ctx, tx, id)
			m.SetYear(1986)
			return err
		}))
		require.NoError(t, other.Close(f.ctx))

		f.alarm.expected.Store(true)
		live := f.query("")
		r, err := old.Commit(f.ctx)
		require.NoError(t, err)
		require.Equal(t, uint64(3), r.Position.Seq)
		require.Equal(t, Album{"0", "mine", 1986}, f.album(id), "what the other one did is not lost")
		require.ErrorIs(t, live.Err(), node.ErrForeignWrite, "nobody told the live query what the other one did")
		requireLogVerifies(f)
	})
}

// lent is an engine that somebody else closes.
type lent struct{ storage.Engine }

func (lent) Close() error { return nil }

// album is an album's values.
func (f *fixture) album(id event.ID) Album {
	f.Helper()
	v := f.get(id)
	return Album{v.Name(), v.Artist(), v.Year()}
}

func TestAFullStoreMakesTheNodeReadOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		id := f.create(f.prince, Album{Name: "Parade"})
		j := f.judged()
		first := f.begin(f.creating("first"))
		second := f.begin(f.creating("second"))
		third := f.begin(f.creating("third"))
		f.alarm.expected.Store(true)
		j.verdicts <- fail(fmt.Errorf("disk: %w", storage.ErrFull))
		for _, b := range []*begun{first, second, third} {
			<-b.done
			require.ErrorIs(t, b.err, node.ErrReadOnly)
			require.ErrorIs(t, b.err, storage.ErrFull)
			require.Equal(t, node.Pending, b.receipt.Status)
		}
		require.Len(t, j.entered, 1, "the engine is not asked again")
		tx := f.prince.Begin()
		m, err := albums.Edit(f.ctx, tx, id)
		require.NoError(t, err)
		m.SetName("Parade!")
		_, err = tx.Commit(f.ctx)
		require.ErrorIs(t, err, node.ErrReadOnly)
		require.Equal(t, []string{"Parade"}, f.names(f.prince, ""), "reads go on")
	})
}

func TestCancelledCommits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, node.WithLimits(node.Limits{Batch: 1}))
		gone, cancel := context.WithCancel(f.ctx)
		cancel()
		_, err := f.creating("never").Commit(gone)
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, node.ErrPending)

		j := f.judged()
		leaving, leave := context.WithCancelCause(f.ctx)
		inEngine := f.beginWith(leaving, f.creating("in the engine"))
		prepared := f.begin(f.creating("prepared"))
		waiting := f.beginWith(leaving, f.creating("waiting"))
		taken := f.begin(f.creating("taken along"))
		require.Equal(t, 2, f.node.Waiting())
		reason := errors.New("the browser went away")
		leave(reason)
		synctest.Wait()
		require.True(t, waiting.isDone())
		require.ErrorIs(t, waiting.err, reason)
		require.ErrorIs(t, waiting.err, context.Canceled)
		require.NotErrorIs(t, waiting.err, node.ErrPending, "nothing happened")
		require.False(t, inEngine.isDone(), "who leads goes on for the others")
		for range 3 {
			j.verdicts <- store
		}
		<-taken.done
		<-prepared.done
		<-inEngine.done
		require.NoError(t, errors.Join(inEngine.err, prepared.err, taken.err))
		require.ElementsMatch(t, []string{"in the engine", "prepared", "taken along"}, f.names(f.prince, ""))
		_, err = f.node.Receipt(f.ctx, waiting.receipt.Transaction)
		require.ErrorIs(t, err, node.ErrUnknownTransaction)
	})
}

// TestAReceiptOfWhatIsGivenUp: whoever asks for it is not left waiting.
func TestAReceiptOfWhatIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, node.WithLimits(node.Limits{Batch: 1}))
		j := f.judged()
		leaving, leave := context.WithCancel(f.ctx)
		f.begin(f.creating("in the engine"))
		f.begin(f.creating("prepared"))
		tx := f.creating("waiting")
		waiting := f.beginWith(leaving, tx)
		id := f.node.Waited()
		asked := make(chan error, 1)
		go func() {
			_, err := f.node.Receipt(f.ctx, id)
			asked <- err
		}()
		synctest.Wait()
		require.Empty(t, asked)
		leave()
		<-waiting.done
		require.Equal(t, id, waiting.receipt.Transaction)
		require.ErrorIs(t, <-asked, node.ErrUnknownTransaction)
		j.verdicts <- store
		j.verdicts <- store
	})
}

// TestContextsThatEndAnywhere: whenever its context ends and whatever the engine
// does, what a commit returns is what happened.
func TestContextsThatEndAnywhere(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { endAnywhere(t, seed) })
		})
	}
}

func endAnywhere(t *testing.T, seed uint64) {
	const writers, rounds = 12, 15
	f := start(t, node.WithLimits(node.Limits{Batch: 4}))
	f.alarm.expected.Store(true)
	dice := rand.New(rand.NewPCG(seed, 1))
	f.stage.commit = func(_ context.Context, _ *storage.Batch, next func() error) error { // one at a time
		<-time.After(time.Duration(dice.IntN(3000)) * time.Microsecond)
		switch dice.IntN(12) {
		case 0:
			return errors.Join(next(), storage.ErrUnknown)
		case 1:
			return storage.ErrUnknown
		}
		return next()
	}
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			dice := rand.New(rand.NewPCG(seed, uint64(2+w)))
			for i := range rounds {
				ctx, cancel := context.WithTimeout(f.ctx, time.Duration(dice.IntN(8000))*time.Microsecond)
				f.commitAndTell(ctx, fmt.Sprintf("%d/%d", w, i))
				cancel()
			}
		})
	}
	wg.Wait()
	f.stage.commit = nil
	requireLogVerifies(f)
}

// commitAndTell commits an album and checks that it is there, or is not, as told.
func (f *fixture) commitAndTell(ctx context.Context, name string) {
	tx := f.prince.Begin()
	m, err := albums.Create(tx, Album{Name: name})
	if err != nil {
		f.Error(err)
		return
	}
	r, err := tx.Commit(ctx)
	told := node.Accepted
	if err != nil {
		told = node.Pending // no error but ErrPending leaves it open
		r, err = f.node.Receipt(f.ctx, r.Transaction)
		if err != nil && !errors.Is(err, node.ErrUnknownTransaction) && !errors.Is(err, storage.ErrUnknown) {
			f.Error(err)
		}
	}
	_, err = albums.Get(f.ctx, f.queen, m.ID())
	if there := err == nil; there != (r.Status == node.Accepted) || told == node.Accepted && !there {
		f.Errorf("%s: it is there: %v, told: %v, receipt: %v", name, there, told, r)
	}
}

func TestAReceiptResolvesAfterItsOwnerLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		j := f.judged()
		leaving, leave := context.WithCancel(f.ctx)
		first := f.begin(f.creating("first"))
		second := f.begin(f.creating("second"))
		third := f.beginWith(leaving, f.creating("third"))
		leave()
		synctest.Wait()
		require.True(t, third.isDone(), "the second leads the batch that it is part of")
		require.ErrorIs(t, third.err, node.ErrPending)
		require.ErrorIs(t, third.err, context.Canceled)
		require.Equal(t, node.Pending, third.receipt.Status)

		r, err := f.node.Receipt(leaving, third.receipt.Transaction)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, node.Pending, r.Status)
		asked := make(chan node.Receipt, 1)
		go func() {
			r, err := f.node.Receipt(f.ctx, third.receipt.Transaction)
			if err != nil {
				t.Error(err)
			}
			asked <- r
		}()
		synctest.Wait()
		require.Empty(t, asked)
		j.verdicts <- store
		j.verdicts <- store
		<-first.done
		<-second.done
		r = <-asked
		require.Equal(t, node.Accepted, r.Status)
		again, err := f.node.Receipt(f.ctx, third.receipt.Transaction)
		require.NoError(t, err)
		require.Equal(t, r, again)
	})
}

func TestAReceiptOfWhatWasNeverDecided(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		j := f.judged()
		leaving, leave := context.WithCancel(f.ctx)
		first := f.begin(f.creating("first"))
		second := f.begin(f.creating("second"))
		third := f.beginWith(leaving, f.creating("third"))
		leave()
		<-third.done
		asked := make(chan error, 1)
		go func() {
			r, err := f.node.Receipt(f.ctx, third.receipt.Transaction)
			if r.Status != node.Pending {
				t.Error(r)
			}
			asked <- err
		}()
		synctest.Wait()
		f.alarm.expected.Store(true)
		j.verdicts <- fail(storage.ErrFull)
		<-first.done
		<-second.done
		require.ErrorIs(t, <-asked, node.ErrReadOnly)
	})
}

func TestForksTakenWhileTheEngineWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		f.node.ForgetEarly(0, 1)
		id := f.create(f.prince, Album{Name: "0"})
		j := f.judged()
		first := f.begin(f.editing(id, func(m AlbumMutable) { m.SetName("1") }))
		fork := f.editing(id, func(m AlbumMutable) { m.SetArtist("2") })
		j.verdicts <- store
		<-first.done
		second := f.begin(fork)
		j.verdicts <- store
		<-second.done
		require.NoError(t, errors.Join(first.err, second.err))
		require.Equal(t, Album{"1", "2", 0}, f.album(id))
	})
}

func TestSomebodyLeadsWhatNobodyWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, node.WithLimits(node.Limits{Batch: 2}))
		j := f.judged()
		leaving, leave := context.WithCancel(f.ctx)
		first := f.begin(f.creating("first"))
		second := f.begin(f.creating("second"))
		third := f.beginWith(leaving, f.creating("third"))
		leave()
		<-third.done
		require.ErrorIs(t, third.err, node.ErrPending)
		j.verdicts <- fail(storage.ErrUnknown)
		synctest.Wait()
		j.verdicts <- store // the first two, tried again
		j.verdicts <- store // the third, which is alone in the world
		<-first.done
		<-second.done
		r, err := f.node.Receipt(f.ctx, third.receipt.Transaction)
		require.NoError(t, err)
		require.Equal(t, node.Accepted, r.Status)
		require.Equal(t, uint64(3), r.Position.Seq)
	})
}

func TestReceiptsOfThePast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		r := f.edit(f.prince, f.create(f.prince, Album{Name: "Parade"}), func(m AlbumMutable) { m.SetYear(1986) })
		_, err := f.node.Receipt(f.ctx, event.ID{15: 1})
		require.ErrorIs(t, err, node.ErrUnknownTransaction)
		f.stop()
		f = startOver(t, f.store)
		again, err := f.node.Receipt(f.ctx, r.Transaction)
		require.NoError(t, err)
		require.Equal(t, r, again, "it is in the log")
	})
}
