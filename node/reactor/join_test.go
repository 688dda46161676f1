package reactor

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
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

// Tracks have artists, artists have labels and mentors, who are artists.
type target struct{ to []*model.Schema }

func (t target) Target(field int) *model.Schema { return t.to[field] }

type catalog struct{ tracks, artists, labels *model.Schema }

func newCatalog() *catalog {
	c := &catalog{}
	c.labels = model.NewSchema(model.Definition{Model: "Label", Collection: "labels", Fields: []model.Field{
		{Name: "name", Type: model.TypeString},
	}})
	artists := target{make([]*model.Schema, 4)}
	c.artists = model.NewSchema(model.Definition{Model: "Artist", Collection: "artists", Fields: []model.Field{
		{Name: "name", Type: model.TypeString},
		{Name: "born", Type: model.TypeInt, Optional: true},
		{Name: "label", Type: model.TypeID, Ref: "labels"},
		{Name: "mentor", Type: model.TypeID, Ref: "artists"},
	}, Targets: artists})
	artists.to[2], artists.to[3] = c.labels, c.artists
	c.tracks = model.NewSchema(model.Definition{Model: "Track", Collection: "tracks", Fields: []model.Field{
		{Name: "title", Type: model.TypeString},
		{Name: "year", Type: model.TypeInt},
		{Name: "artist", Type: model.TypeID, Ref: "artists"},
	}, Targets: target{[]*model.Schema{nil, nil, c.artists}}})
	return c
}

// library is a store of the three, which publishes every commit to a reactor.
type library struct {
	*catalog
	t       *testing.T
	rng     *rand.Rand
	reactor *Reactor
	rows    map[event.ID]*storage.Record
	ids     map[string][]event.ID // by collection
	commits int
	minted  uint64
	broken  error  // of the source
	during  func() // called, once, when a publication reads the source
}

func newLibrary(t *testing.T, seed uint64) *library {
	return &library{
		catalog: newCatalog(), t: t, rng: rand.New(rand.NewPCG(seed, 11)), reactor: New(),
		rows: map[event.ID]*storage.Record{}, ids: map[string][]event.ID{},
	}
}

func (l *library) mint() event.ID {
	l.minted++
	var id event.ID
	binary.BigEndian.PutUint64(id[:8], (1_700_000_000_000+l.minted)<<16)
	binary.BigEndian.PutUint64(id[8:], l.minted)
	return id
}

func (l *library) pick(collection string) model.Value {
	ids := l.ids[collection]
	switch {
	case len(ids) == 0 || l.rng.IntN(6) == 0:
		return model.OfID(event.ID{})
	case l.rng.IntN(20) == 0:
		return model.OfID(event.ID{1, 2, 3}) // leads nowhere
	}
	return model.OfID(ids[l.rng.IntN(len(ids))])
}

var names = []string{"ada", "bo", "cy", "di"}

// change does something to one entity.
func (l *library) change(done map[event.ID]bool) (Change, bool) {
	s := []*model.Schema{l.tracks, l.tracks, l.artists, l.labels}[l.rng.IntN(4)]
	values := map[string]model.Value{}
	ids := l.ids[s.Collection()]
	var id event.ID
	var before *storage.Record
	if len(ids) < 3 || len(ids) < 40 && l.rng.IntN(4) == 0 {
		id = l.mint()
		l.ids[s.Collection()] = append(ids, id)
	} else {
		id = ids[l.rng.IntN(len(ids))]
		if done[id] {
			return Change{}, false
		}
		before = l.rows[id]
		for i, f := range s.Fields() {
			if v := s.Value(&before.Row, i); !v.IsNull() {
				values[f.Name] = v
			}
		}
	}
	fresh := map[string]func() model.Value{
		"name":   func() model.Value { return model.OfString(names[l.rng.IntN(len(names))]) },
		"title":  func() model.Value { return model.OfString(names[l.rng.IntN(len(names))]) },
		"year":   func() model.Value { return model.OfInt(int64(l.rng.IntN(4))) },
		"born":   func() model.Value { return model.OfInt(int64(l.rng.IntN(4))) },
		"label":  func() model.Value { return l.pick("labels") },
		"artist": func() model.Value { return l.pick("artists") },
		"mentor": func() model.Value { return l.pick("artists") },
	}
	for _, f := range s.Fields() {
		if before == nil || l.rng.IntN(3) == 0 {
			values[f.Name] = fresh[f.Name]()
		}
	}
	deleted := before != nil && before.Row.Deleted
	if before != nil && l.rng.IntN(6) == 0 {
		deleted = !deleted
	}
	head := id
	if before != nil {
		head = l.mint()
	}
	r := record(id, head, values, deleted)
	r.Collection = s.Collection()
	l.rows[id] = r
	return Change{Collection: s.Collection(), ID: id, Before: before, After: r}, true
}

