package reactor

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// digestFor digests what change sets tell of a row.
func digestFor(c *query.Checked) func(*storage.Record) event.Digest {
	return func(x *storage.Record) event.Digest {
		values := joinedValues(&x.Row)
		if c.Grouping() != nil {
			values = c.Grouping().Values(values)
		}
		return sha256.Sum256(fmt.Appendf(nil, "%v %v %v", x.Row.ID, x.Stamp, values))
	}
}

// checkSum compares the sum of the result, which somebody may have asked for long ago, with that of the list.
func (f *follower) checkSum() {
	t, digest := f.w.t, digestFor(f.query)
	items, sum, ok := f.sub.Sum(digest)
	require.True(t, ok)
	var want event.Sum
	for _, x := range f.list {
		want.Add(digest(x))
		if c := f.query; c.Grouping() == nil {
			require.Same(t, x, items.Find(x))
		}
	}
	require.Equal(t, want, sum, f.query.Key())
}

// restart goes on with the result as it is, and without what was queued.
func (f *follower) restart() {
	digest := digestFor(f.query)
	items, sum, ok := f.sub.Restart(digest)
	require.True(f.w.t, ok)
	f.list, f.steps, f.started = items.Slice(), items.Slice(), true
	var want event.Sum
	for _, x := range f.list {
		want.Add(digest(x))
	}
	require.Equal(f.w.t, want, sum, f.query.Key())
	f.since = f.w.commits
}

func TestSumsAreNotThereBeforeTheResultAndAfterItsEnd(t *testing.T) {
	w := newWorld(t, 1)
	w.insert(nil)
	c := check(t, "")
	sub, filling, err := w.reactor.Register(c, nil)
	require.NoError(t, err)
	_, _, ok := sub.Restart(digestFor(c))
	require.False(t, ok, "the result is not there")
	require.NoError(t, filling.Fill(nil, func(any) bool { return false }))
	_, _, ok = sub.Sum(digestFor(c))
	require.False(t, ok, "the initial set was not taken")
	_, _, ok = sub.Restart(digestFor(c))
	require.True(t, ok)
	_, more := sub.Next()
	require.False(t, more, "it was passed by")
	w.insert(nil)
	_, _, ok = sub.Sum(digestFor(c))
	require.False(t, ok, "a set was not taken")
	set, more := sub.Next()
	require.True(t, more)
	require.Equal(t, Added, set.Changes[0].Kind, "what follows leads on from there")
	sub.Close()
	_, _, ok = sub.Restart(digestFor(c))
	require.False(t, ok)
	require.ErrorIs(t, sub.Err(), ErrClosed)
}

// TestSumsAreMadeOnce: whoever shares a result shares its sum.
func TestSumsAreMadeOnce(t *testing.T) {
	w := newWorld(t, 1)
	for range 50 {
		w.insert(nil)
	}
	c, digested := check(t, "ORDER BY score"), 0
	digest := func(x *storage.Record) event.Digest {
		digested++
		return digestFor(c)(x)
	}
	one, two := w.follow(c, true), w.follow(c, true)
	_, first, _ := one.sub.Restart(digest)
	require.Equal(t, 50, digested)
	digested = 0
	w.insert(nil)
	_, second, _ := two.sub.Restart(digest)
	require.NotEqual(t, first, second)
	require.Equal(t, 1, digested, "the cost follows what changed")
}

// TestSumsOfManyRows: whoever shares the work, it is the sum over the rows that are shown.
func TestSumsOfManyRows(t *testing.T) {
	w := newWorld(t, 1)
	for _, text := range []string{"", "ORDER BY score LIMIT 9001 OFFSET 5"} {
		c := check(t, text)
		feed, digest := NewFeed(c), digestFor(c)
		sub := feed.Subscribe(nil)
		list := make([]*storage.Record, manyRows+1000)
		for i := range list {
			list[i] = record(w.mint(), w.mint(), map[string]model.Value{"score": model.OfInt(int64(i))}, false)
		}
		feed.Replace(nil, list, nil)
		items, sum, ok := sub.Restart(digest)
		require.True(t, ok)
		require.GreaterOrEqual(t, items.Len(), manyRows)
		var want event.Sum
		for _, x := range items.Slice() {
			want.Add(digest(x))
		}
		require.Equal(t, want, sum)
	}
}
