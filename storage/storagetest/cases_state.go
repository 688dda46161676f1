package storagetest

import (
	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

func stateCases() []Case {
	return []Case{
		{
			Name: "state/replaced", needs: always, run: stateReplaced,
			Rule: "State of a snapshot, and of an engine that has it, returns the newest record, whole: ID, head, stamp, deleted, values, merge data",
		},
		{
			Name: "state/collections", needs: always, run: stateCollections,
			Rule: "an entity belongs to one collection; under another name it is not found",
		},
		{
			Name: "state/deleted", needs: always, run: stateDeleted,
			Rule: "a deleted entity keeps its record, is in no query's result, and comes back when it is undeleted",
		},
		{
			Name: "state/without Before", needs: always, run: stateWithoutBefore,
			Rule: "index entries move as well when the batch does not bring the old record",
		},
		{
			Name: "state/wide head", needs: always, run: stateWideHead,
			Rule: "a head of several events is stored and returned as it was, with its stamp",
		},
	}
}

func metaCases() []Case {
	return []Case{
		{
			Name: "meta/values", needs: always, run: metaValues,
			Rule: "a meta key has the last value set, an empty value is one, nil removes",
		},
		{
			Name: "meta/scan", needs: always, run: metaScan,
			Rule: "MetaScan yields the keys with a prefix in byte order, whatever bytes they have",
		},
		{
			Name: "heads/replaced", needs: always, run: headsReplaced,
			Rule: "the signed head committed last for an origin is the one returned",
		},
	}
}

func stateReplaced(e *Env) {
	s := Albums()
	e.Register(s)
	d := e.World.Begin()
	id := d.Create(s, "name", "Parade", "year", 1986)
	e.Commit(d.Batch())
	e.Equal(e.World.Record(id), e.State(e.View(), id))
	e.Equal(e.World.Record(id), e.Newest(e.Engine, id))
	for year := range 5 {
		d = e.World.Begin()
		d.Update(id, "year", year, "artist", "Prince")
		e.Commit(d.Batch())
		e.Equal(e.World.Record(id), e.State(e.View(), id))
		e.Equal(e.World.Record(id), e.Newest(e.Engine, id))
	}
	d = e.World.Begin()
	d.Update(id, "artist", nil)
	b := d.Batch()
	b.States[0].Record.Merge = nil
	e.Commit(b)
	e.Equal(e.World.Record(id), e.State(e.View(), id))
	e.Equal(e.World.Record(id), e.Newest(e.Engine, id))
}

func stateCollections(e *Env) {
	albums, labels := Albums(), Labels()
	e.Register(albums, labels)
	d := e.World.Begin()
	album := d.Create(albums, "name", "Parade")
	label := d.Create(labels, "name", "Paisley Park")
	e.Commit(d.Batch())
	v := e.View()
	e.Equal(e.World.Record(album), e.State(v, album))
	r, err := v.State(e.Ctx, "labels", label)
	require.NoError(e, err)
	e.Equal(e.World.Record(label), r)
	for _, name := range []string{"labels", "nothing", "", "album", "albums\x00"} {
		_, err = v.State(e.Ctx, name, album)
		e.Absent(err, "an album in "+name)
		_, err = storage.State(e.Ctx, e.Engine, name, album)
		e.Absent(err, "the newest state of an album in "+name)
	}
	list, err := storage.States(e.Ctx, e.Engine, []storage.Key{
		{Collection: "labels", ID: label},
		{Collection: "labels", ID: album},
		{Collection: "nothing", ID: label},
		{Collection: "albums", ID: album},
		{Collection: "labels", ID: label},
	})
	require.NoError(e, err)
	require.Len(e, list, 5)
	for i, id := range []event.ID{label, {}, {}, album, label} {
		if id.IsZero() {
			require.Nil(e, list[i])
			continue
		}
		require.NotNil(e, list[i])
		e.Equal(e.World.Record(id), list[i])
	}
	none, err := storage.States(e.Ctx, e.Engine, nil)
	require.NoError(e, err)
	require.Empty(e, none)
	require.Equal(e, []event.ID{album}, e.IDs(v, e.Plan(albums, "")))
	require.Equal(e, []event.ID{label}, e.IDs(v, e.Plan(labels, "")))
}

func stateDeleted(e *Env) {
	s := Albums()
	e.Register(s)
	d := e.World.Begin()
	id := d.Create(s, "name", "Parade", "year", 1986)
	e.Commit(d.Batch())
	for _, deleted := range []bool{true, false, true} {
		d = e.World.Begin()
		d.Delete(id, deleted)
		e.Commit(d.Batch())
		v := e.View()
		e.Equal(e.World.Record(id), e.State(v, id))
		want := []event.ID{id}
		if deleted {
			want = nil
		}
		for _, p := range e.plans(s, "year = 1986") {
			require.Equal(e, want, e.IDs(v, p), "deleted %v, %s", deleted, p)
		}
		for _, p := range e.plans(s, "id = ?", id) {
			require.Equal(e, want, e.IDs(v, p), "deleted %v, %s", deleted, p)
		}
	}
	d = e.World.Begin()
	d.Update(id, "year", 2000)
	e.Commit(d.Batch()) // an edit of a deleted entity does not bring it back
	require.Empty(e, e.IDs(e.View(), e.Plan(s, "year >= 0")))
}

func stateWithoutBefore(e *Env) {
	s := Albums()
	e.Register(s)
	commit := func(d *Draft) {
		b := d.Batch()
		for i := range b.States {
			b.States[i].Before = nil
		}
		e.Commit(b)
	}
	d := e.World.Begin()
	id := d.Create(s, "name", "a", "year", 1)
	commit(d)
	if e.Store.Reopens {
		e.Reopen() // nothing is at hand
	}
	d = e.World.Begin()
	d.Update(id, "year", 2)
	commit(d)
	v := e.View()
	for _, p := range e.plans(s, "year >= 1 AND year <= 2") {
		require.Equal(e, []event.ID{id}, e.IDs(v, p), "%s", p)
	}
	require.Empty(e, e.IDs(v, e.Plan(s, "year = 1")))
}

func stateWideHead(e *Env) {
	s := Albums()
	e.Register(s)
	d := e.World.Begin()
	id := d.Create(s, "year", 1)
	d.Update(id, "year", 2)
	for i := range 5 {
		d.Concurrent(id, id, "plays", i)
	}
	e.Commit(d.Batch())
	want := e.World.Record(id)
	require.Len(e, want.Row.Head, 6)
	v := e.View()
	e.Equal(want, e.State(v, id))
	for _, p := range e.plans(s, "year = 2") {
		rows := Collect(e, v.Select(e.Ctx, p))
		require.Len(e, rows, 1)
		require.True(e, want.Row.Head.Equal(rows[0].Row.Head), "head of a selected row, %s", p)
		require.Equal(e, want.Stamp, rows[0].Stamp, "%s", p)
	}
}

func metaValues(e *Env) {
	set := func(key string, value []byte) {
		e.Commit(&storage.Batch{Meta: []storage.MetaChange{{Key: key, Value: value}}})
	}
	get := func(key string) []byte {
		value, err := e.View().Meta(e.Ctx, key)
		require.NoError(e, err)
		return value
	}
	set("a", []byte("1"))
	require.Equal(e, []byte("1"), get("a"))
	value := get("a")
	value[0] = 'x' // the value is the caller's
	require.Equal(e, []byte("1"), get("a"))
	mine := []byte("2")
	set("a", mine)
	mine[0] = 'x' // and the batch is not used after Commit
	require.Equal(e, []byte("2"), get("a"))
	set("a", []byte{})
	require.Equal(e, []byte{}, get("a"))
	e.Commit(&storage.Batch{Meta: []storage.MetaChange{{Key: "b", Value: []byte("1")}, {Key: "b"}, {Key: "c"}}})
	_, err := e.View().Meta(e.Ctx, "b")
	e.Absent(err, "a key that was set and removed")
	set("a", nil)
	_, err = e.View().Meta(e.Ctx, "a")
	e.Absent(err, "a key that was removed")
}

func metaScan(e *Env) {
	keys := []string{"\x00", "\x00\x00", "a", "a\x00", "a\x00b", "a\xff", "a\xff\xff", "ab", "b", "\xff", "\xff\xff", "\xff\xff\xff"}
	var b storage.Batch
	for _, i := range e.World.Rng.Perm(len(keys)) {
		b.Meta = append(b.Meta, storage.MetaChange{Key: keys[i], Value: []byte(keys[i])})
	}
	e.Commit(&b)
	cases := map[string][]string{
		"":         {"\x00", "\x00\x00", "a", "a\x00", "a\x00b", "ab", "a\xff", "a\xff\xff", "b", "\xff", "\xff\xff", "\xff\xff\xff"},
		"a":        {"a", "a\x00", "a\x00b", "ab", "a\xff", "a\xff\xff"},
		"a\xff":    {"a\xff", "a\xff\xff"},
		"\xff":     {"\xff", "\xff\xff", "\xff\xff\xff"},
		"\xff\xff": {"\xff\xff", "\xff\xff\xff"},
		"c":        nil,
	}
	v := e.View()
	for prefix, want := range cases {
		var got []string
		for _, m := range Collect(e, v.MetaScan(e.Ctx, prefix)) {
			require.Equal(e, m.Key, string(m.Value), "value of %q", m.Key)
			got = append(got, m.Key)
		}
		require.Equal(e, want, got, "prefix %q", prefix)
	}
}

func headsReplaced(e *Env) {
	s := Albums()
	second := e.World.AddOrigin()
	for range 3 {
		d := e.World.Begin()
		d.Create(s)
		d.At(second).Create(s)
		b := d.Batch()
		b.Heads = []event.SignedHead{e.World.SignedHead(0), e.World.SignedHead(second)}
		e.Commit(b)
		for log := range 2 {
			h, err := e.View().SignedHead(e.Ctx, e.World.Origin(log))
			require.NoError(e, err)
			require.Equal(e, e.World.SignedHead(log), h)
			require.NoError(e, h.Verify())
		}
	}
}