// moment is the store at some time; it is a Source.
type moment struct {
	rows   map[event.ID]*storage.Record
	broken error
	during func()
}

func (m moment) Row(s *model.Schema, id event.ID) (*model.Row, error) {
	if m.during != nil {
		m.during()
	}
	if r := m.rows[id]; r != nil && r.Collection == s.Collection() {
		return &r.Row, m.broken
	}
	return nil, m.broken
}

func (m moment) Referrers(s *model.Schema, column int, to event.ID) ([]*storage.Record, error) {
	var all []*storage.Record
	for _, r := range m.rows {
		if r.Collection == s.Collection() && !r.Row.Deleted && s.Value(&r.Row, column).ID() == to {
			all = append(all, r)
		}
	}
	return all, m.broken
}

// matching computes a result anew, without its window.
func (m moment) matching(t *testing.T, q *query.Checked) []*storage.Record {
	var all []*storage.Record
	for _, r := range m.rows {
		if r.Collection != q.Schema().Collection() {
			continue
		}
		row, err := q.Join(moment{rows: m.rows}, &r.Row)
		require.NoError(t, err)
		if q.Match(row) {
			all = append(all, storage.WithRow(r, row))
		}
	}
	slices.SortFunc(all, func(a, b *storage.Record) int { return q.Compare(&a.Row, &b.Row) })
	return all
}

func (l *library) stage(n int) staged {
	done := map[event.ID]bool{}
	var changes []Change
	for range n {
		if c, ok := l.change(done); ok && !done[c.ID] {
			done[c.ID] = true
			changes = append(changes, c)
		}
	}
	l.commits++
	return staged{l.commits, changes, maps.Clone(l.rows)}
}

func (l *library) publish(s staged) {
	m := moment{s.rows, l.broken, l.during}
	l.reactor.Publish(Publication{
		Position: s.position, Changes: s.changes, Source: m,
		Refill: func(q *query.Checked, after *storage.Record, n int) ([]*storage.Record, error) {
			all := m.matching(l.t, q)
			if after != nil {
				all = slices.DeleteFunc(all, func(r *storage.Record) bool { return q.Compare(&r.Row, &after.Row) <= 0 })
			}
			return all[:min(n, len(all))], nil
		},
	})
}

