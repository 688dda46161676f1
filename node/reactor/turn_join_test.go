package reactor

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/storage"
)

// entities returns what is the same of rows, whatever they are joined with: a row that
// stays when a query changes is not told again for what the new one joins.
func (f *reader) entities(list []*storage.Record) []string {
	all := []string{}
	for _, r := range list {
		all = append(all, fmt.Sprint(r.Row.ID, r.Row.Head))
	}
	return all
}

// fresh is what the query is now.
func (f *reader) fresh() []string {
	all := moment{rows: f.l.rows}.matching(f.l.t, f.query)
	all = all[min(f.query.Offset(), len(all)):]
	if n, ok := f.query.Limit(); ok {
		all = all[:min(n, len(all))]
	}
	return f.entities(all)
}

func (f *reader) apply() {
	for set, ok := f.sub.Next(); ok; set, ok = f.sub.Next() {
		f.list = Patch(f.list, set, func(c *RowChange) *storage.Record { return c.Record })
	}
}

// rowsText draws a query that is not for groups.
func (l *library) rowsText() string {
	for {
		if text := l.text(); text[:6] != "SELECT" {
			return text
		}
	}
}

// TestTurningFollowsReferences is the invariant for queries that join this and
// become queries that join that. To repeat: go test ./node/reactor -run 'TestTurningFollows.*/seed=<n>$'
func TestTurningFollowsReferences(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			l := newLibrary(t, seed)
			for range 30 {
				l.publish(l.stage(2))
			}
			var all []*reader
			for range 10 {
				all = append(all, l.follow(l.rowsText()))
			}
			for range 80 {
				l.publish(l.stage(1 + l.rng.IntN(1+l.rng.IntN(8))))
				for _, f := range all {
					if l.rng.IntN(8) == 0 {
						next := l.follow(l.rowsText())
						busy, err := Turn(next.sub, []*Subscription{f.sub})
						require.NoError(t, err)
						require.Nil(t, busy)
						next.sub.Close()
						f.query = next.query
					}
					if !f.slow || l.rng.IntN(15) == 0 {
						f.apply()
						require.Equal(t, f.fresh(), f.entities(f.list), f.query.Key())
					}
				}
			}
			for _, f := range all {
				f.apply()
				require.Equal(t, f.fresh(), f.entities(f.list), f.query.Key())
				f.sub.Close()
			}
			require.Zero(t, l.reactor.Len())
			require.Empty(t, l.reactor.collections)
		})
	}
}

// TestTurningKnowsWhatBothJoin: why a row leaves is known if the old query joined what the
// new one looks at; and what changed behind references is told if both look at it.
func TestTurningKnowsWhatBothJoin(t *testing.T) {
	l := newLibrary(t, 3)
	for range 40 {
		l.publish(l.stage(2))
	}
	for _, f := range []struct {
		from, to string
		known    bool
	}{
		{"artist.name > 'a' ORDER BY artist.name", "artist.name > 'a' ORDER BY artist.name DESC LIMIT 1", true},
		{"artist.name > 'a' OR artist.born > 0", "artist.born >= 0 ORDER BY artist.born LIMIT 1", true},
		{"artist.name > 'a'", "artist.label.name >= 'a' ORDER BY artist.label.name LIMIT 1", false},
		{"year >= 0", "artist.name > 'a' LIMIT 1", false},
	} {
		from, to := l.follow(f.from), l.follow(f.to)
		from.apply()
		_, err := Turn(to.sub, []*Subscription{from.sub})
		require.NoError(t, err)
		set, ok := from.sub.Next()
		require.True(t, ok)
		reasons := map[Reason]int{}
		for i := range set.Changes {
			c := &set.Changes[i]
			if reasons[c.Reason]++; c.Kind != Removed || !f.known {
				continue
			}
			row, err := to.query.Join(moment{rows: l.rows}, &l.rows[c.ID()].Row)
			require.NoError(t, err)
			want := NoMatch
			if to.query.Match(row) {
				want = Limit
			}
			require.Equal(t, want, c.Reason, f.to)
		}
		require.Equal(t, f.known, reasons[Limit] > 0, f.to)
		from.sub.Close()
		to.sub.Close()
	}
}
