package node_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/wire"
)

// watched is a list that change sets are put into, and nothing else.
type watched struct {
	*staff
	text string
	live *entity.Live[TaskView]
	list []TaskView
	stop func()
}

func (s *staff) watch(session *node.Session, text string, args ...any) *watched {
	live, err := tasks.Query(s.ctx, session, text, args...)
	require.NoError(s, err, text)
	w := &watched{staff: s, text: text, live: live}
	w.stop = live.Watch(s.ctx, func(set entity.ChangeSet[TaskView]) { w.list = patched(w.list, set) })
	s.Cleanup(live.Close)
	return w
}

// patched does what the documentation of change sets says.
func patched[V any](list []V, set entity.ChangeSet[V]) []V {
	list = slices.Clone(list)
	if len(set.Changes) > 0 && set.Changes[0].Kind == entity.Initial {
		list = nil
	}
	out := slices.Clone(set.Changes)
	slices.SortFunc(out, func(a, b entity.Change[V]) int { return b.OldIndex - a.OldIndex })
	for _, c := range out {
		if c.Kind == entity.Removed || c.Kind == entity.Moved {
			list = slices.Delete(list, c.OldIndex, c.OldIndex+1)
		}
	}
	slices.SortFunc(out, func(a, b entity.Change[V]) int { return a.Index - b.Index })
	for _, c := range out {
		switch c.Kind {
		case entity.Added, entity.Moved, entity.Initial:
			list = slices.Insert(list, c.Index, c.Item)
		case entity.Updated:
			list[c.Index] = c.Item
		}
	}
	return list
}

// titles returns what the change sets led to, which is what is shown.
func (w *watched) titles() []string {
	w.Helper()
	synctest.Wait()
	titles := []string{}
	for _, v := range w.list {
		titles = append(titles, v.Title())
	}
	shown := []string{}
	for i, v := range w.live.Items().All() {
		require.Len(w, shown, i)
		shown = append(shown, v.Title())
	}
	require.Equal(w, shown, titles, w.text)
	return titles
}

func (s *staff) rename(session *node.Session, id event.ID, name string) {
	s.Helper()
	require.NoError(s, session.Update(s.ctx, func(tx *node.Tx) error {
		m, err := persons.Edit(s.ctx, tx, id)
		if err == nil {
			m.SetName(name)
		}
		return err
	}))
}

func (s *staff) assign(session *node.Session, task, owner event.ID) {
	s.Helper()
	require.NoError(s, session.Update(s.ctx, func(tx *node.Tx) error {
		m, err := tasks.Edit(s.ctx, tx, task)
		if err == nil {
			m.SetOwner(owner)
		}
		return err
	}))
}

// live goes through what may happen to rows by what they refer to, as seen by one
// session and done by another.
func (s *staff) live(seen, done *node.Session) {
	ada := s.watch(seen, "owner.name = 'ada'")
	boss := s.watch(seen, "owner.boss.name = 'ada'")
	order := s.watch(seen, "ORDER BY owner.name DESC, title")
	first := s.watch(seen, "owner.name IS NOT NULL ORDER BY owner.name LIMIT 1")
	for _, w := range []*watched{ada, boss, order, first} {
		require.NoError(s, w.live.Wait(s.ctx))
	}
	require.Equal(s, []string{"write"}, ada.titles())
	require.Equal(s, []string{"read"}, boss.titles())
	require.Equal(s, []string{"read", "write", "rest"}, order.titles())
	require.Equal(s, []string{"write"}, first.titles())

	s.rename(done, s.ada, "zoe") // the entity that is referred to
	require.Equal(s, []string{}, ada.titles())
	require.Equal(s, []string{}, boss.titles())
	require.Equal(s, []string{"write", "read", "rest"}, order.titles())
	require.Equal(s, []string{"read"}, first.titles())

	s.assign(done, s.rest, s.grace) // the reference
	require.Equal(s, []string{"write", "read", "rest"}, order.titles())
	require.Equal(s, []string{"read"}, first.titles())

	s.rename(done, s.grace, "ada")
	require.Equal(s, []string{"read", "rest"}, ada.titles())
	require.NoError(s, done.Update(s.ctx, func(tx *node.Tx) error { return persons.Delete(s.ctx, tx, s.grace) }))
	require.Equal(s, []string{}, ada.titles())
	require.Equal(s, []string{"write"}, first.titles())
	require.NoError(s, done.Update(s.ctx, func(tx *node.Tx) error { return persons.Undelete(s.ctx, tx, s.grace) }))
	require.Equal(s, []string{"read", "rest"}, ada.titles())
	for _, w := range []*watched{ada, boss, order, first} {
		want := []string{}
		for v, err := range tasks.Fetch(s.ctx, seen, w.text) {
			require.NoError(s, err)
			want = append(want, v.Title())
		}
		require.Equal(s, want, w.titles(), w.text)
		w.stop()
		w.stop()
	}
}

