package reactor

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// groupText draws a query with SELECT.
func (w *world) groupText() string {
	keys := []string{"genre", "score", "rating", "live", "extra.n", "length", "title", "plays", "artist"}
	w.rng.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	keys = keys[:w.rng.IntN(3)]
	aggregates := []string{
		"COUNT(*)", "COUNT(genre)", "COUNT(DISTINCT title)", "SUM(score)", "SUM(rating)", "AVG(rating)", "AVG(score)",
		"MIN(title)", "MAX(rating)", "MIN(extra.n)", "MAX(length)", "SUM(length)", "SUM(plays)", "SUM(DISTINCT score)",
		"MIN(released)", "SUM(extra.n)",
	}
	w.rng.Shuffle(len(aggregates), func(i, j int) { aggregates[i], aggregates[j] = aggregates[j], aggregates[i] })
	shown := aggregates[:w.rng.IntN(4)]
	if len(keys) == 0 && len(shown) == 0 {
		shown = aggregates[:1]
	}
	var b strings.Builder
	b.WriteString("SELECT ")
	distinct := len(shown) == 0 && w.rng.IntN(2) == 0
	if distinct {
		b.WriteString("DISTINCT ")
	}
	b.WriteString(strings.Join(append(slices.Clone(keys), shown...), ", "))
	if w.rng.IntN(3) > 0 {
		b.WriteString(" WHERE " + w.predicate(2))
	}
	if len(keys) > 0 && !distinct {
		b.WriteString(" GROUP BY " + strings.Join(keys, ", "))
	}
	if w.rng.IntN(3) == 0 && !distinct {
		b.WriteString([]string{" HAVING COUNT(*) > 1", " HAVING SUM(score) > 0", " HAVING MAX(title) >= 'a'", " HAVING COUNT(genre) = 0"}[w.rng.IntN(4)])
	}
	var order []string
	for _, k := range keys {
		if w.rng.IntN(2) == 0 {
			order = append(order, k+[]string{"", " DESC", " NULLS LAST"}[w.rng.IntN(3)])
		}
	}
	if w.rng.IntN(2) == 0 && !distinct {
		order = append([]string{aggregates[len(aggregates)-1] + " DESC"}, order...) // mostly one that is not shown
	}
	if len(order) > 0 {
		b.WriteString(" ORDER BY " + strings.Join(order, ", "))
	}
	if w.rng.IntN(2) == 0 {
		fmt.Fprintf(&b, " LIMIT %d", w.rng.IntN(6))
	}
	if w.rng.IntN(4) == 0 {
		fmt.Fprintf(&b, " OFFSET %d", w.rng.IntN(4))
	}
	return b.String()
}

// drawGroups draws a query with SELECT that checks.
func (w *world) drawGroups() *query.Checked {
	for {
		q, err := query.Parse(w.groupText())
		require.NoError(w.t, err)
		if c, err := q.Check(songs); err == nil {
			return c
		}
	}
}

// groups computes the groups anew.
func groupsOf(t *testing.T, rows map[event.ID]*storage.Record, c *query.Checked) []string {
	found, err := query.GroupRows(c, func(yield func(*model.Row, error) bool) {
		for _, r := range matching(rows, c.Rows()) {
			if !yield(&r.Row, nil) {
				return
			}
		}
	})
	require.NoError(t, err)
	all := []string{}
	for _, g := range found {
		all = append(all, fmt.Sprint(c.Grouping().Values(g)))
	}
	return all
}

func (f *follower) shownGroups(list []*storage.Record) []string {
	all := []string{}
	for _, r := range list {
		all = append(all, fmt.Sprint(f.query.Grouping().Values(*r.Row.Joined)))
	}
	return all
}