// text draws a query that follows references.
func (l *library) text() string {
	name := func() string { return "'" + names[l.rng.IntN(len(names))] + "'" }
	leaf := func() string {
		switch l.rng.IntN(12) {
		case 0:
			return "artist.label.name = " + name()
		case 1:
			return "artist.name IN (" + name() + ", " + name() + ")"
		case 2:
			return fmt.Sprintf("artist.born %s %d", []string{"<", ">=", "!="}[l.rng.IntN(3)], l.rng.IntN(4))
		case 3:
			return "artist.mentor.name != " + name()
		case 4:
			return "artist.mentor.label.name IS NULL"
		case 5:
			return "title = artist.name"
		case 6:
			return fmt.Sprintf("year > %d", l.rng.IntN(4))
		case 7:
			return "artist.born + year > 3"
		case 8:
			return "artist.label.name LIKE '" + names[l.rng.IntN(len(names))][:1] + "%'"
		case 9:
			return "artist.born IS NULL"
		}
		return "artist.name = " + name()
	}
	where := leaf()
	for range l.rng.IntN(3) {
		where = []string{where + " AND " + leaf(), "(" + where + " OR " + leaf() + ")", "NOT (" + where + ")"}[l.rng.IntN(3)]
	}
	if l.rng.IntN(4) == 0 {
		return "SELECT artist.name, COUNT(*), SUM(artist.born), MAX(title) WHERE " + where +
			[]string{" GROUP BY artist.name", " GROUP BY artist.name ORDER BY COUNT(*) DESC LIMIT 2"}[l.rng.IntN(2)]
	}
	order := []string{"artist.name", "artist.label.name DESC", "year", "artist.born NULLS LAST", "title DESC"}
	l.rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	if n := l.rng.IntN(3); n > 0 {
		where += " ORDER BY " + strings.Join(order[:n], ", ")
	}
	if l.rng.IntN(2) == 0 {
		where += fmt.Sprintf(" LIMIT %d", 1+l.rng.IntN(6))
		if l.rng.IntN(3) == 0 {
			where += " OFFSET 1"
		}
	}
	return where
}

func (l *library) check(text string) *query.Checked {
	q, err := query.Parse(text)
	require.NoError(l.t, err, text)
	c, err := q.Check(l.tracks)
	require.NoError(l.t, err, text)
	return c
}

// reader follows a query.
type reader struct {
	l     *library
	query *query.Checked
	sub   *Subscription
	list  []*storage.Record
	slow  bool
}

func (l *library) follow(text string) *reader {
	f := &reader{l: l, query: l.check(text), slow: l.rng.IntN(3) == 0}
	sub, filling, err := l.reactor.Register(f.query, nil)
	require.NoError(l.t, err)
	f.sub = sub
	if filling == nil {
		return f
	}
	var late []staged
	for range l.rng.IntN(3) {
		l.publish(l.stage(1 + l.rng.IntN(4)))
	}
	for range l.rng.IntN(3) {
		late = append(late, l.stage(1+l.rng.IntN(4)))
	}
	for {
		rows, at := moment{rows: maps.Clone(l.rows)}.matching(l.t, f.query.Rows()), l.commits
		if n := filling.Rows(); n >= 0 {
			rows = rows[:min(n, len(rows))]
		}
		err = filling.Fill(rows, func(position any) bool { return position.(int) <= at })
		if !errors.Is(err, ErrReread) {
			break
		}
	}
	require.NoError(l.t, err)
	for _, s := range late {
		l.publish(s)
	}
	return f
}

func (f *reader) describe(list []*storage.Record) []string {
	all := []string{}
	for _, r := range list {
		if g := f.query.Grouping(); g != nil {
			all = append(all, fmt.Sprint(g.Values(*r.Row.Joined)))
		} else {
			all = append(all, fmt.Sprint(r.Row.ID, r.Row.Head, joinedValues(&r.Row)))
		}
	}
	return all
}

func (f *reader) take() {
	t := f.l.t
	for set, ok := f.sub.Next(); ok; set, ok = f.sub.Next() {
		for _, c := range set.Changes {
			if (c.Kind == Updated || c.Kind == Moved) && f.query.Grouping() == nil && !f.slow {
				require.NotEmpty(t, append(c.Fields, fieldsOfHead(c)...), "an update of nothing: %s", f.query.Key())
			}
		}
		f.list = Patch(f.list, set, func(c *RowChange) *storage.Record { return c.Record })
	}
	var want []string
	now := moment{rows: f.l.rows}
	if f.query.Grouping() != nil {
		rows := now.matching(t, f.query.Rows())
		found, err := query.GroupRows(f.query, func(yield func(*model.Row, error) bool) {
			for _, r := range rows {
				if !yield(&r.Row, nil) {
					return
				}
			}
		})
		require.NoError(t, err)
		want = []string{}
		for _, g := range found {
			want = append(want, fmt.Sprint(f.query.Grouping().Values(g)))
		}
	} else {
		all := now.matching(t, f.query)
		all = all[min(f.query.Offset(), len(all)):]
		if n, ok := f.query.Limit(); ok {
			all = all[:min(n, len(all))]
		}
		want = f.describe(all)
	}
	if diff := cmp.Diff(want, f.describe(f.list)); diff != "" {
		t.Fatalf("%s (-fresh +live):\n%s", f.query.Key(), diff)
	}
}

