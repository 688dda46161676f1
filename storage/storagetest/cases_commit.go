package storagetest

import (
	"bytes"
	"context"
	"fmt"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

func commitCases() []Case {
	return []Case{
		{
			Name: "commit/all parts", needs: always, run: commitAllParts,
			Rule: "everything in a batch is readable in the next snapshot: entries, events, states, positions, heads, meta",
		},
		{
			Name: "commit/nothing before", needs: always, run: emptyStore,
			Rule: "a new store is empty: no cursor, ErrNotFound for single things, empty sequences without error",
		},
		{
			Name: "commit/conflict stores nothing", needs: always, run: conflictStoresNothing,
			Rule: "a batch whose Expect does not hold is refused with a *ConflictError that names the log, and no part of it is stored",
		},
		{
			Name: "commit/expect", needs: always, run: expectPositions,
			Rule: "Expect compares sequence and hash of a log's position; sequence 0 means that the log is empty",
		},
		{
			Name: "commit/holds", needs: always, run: holdsValues,
			Rule: "a batch is refused with a *ConflictError that names the key, and nothing of it is stored, if a Meta value in Holds is another one, is there though it should not, or is missing",
		},
		{
			Name: "commit/sequence gap", needs: always, run: sequenceGap,
			Rule: "the first entry of an origin follows the stored position; anything else is a conflict",
		},
		{
			Name: "commit/stamps", needs: compares, run: comparesStamps,
			Rule: "a state whose stored stamp is not Was is a conflict that names the entity, and nothing of the batch is stored",
		},
		{
			Name: "commit/malformed", needs: always, run: malformedBatches,
			Rule: "batches that break a rule of Batch.Validate are refused with a *BatchError, and the engine goes on",
		},
		{
			Name: "commit/canceled", needs: always, run: canceledCommit,
			Rule: "Commit with a context that is done returns its error and stores nothing, and the engine goes on",
		},
		{
			Name: "commit/empty batch", needs: always, run: emptyBatch,
			Rule: "a batch without content is accepted if its Expect holds",
		},
		{
			Name: "commit/derived position", needs: always, run: derivedPosition,
			Rule: "an origin with entries needs no Advance: its position is that of the last entry, hash included",
		},
		{
			Name: "commit/advance without entries", needs: always, run: advanceWithoutEntries,
			Rule: "a position may move forward without entries; entries then follow on it; it does not move back",
		},
		{
			Name: "commit/large values", needs: always, run: largeValues,
			Rule: "values of some megabytes, index keys of some kilobytes, and hundreds of entities in one batch, are stored like any others",
		},
	}
}

func commitAllParts(e *Env) {
	s := Albums()
	e.Register(s)
	d := e.World.Begin()
	id := d.Create(s, "name", "Parade", "year", 1986)
	b := d.Batch()
	b.Meta = []storage.MetaChange{{Key: "lease", Value: []byte("7")}}
	b.Heads = []event.SignedHead{e.World.SignedHead(0)}
	e.Commit(b)

	v := e.View()
	want := event.NewCursor(e.World.Position(0))
	require.True(e, want.Equal(v.Cursor()), "cursor %v, want %v", v.Cursor(), want)
	e.Equal(e.World.Record(id), e.State(v, id))
	st, err := v.Event(e.Ctx, id, id)
	require.NoError(e, err)
	require.True(e, sameEvent(b.Entries[0].Tx.Events[0], st.Event), "the event that was committed")
	require.Equal(e, b.Entries[0].Tx.ID, st.Tx, "its transaction")
	require.Equal(e, b.Entries[0].Origin, st.Origin)
	require.Equal(e, uint64(1), st.Seq)
	require.Equal(e, []event.ID{id}, e.EventIDs(v, id))
	log := Collect(e, v.Log(e.Ctx, event.Cursor{}))
	require.Len(e, log, 1)
	require.True(e, sameEntry(b.Entries[0], log[0]), "the entry that was committed")
	require.Equal(e, []event.ID{id}, e.IDs(v, e.Plan(s, "year = 1986")))
	head, err := v.SignedHead(e.Ctx, e.World.Origin(0))
	require.NoError(e, err)
	require.Equal(e, b.Heads[0], head)
	value, err := v.Meta(e.Ctx, "lease")
	require.NoError(e, err)
	require.Equal(e, "7", string(value))
}

func emptyStore(e *Env) {
	s := Albums()
	id := e.World.Mint()
	v := e.View()
	require.True(e, v.Cursor().IsZero(), "cursor %v", v.Cursor())
	_, err := v.State(e.Ctx, "albums", id)
	e.Absent(err, "state")
	_, err = v.Event(e.Ctx, id, id)
	e.Absent(err, "event")
	_, err = v.SignedHead(e.Ctx, e.World.Origin(0))
	e.Absent(err, "signed head")
	_, err = v.Meta(e.Ctx, "key")
	e.Absent(err, "meta")
	require.Empty(e, e.EventIDs(v, id))
	require.Empty(e, e.Seqs(v, event.Cursor{}))
	require.Empty(e, e.IDs(v, e.Plan(s, "year > 1")), "of a collection that nobody registered or wrote")
	require.Empty(e, Collect(e, v.MetaScan(e.Ctx, "")))
}

func conflictStoresNothing(e *Env) {
	s := Albums()
	e.Register(s)
	d := e.World.Begin()
	kept := d.Create(s, "year", 1985)
	e.Commit(d.Batch())
	before := e.View()

	d = e.World.Begin()
	id := d.Create(s, "year", 1986)
	d.Update(kept, "year", 1987)
	b := d.Batch()
	b.Meta = []storage.MetaChange{{Key: "k", Value: []byte("v")}}
	b.Heads = []event.SignedHead{e.World.SignedHead(0)}
	other := e.World.AddOrigin()
	b.Expect = []event.Position{{Origin: e.World.Origin(other), Seq: 9, Short: 9}}
	err := e.Engine.Commit(e.Ctx, b)
	require.ErrorIs(e, err, storage.ErrConflict)
	var conflict *storage.ConflictError
	require.ErrorAs(e, err, &conflict)
	require.Equal(e, []storage.MovedPosition{{
		Expected: b.Expect[0], Found: event.Position{Origin: e.World.Origin(other)},
	}}, conflict.Positions)

	v := e.View()
	require.True(e, before.Cursor().Equal(v.Cursor()), "the cursor did not move")
	_, err = v.State(e.Ctx, "albums", id)
	e.Absent(err, "state of a refused batch")
	_, err = v.Event(e.Ctx, id, id)
	e.Absent(err, "event of a refused batch")
	_, err = v.Meta(e.Ctx, "k")
	e.Absent(err, "meta of a refused batch")
	_, err = v.SignedHead(e.Ctx, e.World.Origin(0))
	e.Absent(err, "head of a refused batch")
	require.Equal(e, []event.ID{kept}, e.IDs(v, e.Plan(s, "year = 1985")))
	require.Empty(e, e.IDs(v, e.Plan(s, "year > 1985")), "index entries of a refused batch")
	require.Equal(e, []uint64{1}, e.Seqs(v, event.Cursor{}))

	b.Expect = nil
	e.Commit(b) // the same batch is good once it expects nothing wrong
	require.Equal(e, []event.ID{id}, e.IDs(e.View(), e.Plan(s, "year = 1986")))
}

func holdsValues(e *Env) {
	e.Commit(&storage.Batch{Meta: []storage.MetaChange{{Key: "lease", Value: []byte("7")}, {Key: "empty", Value: []byte{}}}})
	hold := func(key string, value []byte) storage.MetaValue { return storage.MetaValue{Key: key, Value: value} }
	for _, c := range []struct {
		holds []storage.MetaValue
		moved []string
	}{
		{[]storage.MetaValue{hold("lease", []byte("7")), hold("empty", []byte{}), hold("nothing", nil)}, nil},
		{[]storage.MetaValue{hold("lease", []byte("8"))}, []string{"lease"}},
		{[]storage.MetaValue{hold("lease", []byte{})}, []string{"lease"}},
		{[]storage.MetaValue{hold("lease", nil), hold("empty", nil)}, []string{"lease", "empty"}},
		{[]storage.MetaValue{hold("nothing", []byte{}), hold("lease", []byte("7"))}, []string{"nothing"}},
	} {
		d := e.World.Begin()
		id := d.Create(Albums(), "name", "Parade")
		b := d.Batch()
		b.Holds = c.holds
		b.Meta = []storage.MetaChange{{Key: "mine", Value: []byte(id.String())}}
		err := e.Engine.Commit(e.Ctx, b)
		if c.moved == nil {
			require.NoError(e, err)
			continue
		}
		var conflict *storage.ConflictError
		require.ErrorAs(e, err, &conflict)
		require.Equal(e, c.moved, conflict.Meta)
		require.Empty(e, conflict.Positions)
		e.World.forget(b)
		_, err = e.View().State(e.Ctx, "albums", id)
		e.Absent(err, "the state of a batch that was refused")
	}
	// What is held is what was there before the batch, which may change it.
	lease := []storage.MetaValue{hold("lease", []byte("7"))}
	e.Commit(&storage.Batch{Holds: lease, Meta: []storage.MetaChange{{Key: "lease", Value: []byte("8")}}})
	require.ErrorIs(e, e.Engine.Commit(e.Ctx, &storage.Batch{Holds: lease}), storage.ErrConflict)
}

func expectPositions(e *Env) {
	s := Albums()
	o := e.World.Origin(0)
	create := func(expect event.Position) error {
		d := e.World.Begin()
		d.Create(s)
		b := d.Batch()
		b.Expect = []event.Position{expect}
		return e.Engine.Commit(e.Ctx, b)
	}
	refused := func(expect event.Position, why string) {
		e.Helper()
		b := &storage.Batch{Expect: []event.Position{expect}}
		require.ErrorIs(e, e.Engine.Commit(e.Ctx, b), storage.ErrConflict, why)
	}
	refused(event.Position{Origin: o, Seq: 1}, "a log that is empty is not at 1")
	require.NoError(e, create(event.Position{Origin: o}), "an empty log is at 0")
	refused(event.Position{Origin: o}, "a log with an entry is not at 0")
	now := e.World.Position(0)
	wrong := now
	wrong.Short++
	refused(wrong, "the hash counts")
	wrong = now
	wrong.Seq++
	refused(wrong, "the sequence counts")
	require.NoError(e, create(now))
	refused(now, "a position that was passed")
}

func sequenceGap(e *Env) {
	s := Albums()
	d := e.World.Begin()
	d.Create(s)
	first := d.Batch()
	d = e.World.Begin()
	d.Create(s)
	second := d.Batch()
	require.ErrorIs(e, e.Engine.Commit(e.Ctx, second), storage.ErrConflict, "entry 2 before entry 1")
	e.Commit(first)
	require.ErrorIs(e, e.Engine.Commit(e.Ctx, &storage.Batch{Entries: first.Entries}), storage.ErrConflict, "entry 1 twice")
	e.Commit(second)
	require.Equal(e, []uint64{1, 2}, e.Seqs(e.View(), event.Cursor{}))
}

func comparesStamps(e *Env) {
	s := Albums()
	e.Register(s)
	d := e.World.Begin()
	id := d.Create(s, "year", 1)
	b := d.Batch()
	e.Commit(b)
	stale := *e.World.Record(id)

	d = e.World.Begin()
	d.Update(id, "year", 2)
	e.Commit(d.Batch())
	current := e.World.Record(id)

	wrong := []struct {
		why string
		was event.Stamp
	}{
		{"a stamp that was replaced", stale.Stamp},
		{"an entity taken to be absent", event.Stamp{}},
	}
	for _, w := range wrong {
		d := e.World.Begin()
		other := d.Create(s, "year", 3)
		b := d.Batch()
		e.World.forget(b)
		b.States = append(b.States, storage.StateChange{Record: &stale, Was: w.was})
		err := e.Engine.Commit(e.Ctx, b)
		var conflict *storage.ConflictError
		require.ErrorAs(e, err, &conflict, w.why)
		require.Equal(e, []storage.MovedState{{
			Collection: "albums", ID: id, Expected: w.was, Found: current.Stamp,
		}}, conflict.States, w.why)
		v := e.View()
		e.Equal(current, e.State(v, id))
		_, err = v.State(e.Ctx, "albums", other)
		e.Absent(err, "the rest of the batch")
	}
	absent := stale
	absent.Row.ID = e.World.Mint()
	err := e.Engine.Commit(e.Ctx, &storage.Batch{States: []storage.StateChange{{Record: &absent, Was: stale.Stamp}}})
	require.ErrorIs(e, err, storage.ErrConflict, "an entity that is not there has no stamp")
}

// forget takes a batch back that was not committed: its entries never were.
func (w *World) forget(b *storage.Batch) {
	for _, e := range b.Entries {
		for _, c := range w.logs {
			if c.origin == e.Origin && c.seq >= e.Seq {
				c.seq, c.prev = e.Seq-1, e.Prev
			}
		}
	}
}

func malformedBatches(e *Env) {
	s := Albums()
	d := e.World.Begin()
	id := d.Create(s, "year", 1)
	good := d.Batch()
	record := e.World.Record(id)
	change := func(f func(r *storage.Record)) storage.StateChange {
		r := *record
		f(&r)
		return storage.StateChange{Record: &r}
	}
	state := func(c ...storage.StateChange) *storage.Batch { return &storage.Batch{States: c} }
	// entities makes changes of entities whose IDs begin with these bytes.
	entities := func(first ...byte) (changes []storage.StateChange) {
		for _, b := range first {
			changes = append(changes, change(func(r *storage.Record) { r.Row.ID[0] = b }))
		}
		return changes
	}
	o := e.World.Origin(0)
	bad := map[string]*storage.Batch{
		"nil entry":               {Entries: []*event.Entry{nil}},
		"no transaction":          {Entries: []*event.Entry{{Origin: o, Seq: 1}}},
		"sequence 0":              {Entries: []*event.Entry{{Origin: o, Tx: &event.Transaction{}}}},
		"entry twice":             {Entries: []*event.Entry{good.Entries[0], good.Entries[0]}},
		"no record":               state(storage.StateChange{}),
		"no collection":           state(change(func(r *storage.Record) { r.Collection = "" })),
		"no ID":                   state(change(func(r *storage.Record) { r.Row.ID = event.ID{} })),
		"no head":                 state(change(func(r *storage.Record) { r.Row.Head, r.Stamp = nil, event.Stamp{} })),
		"entity twice":            state(storage.StateChange{Record: record}, storage.StateChange{Record: record}),
		"entity twice, later":     state(entities(1, 2, 3, 9, 2)...),
		"of several, in disorder": state(entities(5, 4, 3, 9, 10, 11, 12, 13, 14, 9)...),
		"Before without":          state(storage.StateChange{Record: record, Before: record}),
		"Before of another":       state(storage.StateChange{Record: record, Was: record.Stamp, Before: change(func(r *storage.Record) { r.Row.ID[0]++ }).Record}),
		"advance to 0":            {Advance: []event.Position{{Origin: o}}},
		"advance beyond":          {Entries: good.Entries, Advance: []event.Position{{Origin: o, Seq: 2}}},
		"expect twice":            {Expect: []event.Position{{Origin: o}, {Origin: o}}},
		"no key":                  {Meta: []storage.MetaChange{{Value: []byte("x")}}},
		"long key":                {Meta: []storage.MetaChange{{Key: string(make([]byte, storage.MaxMetaKey+1))}}},
	}
	for name, b := range bad {
		var refused *storage.BatchError
		require.ErrorAs(e, e.Engine.Commit(e.Ctx, b), &refused, name)
	}
	v := e.View()
	require.True(e, v.Cursor().IsZero())
	_, err := v.State(e.Ctx, "albums", id)
	e.Absent(err, "state of a malformed batch")
	e.Commit(good)
}

func canceledCommit(e *Env) {
	ctx, cancel := context.WithCancel(e.Ctx)
	cancel()
	d := e.World.Begin()
	id := d.Create(Albums(), "year", 1)
	b := d.Batch()
	err := e.Engine.Commit(ctx, b)
	require.True(e, isCanceled(err), "Commit returned %v", err)
	_, err = e.View().State(e.Ctx, "albums", id)
	e.Absent(err, "state of a canceled commit")
	e.Commit(b)
	e.Equal(e.World.Record(id), e.State(e.View(), id))
}

func emptyBatch(e *Env) {
	e.Commit(&storage.Batch{})
	e.Commit(&storage.Batch{Expect: []event.Position{{Origin: e.World.Origin(0)}}})
	require.True(e, e.View().Cursor().IsZero())
}

func derivedPosition(e *Env) {
	s := Albums()
	d := e.World.Begin()
	d.Create(s)
	d.At(0).Create(s)
	b := d.Batch()
	b.Advance = nil
	e.Commit(b)
	want := event.NewCursor(e.World.Position(0))
	require.True(e, want.Equal(e.View().Cursor()), "cursor %v, want %v", e.View().Cursor(), want)
	if e.Store.Reopens {
		e.Reopen()
		require.True(e, want.Equal(e.View().Cursor()), "cursor after reopening %v, want %v", e.View().Cursor(), want)
	}
}

func advanceWithoutEntries(e *Env) {
	s := Albums()
	for range 3 {
		d := e.World.Begin()
		d.Create(s)
		d.Batch() // what another node has, and this one only hears of
	}
	there := e.World.Position(0)
	e.Commit(&storage.Batch{Advance: []event.Position{there}})
	check := func() {
		e.Helper()
		require.True(e, event.NewCursor(there).Equal(e.View().Cursor()))
		require.Empty(e, e.Seqs(e.View(), event.Cursor{}))
	}
	check()
	back := there
	back.Seq--
	require.ErrorIs(e, e.Engine.Commit(e.Ctx, &storage.Batch{Advance: []event.Position{back}}), storage.ErrConflict)
	if e.Store.Reopens {
		e.Reopen()
		check()
	}
	d := e.World.Begin()
	d.Create(s)
	e.Commit(d.Batch())
	require.Equal(e, []uint64{4}, e.Seqs(e.View(), event.Cursor{}))
	require.True(e, event.NewCursor(e.World.Position(0)).Equal(e.View().Cursor()))
	if e.Store.Reopens {
		e.Reopen()
		require.True(e, event.NewCursor(e.World.Position(0)).Equal(e.View().Cursor()))
	}
}

func largeValues(e *Env) {
	s := Albums()
	e.Register(s)
	big := bytes.Repeat([]byte("large value "), 300_000) // 3.6 MB
	d := e.World.Begin()
	text := string(big)
	d.Create(s, "name", text[:10_000], "score", 1.5, "tags", tags(`"`+text+`"`))
	d.Update(d.Create(s, "name", "with merge"), "year", 1)
	b := d.Batch()
	for i := range b.States {
		b.States[i].Record.Merge = big
	}
	b.Meta = []storage.MetaChange{{Key: "big", Value: big}}
	e.Commit(b)
	d = e.World.Begin()
	var ids []event.ID
	for i := range 500 {
		ids = append(ids, d.Create(s, "name", fmt.Sprint(i), "plays", i))
	}
	e.Commit(d.Batch())
	check := func() {
		v := e.View()
		for _, c := range b.States {
			e.Equal(c.Record, e.State(v, c.Record.Row.ID))
		}
		value, err := v.Meta(e.Ctx, "big")
		require.NoError(e, err)
		require.True(e, bytes.Equal(big, value))
		require.Equal(e, ids, e.IDs(v, e.Plan(s, "plays >= 0 AND score = 0 AND year = 0 ORDER BY id")))
	}
	check()
	if e.Store.Reopens {
		e.Reopen()
		check()
	}
}