func TestLiveQueriesFollowReferences(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		s := newStaff(f)
		s.live(s.prince, s.prince)
	}, node.Models(personSchema, taskSchema))
}

func TestClientsFollowReferencesLive(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		s := newStaff(f)
		ada := f.join("ada", node.Models(personSchema, taskSchema))
		ada.connect()
		s.live(ada.session, s.prince)
	}, node.Models(personSchema, taskSchema))
}

// TestPendingReferencesShow: what a client has not delivered yet shows in queries
// that look at it through references.
func TestPendingReferencesShow(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		s := newStaff(f)
		ada := f.join("ada", node.Models(personSchema, taskSchema))
		ada.connect()
		live := s.watch(ada.session, "ORDER BY owner.name DESC, title")
		people, err := persons.Query(f.ctx, ada.session, "")
		require.NoError(t, err)
		defer people.Close()
		require.NoError(t, people.Wait(f.ctx))
		require.NoError(t, live.live.Wait(f.ctx))
		require.Equal(t, []string{"read", "write", "rest"}, live.titles())

		ada.link.Cut()
		synctest.Wait()
		s.rename(ada.session, s.ada, "zoe")
		require.Equal(t, []string{"write", "read", "rest"}, live.titles())
		s.assign(ada.session, s.rest, s.ada)
		require.Equal(t, []string{"rest", "write", "read"}, live.titles())
		s.rename(s.prince, s.grace, "zzz") // the others do not know yet, nor do we
		require.Equal(t, []string{"rest", "write", "read"}, live.titles())
		ada.link.Mend()
		require.NoError(t, live.live.Wait(f.ctx))
		require.Equal(t, []string{"read", "rest", "write"}, live.titles())
		require.Equal(t, []string{"read", "rest", "write"}, s.titles(s.prince, "ORDER BY owner.name DESC, title"))
	}, node.Models(personSchema, taskSchema))
}

// TestWhatIsReferredToChangesWhileAway: rows that are the same, but not what they
// refer to, are sent again.
func TestWhatIsReferredToChangesWhileAway(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		s := newStaff(f)
		ada := f.join("ada", node.Models(personSchema, taskSchema))
		ada.connect()
		live := s.watch(ada.session, "ORDER BY owner.name DESC, title")
		require.NoError(t, live.live.Wait(f.ctx))
		ada.link.Cut()
		synctest.Wait()
		s.rename(s.prince, s.ada, "zoe")
		require.Equal(t, []string{"read", "write", "rest"}, live.titles())
		ada.link.Mend()
		require.NoError(t, live.live.Wait(f.ctx))
		require.Equal(t, []string{"write", "read", "rest"}, live.titles())
	}, node.Models(personSchema, taskSchema))
}