// fieldsOfHead says whether the entity itself was written to, be it with what it had.
func fieldsOfHead(c RowChange) []string {
	if c.Before.Row.Head.Equal(c.Record.Row.Head) {
		return nil
	}
	return []string{"head"}
}

// TestReferencesAreFollowedLive is the invariant for queries that look at other entities: whatever
// changes, of the row, of what its references lead to, of the references in between, the change sets
// lead to what a fresh fetch gives. To repeat: go test ./node/reactor -run 'TestReferences.*/seed=<n>$'
func TestReferencesAreFollowedLive(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			l := newLibrary(t, seed)
			for range 30 {
				l.publish(l.stage(2))
			}
			var all []*reader
			for range 100 {
				if len(all) < 30 && l.rng.IntN(2) == 0 {
					all = append(all, l.follow(l.text()))
				}
				l.publish(l.stage(1 + l.rng.IntN(1+l.rng.IntN(8))))
				for _, f := range all {
					if !f.slow || l.rng.IntN(25) == 0 {
						f.take()
					}
				}
				all = slices.DeleteFunc(all, func(f *reader) bool {
					if l.rng.IntN(40) > 0 {
						return false
					}
					f.sub.Close()
					return true
				})
			}
			for _, f := range all {
				f.take()
				f.sub.Close()
			}
			require.Zero(t, l.reactor.Len())
			require.Empty(t, l.reactor.collections)
		})
	}
}

// TestAReferenceThatCannotBeReadEndsTheQuery: what cannot be known is not shown as if it were.
func TestAReferenceThatCannotBeReadEndsTheQuery(t *testing.T) {
	l := newLibrary(t, 1)
	for range 20 {
		l.publish(l.stage(2))
	}
	f := l.follow("artist.name = 'ada'")
	other := l.follow("year > 1 ORDER BY artist.name")
	l.broken = errors.New("the disk is gone")
	for range 20 {
		l.publish(l.stage(3))
	}
	require.ErrorIs(t, f.sub.Err(), l.broken)
	require.ErrorIs(t, other.sub.Err(), l.broken)
	require.Zero(t, l.reactor.Len())
}

// TestAResultFilledWhileAPublicationReadsHasItOnce: the first rows arrive, from a snapshot that has the
// commit, between a publication's first look at the index and its application.
func TestAResultFilledWhileAPublicationReadsHasItOnce(t *testing.T) {
	for seed := range uint64(10) {
		has := seed%2 == 0
		l := newLibrary(t, seed)
		for range 30 {
			l.publish(l.stage(2))
		}
		f := &reader{l: l, query: l.check("SELECT COUNT(*), SUM(artist.born) WHERE artist.name != 'nobody'")}
		sub, filling, err := l.reactor.Register(f.query, nil)
		require.NoError(t, err)
		f.sub = sub
		before, at := moment{rows: maps.Clone(l.rows)}.matching(t, f.query.Rows()), l.commits
		next := l.stage(8)
		if has {
			before, at = moment{rows: l.rows}.matching(t, f.query.Rows()), l.commits
		}
		filled := 0
		l.during = func() {
			l.during = nil
			if filled++; filled == 1 {
				require.NoError(t, filling.Fill(before, func(position any) bool { return position.(int) <= at }))
			}
		}
		l.publish(next)
		require.Positive(t, filled)
		f.take()
	}
}
