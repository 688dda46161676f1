package node_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/wire"
)

var errNotYours = errors.New("not yours")

// doors is a policy that lets nobody but prince read albums or persons while they are
// closed. What is meanwhile is done once, between the next answer and its arrival.
type doors struct {
	closed    atomic.Bool
	meanwhile atomic.Pointer[func()]
}

func (d *doors) Read(_ context.Context, p node.Principal, collection string) (err error) {
	if d.closed.Load() && p != "prince" && (collection == "albums" || collection == "persons") {
		err = errNotYours
	}
	if do := d.meanwhile.Swap(nil); do != nil {
		(*do)()
	}
	return err
}

func (d *doors) Accept(context.Context, *node.Acceptance) error { return nil }

// reviewed watches what becomes of live queries when the doors are closed.
func (f *fixture) reviewed(d *doors, review func() error, seen *node.Session) {
	live, err := albums.Query(f.ctx, seen, "year > 1980 ORDER BY year LIMIT 2")
	require.NoError(f, err)
	defer live.Close()
	notes, err := notes.Query(f.ctx, seen, "")
	require.NoError(f, err)
	defer notes.Close()
	counting, err := albums.QueryGroups(f.ctx, seen, "SELECT COUNT(*)")
	require.NoError(f, err)
	defer counting.Close()
	for _, wait := range []func(context.Context) error{live.Wait, notes.Wait, counting.Wait} {
		require.NoError(f, wait(f.ctx))
	}
	feed := listen(f.ctx, live)
	synctest.Wait()
	require.NoError(f, review(), "nothing has changed")
	synctest.Wait()
	require.Equal(f, []string{"B", "C"}, shown(live))

	d.closed.Store(true)
	require.NoError(f, review())
	<-feed.done
	synctest.Wait()
	changes, names := feed.last()
	require.Equal(f, []string{"removed B, no longer allowed", "removed C, no longer allowed"}, changes)
	require.Empty(f, names)
	for _, err := range []error{live.Err(), counting.Err(), live.Wait(f.ctx), live.Requery(f.ctx, ""), live.State().Err} {
		require.ErrorIs(f, err, node.ErrDenied)
	}
	require.Equal(f, entity.Failed, live.State().Phase)
	require.Zero(f, live.Items().Len()+counting.Items().Len())
	for range live.Changes(f.ctx) {
		require.Fail(f, "it has ended")
	}
	require.NoError(f, notes.Err(), "others stay")

	again, err := albums.Query(f.ctx, f.prince, "year > 1980 ORDER BY year LIMIT 2")
	require.NoError(f, err)
	defer again.Close()
	require.Equal(f, []string{"B", "C"}, shown(again), "somebody may still see it")
	require.Zero(f, live.Items().Len())
	require.NoError(f, review())
}

func TestReview(t *testing.T) {
	d := new(doors)
	cluster(t, func(_ *testing.T, f *fixture) {
		f.decade()
		kept, err := albums.Query(f.ctx, f.prince, "year > 1980 ORDER BY year LIMIT 2") // shares the result
		require.NoError(f, err)
		defer kept.Close()
		f.reviewed(d, func() error { return f.node.Review(f.ctx) }, f.queen)
		require.Equal(f, []string{"B", "C"}, shown(kept))
		require.NoError(f, kept.Err())
	}, node.WithPolicy(d))
}

// TestReviewOfPeers: the server's policy ends what clients see.
func TestReviewOfPeers(t *testing.T) {
	d := new(doors)
	cluster(t, func(_ *testing.T, f *fixture) {
		f.decade()
		ada := f.join("ada")
		ada.connect()
		f.reviewed(d, func() error {
			err := f.node.Review(f.ctx)
			synctest.Wait()
			return err
		}, ada.session)
	}, node.WithPolicy(d))
}

// TestReviewOnAClient: and so does its own.
func TestReviewOnAClient(t *testing.T) {
	d := new(doors)
	cluster(t, func(_ *testing.T, f *fixture) {
		f.decade()
		ada := f.join("ada", node.WithPolicy(d))
		ada.connect()
		f.reviewed(d, func() error { return ada.node.Review(f.ctx) }, ada.session)
	})
}

// TestReviewFollowsReferences: who may not read persons may not order tasks by them.
func TestReviewFollowsReferences(t *testing.T) {
	d := new(doors)
	cluster(t, func(t *testing.T, f *fixture) {
		s := newStaff(f)
		order, plain := s.watch(f.queen, "ORDER BY owner.name, title"), s.watch(f.queen, "ORDER BY title")
		require.Len(t, order.titles(), 3)
		d.closed.Store(true)
		require.NoError(t, f.node.Review(f.ctx))
		require.Empty(t, order.titles())
		require.ErrorIs(t, order.live.Err(), node.ErrDenied)
		require.Len(t, plain.titles(), 3)
	}, node.Models(personSchema, taskSchema), node.WithPolicy(d))
}