// watchGroups follows a query with SELECT; the function returns what the change
// sets led to.
func (s *staff) watchGroups(session *node.Session, text string, args ...any) (*entity.Live[entity.Group], func() []string) {
	live, err := tasks.QueryGroups(s.ctx, session, text, args...)
	require.NoError(s, err, text)
	s.Cleanup(live.Close)
	var list []entity.Group
	live.Watch(s.ctx, func(set entity.ChangeSet[entity.Group]) { list = patched(list, set) })
	row := func(g entity.Group) (row string) {
		for i := range g.Len() {
			row += " " + g.At(i).String()
		}
		return row[1:]
	}
	return live, func() []string {
		s.Helper()
		synctest.Wait()
		all, shown := []string{}, []string{}
		for _, g := range list {
			all = append(all, row(g))
		}
		for _, g := range live.Items().All() {
			shown = append(shown, row(g))
		}
		require.Equal(s, shown, all, text)
		return all
	}
}

// liveGroups goes through what happens to groups.
func (s *staff) liveGroups(seen, done *node.Session) {
	counting, count := s.watchGroups(seen, "SELECT COUNT(*) WHERE hours > ?", 3)
	_, owners := s.watchGroups(seen, "SELECT owner.name AS who, COUNT(*), SUM(hours), MAX(title) GROUP BY owner.name ORDER BY who")
	_, busy := s.watchGroups(seen, "SELECT owner.name GROUP BY owner.name HAVING SUM(hours) > 4 ORDER BY SUM(hours) DESC LIMIT 1 OFFSET 1")
	_, distinct := s.watchGroups(seen, "SELECT DISTINCT hours ORDER BY hours DESC")
	require.NoError(s, counting.Wait(s.ctx))
	require.Equal(s, []string{"2"}, count())
	require.Equal(s, []string{"null 1 8 'rest'", "'ada' 1 3 'write'", "'grace' 1 5 'read'"}, owners())
	require.Equal(s, []string{"'grace'"}, busy())
	require.Equal(s, []string{"8", "5", "3"}, distinct())
	require.EqualValues(s, 2, counting.Items().At(0).At(0).Int())

	s.assign(done, s.rest, s.ada)
	require.Equal(s, []string{"2"}, count())
	require.Equal(s, []string{"'ada' 2 11 'write'", "'grace' 1 5 'read'"}, owners())
	s.rename(done, s.grace, "ada") // two groups become one
	require.Equal(s, []string{"'ada' 3 16 'write'"}, owners())
	require.Equal(s, []string{}, busy())
	var more event.ID
	require.NoError(s, done.Update(s.ctx, func(tx *node.Tx) error {
		m, err := tasks.Create(tx, Task{Title: "zap", Hours: 8})
		more = m.ID()
		return err
	}))
	require.Equal(s, []string{"3"}, count())
	require.Equal(s, []string{"null 1 8 'zap'", "'ada' 3 16 'write'"}, owners())
	require.Equal(s, []string{"null"}, busy())
	require.Equal(s, []string{"8", "5", "3"}, distinct())
	require.NoError(s, done.Update(s.ctx, func(tx *node.Tx) error { return tasks.Delete(s.ctx, tx, more) }))
	require.Equal(s, []string{"2"}, count())
	require.Equal(s, []string{"'ada' 3 16 'write'"}, owners())
	require.Equal(s, []string{"8", "5", "3"}, distinct())
}

func TestLiveGroups(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		s := newStaff(f)
		s.liveGroups(s.prince, s.prince)
	}, node.Models(personSchema, taskSchema))
}

func TestClientsSeeLiveGroups(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		s := newStaff(f)
		ada := f.join("ada", node.Models(personSchema, taskSchema))
		ada.connect()
		s.liveGroups(ada.session, s.prince)

		// Cut off, groups stay as they were, and come up to date afterwards.
		live, count := s.watchGroups(ada.session, "SELECT COUNT(*)")
		require.NoError(t, live.Wait(f.ctx))
		require.Equal(t, []string{"3"}, count())
		ada.link.Cut()
		synctest.Wait()
		require.NoError(t, ada.session.Update(f.ctx, func(tx *node.Tx) error {
			_, err := tasks.Create(tx, Task{Title: "offline"})
			return err
		}))
		require.Equal(t, []string{"3"}, count())
		require.Equal(t, entity.Stale, live.State().Phase)
		ada.link.Mend()
		require.NoError(t, live.Wait(f.ctx))
		require.Equal(t, []string{"4"}, count())
		require.Equal(t, entity.Complete, live.State().Phase)
	}, node.Models(personSchema, taskSchema))
}

