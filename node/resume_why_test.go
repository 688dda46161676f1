package node_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/wire"
)

// TestWhatLeftMeanwhileHasItsReason: what the peer leaves out without a word, it is asked
// about, and nothing is shown before it has answered.
func TestWhatLeftMeanwhileHasItsReason(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ids := f.fill(60)
		ada := f.join("ada")
		ada.connect()
		live := ada.query("year < 1950 ORDER BY year DESC LIMIT 30")
		require.NoError(t, live.Wait(f.ctx))
		small := ada.query("year >= 1955 AND year < 1960 ORDER BY year LIMIT 3")
		require.NoError(t, small.Wait(f.ctx))
		changes, few := told(ada, live), told(ada, small)
		changes()
		few()
		before := ada.connection.ResumeStats()
		ada.away(func() {
			f.edit(f.prince, ids[45], func(m AlbumMutable) { m.SetYear(1990) })
			f.delete(ids[46])
			for i := range 4 {
				f.create(f.prince, Album{Name: fmt.Sprint("new ", i), Year: 1949})
			}
			f.create(f.prince, Album{Name: "first", Year: 1955})
			f.delete(ids[56])
		})
		got := gained(ada.connection.ResumeStats(), before)
		require.Equal(t, uint64(2), got.Compared+got.Whole, "%+v", got)
		require.Equal(t, f.names(f.prince, "year < 1950 ORDER BY year DESC LIMIT 30"), shown(live))
		gone := make(map[string]string)
		for _, s := range append(changes(), few()...) {
			if left, ok := strings.CutPrefix(s, "removed "); ok {
				name, reason, _ := strings.Cut(left, "->-1 ")
				gone[name[:len("album 45")]] = reason
			}
		}
		require.Equal(t, map[string]string{
			"album 45": entity.NoMatch.String(), "album 46": entity.Deleted.String(),
			"album 20": entity.Limit.String(), "album 21": entity.Limit.String(),
			"album 56": entity.Deleted.String(),
		}, gone)
	})
}

// TestReasonsAreThoseOfThePolicy: what may not be read any more is no longer allowed, and
// so is what was never there.
func TestReasonsAreThoseOfThePolicy(t *testing.T) {
	var closed atomic.Bool
	cluster(t, func(t *testing.T, f *fixture) {
		ids := f.fill(3)
		f.delete(ids[1])
		s := f.visit("ada")
		s.send(&wire.Subscribe{Request: 1, Collection: "albums", Query: "year = 1900"})
		require.True(t, s.hear().(*wire.Rows).Reset)
		ask := func(request, of uint64) []wire.Reason {
			s.send(&wire.Why{Request: request, Of: of, Entities: []event.ID{ids[0], ids[1], ids[2], {9}}})
			return s.hear().(*wire.Reasons).Reasons
		}
		require.Equal(t, []wire.Reason{wire.NoMatch, wire.Deleted, wire.NoMatch, wire.Denied}, ask(2, 1))
		require.Empty(t, ask(3, 99), "nobody asked that")
		s.send(&wire.Subscribe{Request: 4, Collection: "albums", Query: "year >= 1900 LIMIT 1"})
		require.True(t, s.hear().(*wire.Rows).Reset)
		require.Equal(t, []wire.Reason{wire.Limit, wire.Deleted, wire.Limit, wire.Denied}, ask(5, 4))
		closed.Store(true) // and nobody has reviewed what stands
		denied := []wire.Reason{wire.Denied, wire.Denied, wire.Denied, wire.Denied}
		require.Equal(t, denied, ask(6, 4))
	}, node.WithPolicy(&shifting{closed: &closed}))
}

// shifting is a policy that stops letting anybody read.
type shifting struct {
	closed *atomic.Bool
}

func (p *shifting) Read(context.Context, node.Principal, string) error {
	if p.closed.Load() {
		return errors.New("closed")
	}
	return nil
}

func (*shifting) Accept(context.Context, *node.Acceptance) error { return nil }

// TestAPolicyThatChangedMeanwhile: whoever comes back and may not read any more is told
// nothing of what changed.
func TestAPolicyThatChangedMeanwhile(t *testing.T) {
	var closed atomic.Bool
	cluster(t, func(t *testing.T, f *fixture) {
		ids := f.fill(100)
		ada := f.join("ada")
		ada.connect()
		live := ada.query("")
		require.NoError(t, live.Wait(f.ctx))
		bytes := ada.away(func() {
			f.edit(f.prince, ids[0], func(m AlbumMutable) { m.SetName("secret") })
			closed.Store(true)
		})
		require.ErrorIs(t, live.Err(), node.ErrDenied)
		require.Less(t, bytes, int64(1500), "a greeting, a question and a refusal")
	}, node.WithPolicy(&shifting{closed: &closed}))
}

// TestReasonsThatDoNotCome: what left is shown after a while all the same, and what came
// after it too.
func TestReasonsThatDoNotCome(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ids := f.fill(2)
		ada := f.join("ada")
		ada.connect()
		live := ada.query("ORDER BY year")
		require.NoError(t, live.Wait(f.ctx))
		require.NoError(t, ada.connection.Close(f.ctx))
		changes := told(ada, live)
		changes()

		d := ada.desk(f)
		asked := (<-d.asked).(*wire.Subscribe)
		row := wire.Row{Row: *f.get(ids[0]).Row()}
		d.send(&wire.Rows{Request: asked.Request, Reset: true, Rows: []wire.Row{row}})
		why := (<-d.asked).(*wire.Why)
		require.Equal(t, asked.Request, why.Of)
		require.Equal(t, []event.ID{ids[1]}, why.Entities)
		f.edit(f.prince, ids[0], func(m AlbumMutable) { m.SetName("again") })
		row = wire.Row{Row: *f.get(ids[0]).Row()}
		d.send(&wire.Rows{Request: asked.Request, Rows: []wire.Row{row}})
		d.send(&wire.Summary{Request: asked.Request, Count: 1})
		synctest.Wait()
		require.Empty(t, changes())
		require.Equal(t, []string{"album 0", "album 1"}, shown(live))
		require.Equal(t, entity.Stale, live.State().Phase)
		<-time.After(6 * time.Second)
		require.Equal(t, []string{"removed album 1 1->-1 no longer matches", "updated again 0->0"}, rowsOnly(changes()))
		require.Equal(t, entity.Complete, live.State().Phase)
		require.NoError(t, ada.connection.Close(f.ctx))
	})
}

// TestAnAnswerMayNotBeExplainedAnyMore: the connection ends before the reasons are there.
func TestAnAnswerMayNotBeExplainedAnyMore(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ids := f.fill(2)
		ada := f.join("ada")
		ada.connect()
		live := ada.query("ORDER BY year")
		require.NoError(t, live.Wait(f.ctx))
		require.NoError(t, ada.connection.Close(f.ctx))
		d := ada.desk(f)
		asked := (<-d.asked).(*wire.Subscribe)
		d.send(&wire.Rows{Request: asked.Request, Reset: true})
		require.IsType(t, &wire.Why{}, <-d.asked)
		require.NoError(t, ada.connection.Close(f.ctx))
		require.Equal(t, []string{"album 0", "album 1"}, shown(live))
		f.delete(ids[0])
		ada.connect()
		require.NoError(t, live.Wait(f.ctx))
		require.Equal(t, []string{"album 1"}, shown(live))
	})
}