// TestWhatIsDeniedIsNotTold: a peer that was not told yet why a row left when it is
// denied is not told then.
func TestWhatIsDeniedIsNotTold(t *testing.T) {
	d := new(doors)
	cluster(t, func(t *testing.T, f *fixture) {
		id := f.create(f.prince, Album{Name: "Parade", Year: 1986})
		f.create(f.prince, Album{Name: "Camille", Year: 1987})
		s := f.visit("mallory")
		s.send(&wire.Subscribe{Request: 1, Collection: "albums", Query: "year > 1980"})
		require.Len(t, s.hear().(*wire.Rows).Rows, 2)
		const pings = 200 // more answers than the line holds
		go func() {
			for range pings {
				s.send(&wire.Ping{})
			}
		}()
		synctest.Wait()
		f.edit(f.prince, id, func(m AlbumMutable) { m.SetYear(1900); m.SetName("secret") })
		d.closed.Store(true)
		require.NoError(t, f.node.Review(f.ctx))
		var rows *wire.Rows
		for range pings + 2 {
			switch m := s.hear().(type) {
			case *wire.Failure:
				require.Equal(t, wire.CodeDenied, m.Code)
				require.NotNil(t, rows)
			case *wire.Rows:
				require.Nil(t, rows, "all at once")
				rows = m
			}
		}
		require.Empty(t, rows.Rows)
		require.Len(t, rows.Departures, 2)
		for _, left := range rows.Departures {
			require.Nil(t, left.Last, "what the entity is now")
		}
		require.Zero(t, f.node.Standing())
	}, node.WithPolicy(d))
}

// TestReviewWhileAQueryIsAsked: what was allowed before a review, and stands after
// it, is reviewed.
func TestReviewWhileAQueryIsAsked(t *testing.T) {
	d := new(doors)
	cluster(t, func(t *testing.T, f *fixture) {
		s := newStaff(f)
		ada := f.join("ada", node.Models(personSchema, taskSchema), node.WithPolicy(d))
		ada.connect()
		for _, where := range []struct {
			node    *node.Node
			session *node.Session
		}{{f.node, f.queen}, {ada.node, ada.session}} {
			closing := func() {
				d.closed.Store(true)
				require.NoError(t, where.node.Review(f.ctx))
			}
			d.closed.Store(false)
			w := s.watch(where.session, "ORDER BY title")
			d.meanwhile.Store(&closing)
			_, err := persons.Query(f.ctx, where.session, "")
			require.ErrorIs(t, err, node.ErrDenied)

			d.closed.Store(false)
			d.meanwhile.Store(&closing)
			require.ErrorIs(t, w.live.Requery(f.ctx, "ORDER BY owner.name"), node.ErrDenied)
			require.Equal(t, []string{"read", "rest", "write"}, w.titles(), "it is what it was")
			w.live.Close()
		}
	}, node.Models(personSchema, taskSchema), node.WithPolicy(d))
}

// TestReviewOfWhatBecomesAllowed: nothing is taken away from a query that has become
// another one while the policy was asked.
func TestReviewOfWhatBecomesAllowed(t *testing.T) {
	d := new(doors)
	cluster(t, func(t *testing.T, f *fixture) {
		s := newStaff(f)
		w := s.watch(f.queen, "ORDER BY owner.name, title")
		d.closed.Store(true)
		becoming := func() { require.NoError(t, w.live.Requery(f.ctx, "ORDER BY title")) }
		d.meanwhile.Store(&becoming)
		require.NoError(t, f.node.Review(f.ctx))
		require.Equal(t, []string{"read", "rest", "write"}, w.titles())
		require.NoError(t, w.live.Err())
	}, node.Models(personSchema, taskSchema), node.WithPolicy(d))
}

// TestReviewOfWhatBecomesDenied: a query that the review has seen as what it was is
// seen again when it has become another.
func TestReviewOfWhatBecomesDenied(t *testing.T) {
	d := new(doors)
	cluster(t, func(t *testing.T, f *fixture) {
		s := newStaff(f)
		for range 6 { // queries are reviewed in any order
			d.closed.Store(false)
			w := s.watch(f.queen, "ORDER BY title")
			require.Len(t, w.titles(), 3)
			turned, reviewed := make(chan struct{}), make(chan error)
			f.stage.snapshot = func() error { // allowed, and being read
				f.stage.snapshot = nil
				d.closed.Store(true)
				waiting := func() { <-turned }
				d.meanwhile.Store(&waiting)
				go func() { reviewed <- f.node.Review(f.ctx) }()
				synctest.Wait()
				return nil
			}
			require.ErrorIs(t, w.live.Requery(f.ctx, "ORDER BY owner.name, title"), node.ErrDenied)
			close(turned)
			require.NoError(t, <-reviewed)
			require.ErrorIs(t, w.live.Err(), node.ErrDenied)
			w.live.Close()
		}
	}, node.Models(personSchema, taskSchema), node.WithPolicy(d))
}