// TestAClientOnItsOwnGroupsWhatItHolds: there is nobody else to ask.
func TestAClientOnItsOwnGroupsWhatItHolds(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		s := newStaff(f)
		ada := f.join("ada", node.Models(personSchema, taskSchema))
		ada.connect()
		rows := s.watch(ada.session, "hours > 3")
		require.NoError(t, rows.live.Wait(f.ctx))
		ada.link.Cut()
		synctest.Wait()
		live, sums := s.watchGroups(ada.session.Local(), "SELECT COUNT(*), SUM(hours)")
		require.Equal(t, entity.Local, live.State().Phase)
		require.Equal(t, []string{"2 13"}, sums())
	}, node.Models(personSchema, taskSchema))
}

func TestChangesNameWhatChanged(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		s := newStaff(f)
		live, err := tasks.Query(f.ctx, s.prince, "owner.name != 'nobody' ORDER BY id")
		require.NoError(t, err)
		defer live.Close()
		var got []string
		ctx, cancel := context.WithCancel(f.ctx)
		defer cancel()
		live.Watch(ctx, func(set entity.ChangeSet[TaskView]) {
			for _, c := range set.Changes {
				got = append(got, fmt.Sprint(c.Kind, c.Item.Title(), c.Fields))
			}
		})
		synctest.Wait()
		got = nil
		s.rename(s.prince, s.ada, "zoe")
		s.assign(s.prince, s.write, s.grace)
		synctest.Wait()
		require.Equal(t, []string{"updatedwrite[owner.name]", "updatedwrite[owner owner.name]"}, got)
	}, node.Models(personSchema, taskSchema))
}

// TestRowsThatAreNotJoinedAsAskedAreRefused: a peer that joins too little, too much,
// or what was not asked for, is not believed, and harms nobody.
func TestRowsThatAreNotJoinedAsAskedAreRefused(t *testing.T) {
	two := &[]model.Value{model.OfString("a"), model.OfInt(1)}
	for text, joined := range map[string]*[]model.Value{
		"owner.name = 'ada'":                       nil,
		"owner.name = 'ada' ORDER BY owner.name":   two,
		"hours > 3":                                two,
		"SELECT COUNT(*)":                          nil,
		"SELECT hours, SUM(hours) GROUP BY hours ": {model.OfInt(1)},
	} {
		cluster(t, func(t *testing.T, f *fixture) {
			s := newStaff(f)
			ada := f.join("ada", node.Models(personSchema, taskSchema))
			d := ada.desk(f)
			standing := func() entity.LiveState {
				if text[0] == 'S' {
					live, _ := s.watchGroups(ada.session, text)
					return live.State()
				}
				return s.watch(ada.session, text).live.State()
			}
			require.NotEqual(t, entity.Complete, standing().Phase)
			asked := (<-d.asked).(*wire.Subscribe)
			row := wire.Row{Row: model.Row{ID: s.write, Head: event.NewHead(s.write), Joined: joined}}
			d.send(&wire.Rows{Request: asked.Request, Reset: true, Rows: []wire.Row{row}})
			synctest.Wait()
			_, err := d.conn.Receive(f.ctx)
			require.Error(t, err, "the client hangs up: %s", text)
			require.NotEqual(t, entity.Complete, standing().Phase, text)
			require.NoError(t, ada.connection.Close(f.ctx))
		}, node.Models(personSchema, taskSchema))
	}
}