// takeGroups takes everything there is and compares it with the groups as they are.
func (f *follower) takeGroups() {
	t := f.w.t
	for set, ok := f.sub.Next(); ok; set, ok = f.sub.Next() {
		require.Equal(t, !f.started, set.Initial)
		f.started = true
		for i := range set.Changes {
			f.checkGroup(&set.Changes[i])
		}
		f.steps = patchByStep(f.steps, set)
		f.list = Patch(f.list, set, func(c *RowChange) *storage.Record { return c.Record })
		require.Equal(t, f.shownGroups(f.list), f.shownGroups(f.steps))
	}
	want := groupsOf(t, f.w.rows, f.query)
	if diff := cmp.Diff(want, f.shownGroups(f.list)); diff != "" {
		t.Fatalf("%s (-fresh +live):\n%s", f.query.Key(), diff)
	}
	require.Equal(t, want, f.shownGroups(f.sub.Items().Slice()), f.query.Key())
	if f.w.rng.IntN(3) == 0 {
		f.checkSum()
	}
}

func (f *follower) checkGroup(c *RowChange) {
	t := f.w.t
	if c.Kind != Updated && c.Kind != Moved {
		require.Empty(t, c.Fields)
		return
	}
	was, now := f.query.Grouping().Values(*c.Before.Row.Joined), f.query.Grouping().Values(*c.Record.Row.Joined)
	names := []string{}
	for i, item := range f.query.Grouping().Items() {
		if was[i] != now[i] {
			names = append(names, item.Name)
		}
	}
	require.Equal(t, names, append([]string{}, c.Fields...), "%s of %s", c.Kind, f.query.Key())
	if c.Kind == Updated && !f.slow {
		require.NotEmpty(t, names, "an update that shows nothing: %s", f.query.Key())
	}
}

// followGroups registers a query, with commits that come between registration, reading and filling, and
// some that the snapshot has before they are published.
func (w *world) followGroups(c *query.Checked, slow bool) *follower {
	f := &follower{w: w, query: c, slow: slow}
	sub, filling, err := w.reactor.Register(c, nil)
	require.NoError(w.t, err)
	f.sub = sub
	if filling == nil {
		return f
	}
	require.Equal(w.t, -1, filling.Rows())
	for range w.rng.IntN(3) {
		w.commit(1 + w.rng.IntN(6))
	}
	var late []staged
	for range w.rng.IntN(3) {
		late = append(late, w.stage(1+w.rng.IntN(6)))
	}
	rows, at := matching(maps.Clone(w.rows), c.Rows()), w.commits
	for range w.rng.IntN(3) {
		late = append(late, w.stage(1+w.rng.IntN(6)))
	}
	published := w.rng.IntN(len(late) + 1)
	for _, s := range late[:published] {
		w.publish(s)
	}
	require.NoError(w.t, filling.Fill(rows, func(position any) bool { return position.(int) <= at }))
	for _, s := range late[published:] {
		w.publish(s)
	}
	return f
}

// TestAGroupThatShowsNothingNewIsNoChange: a row that changes what nobody asks of its group.
func TestAGroupThatShowsNothingNewIsNoChange(t *testing.T) {
	w := newWorld(t, 1)
	id := w.insert(map[string]model.Value{"title": model.OfString("a"), "score": model.OfInt(1)})
	f := &follower{w: w, query: check(t, "SELECT COUNT(*) HAVING SUM(score) > 0")}
	sub, filling, err := w.reactor.Register(f.query, nil)
	require.NoError(t, err)
	f.sub = sub
	require.NoError(t, filling.Fill(matching(w.rows, f.query.Rows()), func(any) bool { return false }))
	f.takeGroups()
	w.apply(record(id, w.mint(), map[string]model.Value{"title": model.OfString("b"), "score": model.OfInt(2)}, false))
	_, more := f.sub.Next()
	require.False(t, more)
	w.apply(record(id, w.mint(), map[string]model.Value{"title": model.OfString("b"), "score": model.OfInt(-2)}, false))
	set, more := f.sub.Next()
	require.True(t, more)
	require.Equal(t, Removed, set.Changes[0].Kind)
	require.Equal(t, NoMatch, set.Changes[0].Reason)
}
