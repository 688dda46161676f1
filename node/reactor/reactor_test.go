package reactor

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// follower is a consumer: a list that change sets are patched into, and nothing else.
type follower struct {
	w       *world
	query   *query.Checked
	sub     *Subscription
	list    []*storage.Record
	steps   []*storage.Record // the same, patched step by step as a user interface would
	started bool
	slow    bool
	woken   int
	taken   int
	since   int // commits before the last one that was taken in
}

func (w *world) follow(c *query.Checked, slow bool) *follower {
	f := &follower{w: w, query: c, slow: slow}
	sub, filling, err := w.reactor.Register(c, func() { f.woken++ })
	require.NoError(w.t, err)
	f.sub = sub
	if filling == nil {
		return f
	}
	// The snapshot is taken at some moment after the registration; commits go on meanwhile.
	rows, at := w.read(c, filling), w.commits
	for range w.rng.IntN(4) {
		w.commit(1 + w.rng.IntN(6))
		if w.rng.IntN(3) == 0 {
			rows, at = w.read(c, filling), w.commits
		}
	}
	// It may even be ahead of what is published.
	var late []staged
	for range w.rng.IntN(4) {
		late = append(late, w.stage(1+w.rng.IntN(6)))
		if w.rng.IntN(2) == 0 {
			rows, at = w.read(c, filling), w.commits
		}
	}
	defer func() {
		for _, s := range late {
			w.publish(s)
		}
	}()
	for {
		_, early := sub.Next()
		require.False(w.t, early)
		err := filling.Fill(rows, func(position any) bool { return position.(int) <= at })
		if err == nil {
			return f
		}
		require.ErrorIs(w.t, err, ErrReread)
		rows, at = w.read(c, filling), w.commits
	}
}

// read is the first rows of a query as of now.
func (w *world) read(c *query.Checked, f *Filling) []*storage.Record {
	all := matching(w.rows, c)
	if n := f.Rows(); n >= 0 {
		all = all[:min(n, len(all))]
	}
	if w.rng.IntN(8) == 0 && len(all) > 0 { // an engine that is careless with the order, or answers twice
		all = append(all, all[w.rng.IntN(len(all))])
		w.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	}
	return all
}

// take takes everything there is and checks it.
func (f *follower) take() {
	t := f.w.t
	sets := 0
	for {
		set, ok := f.sub.Next()
		if !ok {
			break
		}
		sets++
		require.Equal(t, !f.started, set.Initial, "only the first set is initial")
		f.started = true
		f.check(set)
		f.steps = patchByStep(f.steps, set)
		f.list = Patch(f.list, set, func(c *RowChange) *storage.Record { return c.Record })
		sameList(t, f.list, f.steps, "patched step by step: "+f.query.Key())
	}
	if !f.slow {
		require.LessOrEqual(t, sets, max(1, f.w.commits-f.since), "one set per commit: %s", f.query.Key())
	} else {
		require.LessOrEqual(t, sets, maxSets+1)
	}
	f.taken += sets
	f.since = f.w.commits
	sameList(t, f.w.fetch(f.query), f.list, "after patching: "+f.query.Key())
	items := f.sub.Items()
	sameList(t, f.list, items.Slice(), "items: "+f.query.Key())
	if n := items.Len(); n > 0 {
		i := f.w.rng.IntN(n)
		require.Same(t, f.list[i], items.At(i))
	}
	if f.w.rng.IntN(3) == 0 {
		f.checkSum()
	}
}

func sameList(t *testing.T, want, got []*storage.Record, what string) {
	t.Helper()
	if diff := cmp.Diff(describe(want), describe(got)); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

func describe(list []*storage.Record) []string {
	var all []string
	for _, r := range list {
		all = append(all, r.Row.ID.String()+" "+fmt.Sprintf("%x", r.Stamp[:6]))
	}
	return all
}

// check checks what each change says against the list before it.
func (f *follower) check(set *ChangeSet) {
	t, c := f.w.t, f.query
	for i := range set.Changes {
		ch := &set.Changes[i]
		at := slices.IndexFunc(f.list, func(r *storage.Record) bool { return r.Row.ID == ch.ID() })
		if set.Initial {
			require.Equal(t, RowChange{Kind: Initial, OldIndex: -1, Index: i, Record: ch.Record}, *ch)
			continue
		}
		require.Equal(t, at, ch.OldIndex, "%s: %s of %s", c.Key(), ch.Kind, ch.ID())
		if at < 0 {
			require.Equal(t, Added, ch.Kind)
			require.Nil(t, ch.Before)
			require.Empty(t, ch.Fields)
		} else {
			require.Equal(t, f.list[at].Stamp, ch.Before.Stamp)
		}
		if ch.Kind != Removed {
			require.GreaterOrEqual(t, ch.Index, 0)
			require.Equal(t, Stayed, ch.Reason)
			require.True(t, c.Match(&ch.Record.Row))
		} else {
			f.checkReason(ch)
		}
		if ch.Kind == Updated || ch.Kind == Moved {
			require.Equal(t, differing(ch.Before, ch.Record), append([]string{}, ch.Fields...))
		}
	}
}

func (f *follower) checkReason(ch *RowChange) {
	t, row := f.w.t, &ch.Record.Row
	require.Equal(t, -1, ch.Index)
	if f.slow {
		row = &f.w.rows[ch.ID()].Row
	}
	want := NoMatch
	if row.Deleted {
		want = Deleted
	} else if f.query.Match(row) {
		want = Limit
	}
	if f.slow && ch.Reason != want { // it left for one reason and changed outside again
		require.Contains(t, []Reason{Deleted, NoMatch, Limit}, ch.Reason)
		return
	}
	require.Equal(t, want, ch.Reason, "%s", f.query.Key())
}

func differing(a, b *storage.Record) []string {
	list := []string{}
	for i, field := range songs.Fields() {
		if songs.Value(&a.Row, i) != songs.Value(&b.Row, i) {
			list = append(list, field.Name)
		}
	}
	return list
}

// patchByStep does what the documentation of ChangeSet says: take out from the end, put in from the
// start, then replace what was updated.
func patchByStep(list []*storage.Record, set *ChangeSet) []*storage.Record {
	list = slices.Clone(list)
	if set.Initial {
		list = nil
	}
	changes := slices.Clone(set.Changes)
	slices.SortFunc(changes, func(a, b RowChange) int { return b.OldIndex - a.OldIndex })
	for _, c := range changes {
		if c.Kind == Removed || c.Kind == Moved {
			list = slices.Delete(list, c.OldIndex, c.OldIndex+1)
		}
	}
	slices.SortFunc(changes, func(a, b RowChange) int { return a.Index - b.Index })
	for _, c := range changes {
		if c.Kind == Added || c.Kind == Moved || c.Kind == Initial {
			list = slices.Insert(list, c.Index, c.Record)
		}
	}
	for _, c := range changes {
		if c.Kind == Updated {
			list[c.Index] = c.Record
		}
	}
	return list
}
