package storagetest

import (
	"context"
	"maps"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

func historyCases() []Case {
	return []Case{
		{
			Name: "events/ID order", needs: always, run: eventsInIDOrder,
			Rule: "Events yields an entity's events in ID order, whatever log and order they came in",
		},
		{
			Name: "events/except", needs: always, run: eventsExcept,
			Rule: "Events leaves out the excepted events and all their ancestors, and nothing else: concurrent events stay, however old",
		},
		{
			Name: "events/again", needs: always, run: eventsAgain,
			Rule: "a transaction that is logged a second time answers from its newest address, or from its first if the batch says so in Again",
		},
		{
			Name: "events/added", needs: always, run: eventsAdded,
			Rule: "events that an acceptor's hooks added are found like others, under the transaction they make up",
		},
		{
			Name: "events/address", needs: always, run: eventsAddress,
			Rule: "Event needs the right entity; many events of one transaction are told apart",
		},
	}
}

func logCases() []Case {
	return []Case{
		{
			Name: "log/after a cursor", needs: always, run: logAfter,
			Rule: "Log yields what lies beyond the cursor, each origin in sequence; an unknown origin in the cursor means nothing",
		},
		{
			Name: "log/merged", needs: always, run: logMerged,
			Rule: "Log merges origins by transaction ID",
		},
		{
			Name: "log/cut", needs: always, run: logCut,
			Rule: "Cut takes back the end of a log, with its signed head, and nothing else; the log then goes on otherwise, also after the store was opened anew",
		},
		{
			Name: "log/early end", needs: always, run: logEarlyEnd,
			Rule: "a sequence that is left early releases what it holds, and a canceled one ends with the context's error",
		},
		{
			Name: "log/kept", needs: always, run: logKept,
			Rule: "entries stay what they are after the next one was read, and after the engine was closed",
		},
	}
}

func logCut(e *Env) {
	s := Albums()
	second := e.World.AddOrigin()
	origin := e.World.Origin(0)
	draft := e.World.Begin()
	id := draft.Create(s, "year", 1)
	e.Commit(draft.Batch())
	common := e.World.Position(0)
	for year := range 3 {
		draft = e.World.Begin()
		draft.Update(id, "year", year)
		b := draft.Batch()
		b.Heads = append(b.Heads, e.World.SignedHead(0))
		e.Commit(b)
	}
	old := e.View()
	first := Collect(e, old.Log(e.Ctx, event.Cursor{}))[0]
	gone := Collect(e, old.Log(e.Ctx, event.Cursor{}.With(common)))
	var moved []*event.Entry
	var prev event.Digest
	for i, entry := range gone {
		moved = append(moved, &event.Entry{Origin: e.World.Origin(second), Seq: uint64(i) + 1, Prev: prev, Author: entry.Author, Tx: entry.Tx})
		prev = moved[i].Hash()
	}
	var conflict *storage.ConflictError
	beyond := event.Position{Origin: origin, Seq: 9}
	require.ErrorAs(e, e.Engine.Commit(e.Ctx, &storage.Batch{Cut: []event.Position{beyond}}), &conflict)
	var malformed *storage.BatchError
	require.ErrorAs(e, e.Engine.Commit(e.Ctx, &storage.Batch{Cut: []event.Position{common}, Advance: []event.Position{common}}), &malformed)

	e.Commit(&storage.Batch{Cut: []event.Position{common}, Entries: moved})
	require.Len(e, Collect(e, old.Log(e.Ctx, event.Cursor{})), 4, "older snapshots still have it")
	check := func() {
		v := e.View()
		at, _ := v.Cursor().At(origin)
		require.Equal(e, common, at)
		_, err := v.SignedHead(e.Ctx, origin)
		e.Absent(err, "a signed head of what is gone")
		require.Equal(e, []uint64{1, 1, 2, 3}, e.Seqs(v, event.Cursor{}))
		require.Len(e, e.EventIDs(v, id), 4)
		for _, entry := range gone {
			st, err := v.Event(e.Ctx, id, entry.Tx.Events[0].ID)
			require.NoError(e, err)
			require.Equal(e, e.World.Origin(second), st.Origin)
		}
		e.Equal(e.World.Record(id), e.State(v, id))
	}
	check()
	if e.Store.Reopens {
		e.Reopen()
		check()
	}
	other := &event.Entry{Origin: origin, Seq: 2, Prev: gone[0].Prev, Author: "another", Tx: gone[0].Tx}
	e.Commit(&storage.Batch{Entries: []*event.Entry{other}, Again: []event.ID{gone[0].Tx.Events[0].ID}})
	e.Commit(&storage.Batch{Cut: []event.Position{{Origin: origin}}, Entries: []*event.Entry{
		{Origin: e.World.Origin(second), Seq: 4, Prev: prev, Author: "tester", Tx: first.Tx},
	}})
	_, known := e.View().Cursor().At(origin)
	require.False(e, known, "nothing is left of it")
	require.Len(e, e.EventIDs(e.View(), id), 4)
}

func eventsInIDOrder(e *Env) {
	s := Albums()
	second := e.World.AddOrigin()
	d := e.World.Begin()
	id := d.Create(s, "year", 1)
	want := []event.ID{id}
	for i := range 10 {
		d.At(i%2*second).Update(id, "year", i)
		want = append(want, id)
	}
	b := d.Batch()
	for i := range b.Entries {
		want[i] = b.Entries[i].Tx.Events[0].ID
	}
	// The second log comes first.
	slices.SortStableFunc(b.Entries, func(x, y *event.Entry) int {
		if x.Origin == y.Origin {
			return 0
		}
		if x.Origin == e.World.Origin(second) {
			return -1
		}
		return 1
	})
	e.Commit(b)
	require.Equal(e, want, e.EventIDs(e.View(), id))
	require.Empty(e, e.EventIDs(e.View(), e.World.Mint()), "events of an entity that is not there")
}

func eventsExcept(e *Env) {
	s := Albums()
	d := e.World.Begin()
	a := d.Create(s, "year", 1)
	d.Update(a, "year", 2)        // b on a
	d.Concurrent(a, a, "year", 3) // c on a
	d.Update(a, "year", 4)        // d on b, c
	d.Concurrent(a, a, "year", 5) // x on a: concurrent with all but a
	other := d.Create(s, "year", 9)
	batch := d.Batch()
	e.Commit(batch)
	events := make([]event.ID, 0, 5)
	for _, entry := range batch.Entries {
		for _, ev := range entry.Tx.Events {
			if ev.Entity == a {
				events = append(events, ev.ID)
			}
		}
	}
	b, c, dd, x := events[1], events[2], events[3], events[4]
	v := e.View()
	cases := []struct {
		name   string
		except []event.ID
		want   []event.ID
	}{
		{"nothing", nil, []event.ID{a, b, c, dd, x}},
		{"the creation", []event.ID{a}, []event.ID{b, c, dd, x}},
		{"one side", []event.ID{b}, []event.ID{c, dd, x}},
		{"the other side", []event.ID{c}, []event.ID{b, dd, x}},
		{"both sides", []event.ID{b, c}, []event.ID{dd, x}},
		{"the join", []event.ID{dd}, []event.ID{x}},
		{"the younger concurrent one", []event.ID{x}, []event.ID{b, c, dd}},
		{"the head", []event.ID{dd, x}, nil},
		{"an unknown event", []event.ID{e.World.Mint()}, []event.ID{a, b, c, dd, x}},
		{"an event of another entity", []event.ID{other}, []event.ID{a, b, c, dd, x}},
		{"an ancestor named twice over", []event.ID{a, dd}, []event.ID{x}},
	}
	for _, c := range cases {
		require.Equal(e, c.want, e.EventIDs(v, a, c.except...), "except %s", c.name)
	}
}

func eventsAgain(e *Env) {
	s := Albums()
	second, third := e.World.AddOrigin(), e.World.AddOrigin()
	d := e.World.Begin()
	id := d.Create(s, "year", 1)
	e.Commit(d.Batch())
	tx := Collect(e, e.View().Log(e.Ctx, event.Cursor{}))[0].Tx
	again := func(log int) *event.Entry {
		return &event.Entry{Origin: e.World.Origin(log), Seq: 1, Author: "tester", Tx: tx}
	}
	address := func() event.Origin {
		st, err := e.View().Event(e.Ctx, id, id)
		require.NoError(e, err)
		return st.Origin
	}
	e.Commit(&storage.Batch{Entries: []*event.Entry{again(second)}, Again: []event.ID{id}})
	require.Equal(e, e.World.Origin(0), address(), "with Again the first address stays")
	require.Equal(e, []event.ID{id}, e.EventIDs(e.View(), id))
	e.Commit(&storage.Batch{Entries: []*event.Entry{again(third)}})
	require.Equal(e, e.World.Origin(third), address(), "without, the newest counts")
	require.Equal(e, []event.ID{id}, e.EventIDs(e.View(), id), "it is one event all the same")
	require.Len(e, Collect(e, e.View().Log(e.Ctx, event.Cursor{})), 3, "and every log has its entry")
}

func eventsAdded(e *Env) {
	s := Albums()
	d := e.World.Begin()
	id := d.Create(s, "year", 1)
	b := d.Batch()
	entry := *b.Entries[0]
	created := &event.Event{ID: e.World.Mint(), Collection: "labels"}
	created.Entity = created.ID
	tx := e.World.mintTransaction(1)
	updated := &event.Event{ID: tx.Update(1), Collection: "albums", Entity: id, Precursors: event.Head{id}}
	entry.Added = []*event.Event{created, updated}
	e.Commit(&storage.Batch{Entries: []*event.Entry{&entry}})
	v := e.View()
	for _, ev := range entry.Added {
		st, err := v.Event(e.Ctx, ev.Entity, ev.ID)
		require.NoError(e, err)
		require.True(e, sameEvent(ev, st.Event))
		require.Equal(e, entry.AddedID(), st.Tx)
	}
	st, err := v.Event(e.Ctx, id, id)
	require.NoError(e, err)
	require.Equal(e, entry.Tx.ID, st.Tx)
	require.Equal(e, []event.ID{id, updated.ID}, e.EventIDs(v, id))
}

func eventsAddress(e *Env) {
	s := Albums()
	d := e.World.Begin()
	var ids []event.ID
	for i := range 300 {
		ids = append(ids, d.Create(s, "plays", i))
	}
	e.Commit(d.Batch())
	d = e.World.Begin()
	for _, id := range ids {
		d.Update(id, "year", 1)
	}
	b := d.Batch()
	e.Commit(b)
	v := e.View()
	for i, id := range ids {
		update := b.Entries[0].Tx.Events[i]
		st, err := v.Event(e.Ctx, id, update.ID)
		require.NoError(e, err)
		require.True(e, sameEvent(update, st.Event))
		require.Equal(e, uint64(2), st.Seq)
		_, err = v.Event(e.Ctx, ids[(i+1)%len(ids)], update.ID)
		e.Absent(err, "an event under another entity")
	}
}

func logAfter(e *Env) {
	s := Albums()
	for range 5 {
		d := e.World.Begin()
		d.Create(s)
		d.At(0).Create(s)
		e.Commit(d.Batch())
	}
	v := e.View()
	require.Equal(e, []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, e.Seqs(v, event.Cursor{}))
	at := func(seq uint64) event.Cursor {
		return event.NewCursor(event.Position{Origin: e.World.Origin(0), Seq: seq})
	}
	require.Equal(e, []uint64{8, 9, 10}, e.Seqs(v, at(7)))
	require.Empty(e, e.Seqs(v, at(10)))
	require.Empty(e, e.Seqs(v, at(99)), "a cursor beyond the end")
	unknown := at(9).With(event.Position{Origin: event.Origin{1}, Seq: 7})
	require.Equal(e, []uint64{10}, e.Seqs(v, unknown))
}

func logMerged(e *Env) {
	s := Albums()
	for range 3 {
		e.World.AddOrigin()
	}
	d := e.World.Begin()
	id := d.Create(s)
	for range 60 {
		d.At(e.World.Rng.IntN(4)).Update(id, "year", 1)
	}
	b := d.Batch()
	var want []event.ID
	for _, entry := range b.Entries {
		want = append(want, entry.Tx.ID)
	}
	slices.SortStableFunc(b.Entries, func(x, y *event.Entry) int { return slices.Compare(x.Origin[:], y.Origin[:]) })
	e.Commit(b)
	var got []event.ID
	for _, entry := range Collect(e, e.View().Log(e.Ctx, event.Cursor{})) {
		got = append(got, entry.Tx.ID)
	}
	require.Equal(e, want, got)
}

func logEarlyEnd(e *Env) {
	s := Albums()
	second := e.World.AddOrigin()
	d := e.World.Begin()
	for i := range 600 {
		d.At(i%2*second).Create(s, "year", 1)
	}
	b := d.Batch()
	e.Commit(b)
	v := e.View()
	for range v.Log(e.Ctx, event.Cursor{}) {
		break
	}
	for range v.Select(e.Ctx, e.Plan(s, "year = 1")) {
		break
	}
	for range v.Events(e.Ctx, b.States[0].Record.Row.ID, nil) {
		break
	}
	for range v.MetaScan(e.Ctx, "") {
		break
	}
	ctx, cancel := context.WithCancel(e.Ctx)
	defer cancel()
	n := 0
	var last error
	for _, err := range v.Log(ctx, event.Cursor{}) {
		if n++; n == 2 {
			cancel()
		}
		last = err
	}
	require.True(e, isCanceled(last), "a canceled Log ended with %v after %d entries", last, n)
	require.True(e, isCanceled(firstError(v.Log(ctx, event.Cursor{}))), "Log")
	require.True(e, isCanceled(firstError(v.Select(ctx, e.Plan(s, "")))), "Select")
	require.True(e, isCanceled(firstError(v.MetaScan(ctx, ""))), "MetaScan")
	require.True(e, isCanceled(firstError(v.Events(ctx, b.States[0].Record.Row.ID, nil))), "Events")
	_, err := v.State(ctx, "albums", b.States[0].Record.Row.ID)
	require.True(e, isCanceled(err), "State")
	_, err = e.Engine.Snapshot(ctx)
	require.True(e, isCanceled(err), "Snapshot")
}

func logKept(e *Env) {
	s := Albums()
	committed := make(map[uint64]*event.Entry)
	for i := range 40 {
		d := e.World.Begin()
		id := d.Create(s, "name", "some name", "plays", i)
		d.Update(id, "year", i)
		b := d.Batch()
		for _, entry := range b.Entries {
			committed[entry.Seq] = entry
		}
		e.Commit(b)
	}
	got := Collect(e, e.View().Log(e.Ctx, event.Cursor{}))
	rows := Collect(e, e.View().Select(e.Ctx, e.Plan(s, "")))
	e.Close()
	require.Len(e, got, len(committed))
	for _, entry := range got {
		require.True(e, sameEntry(committed[entry.Seq], entry), "entry %d", entry.Seq)
	}
	require.Len(e, rows, len(slices.Collect(maps.Keys(committed)))/2)
	for _, r := range rows {
		want := *e.World.Record(r.Row.ID)
		want.Merge = r.Merge
		e.Equal(&want, r)
	}
}
