package node_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/wire"
)

// TestAFailingTransactionHoldsUpNobody: it is offered later and later, and others are
// delivered in between.
func TestAFailingTransactionHoldsUpNobody(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		_, bad := ada.create(Album{Name: "unlucky", Year: 1986})
		d := ada.desk(f)
		var times []time.Time
		for len(times) < 8 {
			for _, m := range d.delivered() {
				require.Equal(t, bad.Transaction, m.Tx.ID)
				times = append(times, time.Now())
				d.send(&wire.Failure{Request: m.Request, Code: wire.CodeInternal})
			}
			_, r := ada.create(Album{Name: "lucky", Year: 1986})
			got := d.delivered()
			require.Contains(t, got, r.Transaction, "at once")
			for _, m := range got {
				d.accept(m)
			}
			if m := got[bad.Transaction]; m != nil {
				t.Fatal("at once")
			}
			synctest.Wait()
			require.Equal(t, node.Accepted, ada.outcome(r).Status)
			for len(d.commits) == 0 {
				<-time.After(100 * time.Millisecond)
			}
		}
		for i := range len(times) - 1 {
			most := min(2*time.Second<<i, 30*time.Second)
			require.InDelta(t, 0.75*most.Seconds(), times[i+1].Sub(times[i]).Seconds(), 0.26*most.Seconds())
		}
		for _, m := range d.delivered() {
			d.accept(m)
		}
		require.Equal(t, node.Accepted, ada.outcome(bad).Status)
	})
}

// TestAServerThatTakesNothingIsLeftAlone: what it would answer to one, it would
// answer to all.
func TestAServerThatTakesNothingIsLeftAlone(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		for range 40 {
			ada.create(Album{Name: "waiting", Year: 1986})
		}
		d := ada.desk(f)
		offered := 0
		for began := time.Now(); time.Since(began) < 5*time.Minute; <-time.After(time.Second) {
			for _, m := range d.delivered() {
				offered++
				d.send(&wire.Failure{Request: m.Request, Code: wire.CodeReadOnly})
			}
		}
		require.Less(t, offered, 16*20)
		require.Greater(t, offered, 16*8)
		for deadline := time.Now().Add(time.Minute); len(ada.pending()) > 0 && time.Now().Before(deadline); {
			for _, m := range d.delivered() {
				d.accept(m)
			}
			<-time.After(time.Second)
		}
		require.Empty(t, ada.pending())
	})
}

// pending lists what is in the outbox.
func (c *guest) pending() []node.LedgerEntry {
	c.Helper()
	var list []node.LedgerEntry
	for _, entry := range c.ledger() {
		if entry.Status == node.Pending {
			list = append(list, entry)
		}
	}
	return list
}
