package kv_test

import (
	"context"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/kv"
	"github.com/ankgo/ank/storage/memory"
)

// put writes keys past the engine.
func put(t *testing.T, s *memory.Store, pairs ...string) {
	t.Helper()
	d, err := s.Driver()
	require.NoError(t, err)
	var w kv.Writes
	for i := 0; i < len(pairs); i += 2 {
		w.Set([]byte(pairs[i]), []byte(pairs[i+1]))
	}
	require.NoError(t, d.Write(context.Background(), &w, true))
	require.NoError(t, d.Close())
}

// dump returns all keys and values in hex, for the engine is closed.
func dump(t *testing.T, s *memory.Store) map[string]string {
	t.Helper()
	d, err := s.Driver()
	require.NoError(t, err)
	r, err := d.Snapshot()
	require.NoError(t, err)
	all := make(map[string]string)
	it := r.Scan(nil, nil, false)
	for it.Next() {
		all[hex.EncodeToString(it.Key())] = hex.EncodeToString(it.Value())
	}
	require.NoError(t, it.Close())
	require.NoError(t, r.Close())
	require.NoError(t, d.Close())
	return all
}

// TestFormat holds the bytes in the store against the table in the package
// comment. If it fails, either the code is wrong or the format has changed, and
// its version with it.
func TestFormat(t *testing.T) {
	ctx := context.Background()
	s := memory.NewStore()
	e, err := s.Open(ctx, kv.Options{})
	require.NoError(t, err)
	schema := model.NewSchema(model.Definition{
		Model: "Album", Collection: "albums",
		Fields:  []model.Field{{Name: "year", Type: model.TypeInt}},
		Indexes: []model.Index{{Name: "by_year", Columns: []model.IndexColumn{{Field: 0, Desc: true}}}},
	})
	require.NoError(t, e.Register(ctx, schema))

	var id, tx event.ID
	copy(id[:], "entity-and-event")
	copy(tx[:], "transaction!")
	year := model.OfInt(1986).AppendTo(nil)
	var values model.TupleBuilder
	values.Set("year", year)
	origin := event.Origin{0: 0xAA, 31: 0xBB}
	ev := &event.Event{ID: id, Entity: id, Collection: "albums", Ops: []event.Operation{{Field: "year", Kind: event.OpSet, Value: year}}}
	entry := &event.Entry{Origin: origin, Seq: 1, Author: "me", Tx: &event.Transaction{ID: tx, Events: []*event.Event{ev}}}
	head := event.Head{id}
	record := &storage.Record{Collection: "albums", Stamp: head.Stamp(), Merge: []byte("merge")}
	record.Row = model.Row{ID: id, Head: head, Values: values.Tuple()}
	signed := event.SignedHead{Origin: origin, Seq: 1}
	require.NoError(t, e.Commit(ctx, &storage.Batch{
		Entries: []*event.Entry{entry},
		States:  []storage.StateChange{{Record: record}},
		Heads:   []event.SignedHead{signed},
		Advance: []event.Position{{Origin: event.Origin{1}, Seq: 300, Short: 5}},
		Meta:    []storage.MetaChange{{Key: "k", Value: []byte("v")}},
	}))
	require.NoError(t, e.Close())

	x := func(parts ...string) string { return hex.EncodeToString([]byte(strings.Join(parts, ""))) }
	tuple := string(values.Tuple().Bytes())
	want := map[string]string{
		x("mf"):                                 x("\x02"),
		x("mo", string(origin[:])):              x("\x01"),
		x("mo\x01", strings.Repeat("\x00", 31)): x("\x02"),
		x("mcalbums"):                           x("\x01"),
		x("mi\x01"):                             x("\x01\x01", schema.IndexKey(0)),
		x("mp\x02"):                             x("\xAC\x02", "\x00\x00\x00\x00\x00\x00\x00\x05"),
		x("ms\x01"):                             x(string(signed.AppendTo(nil))),
		x("muk"):                                x("v"),
		x("l\x01\x00\x00\x00\x00\x00\x00\x00\x01"):                                x(string(entry.AppendTo(nil))),
		x("e", string(id[:]), string(id[:])):                                      x("\x01\x01\x00", string(tx[:])),
		x("s\x01", string(id[:])):                                                 x("\x00\x01", string(id[:]), string(rune(len(tuple))), tuple, "merge"),
		x("i\x01", string(model.OfInt(1986).AppendKey(nil, true)), string(id[:])): "",
	}
	require.Equal(t, want, dump(t, s))
}

// TestFormatOfBuilds holds the states of indexes against the table, and opens what
// version 1 wrote.
func TestFormatOfBuilds(t *testing.T) {
	ctx := context.Background()
	year := model.IndexColumn{Field: 0}
	define := func(indexes ...model.Index) *model.Schema {
		return model.NewSchema(model.Definition{
			Model: "Album", Collection: "albums", Fields: []model.Field{{Name: "year", Type: model.TypeInt}}, Indexes: indexes,
		})
	}
	schema := define(model.Index{Name: "up", Columns: []model.IndexColumn{year}},
		model.Index{Name: "updated", Columns: []model.IndexColumn{{Field: model.ColumnUpdated}}})
	s := memory.NewStore()
	last := ""
	pairs := []string{"mf", "\x01", "mcalbums", "\x01", "mi\x01", "\x00\x01" + schema.IndexKey(0), "i\x01stale", ""}
	for i := range 129 {
		id := event.ID{0: 1, 14: byte(i >> 8), 15: byte(i)}
		if i == 127 {
			last = string(id[:])
		}
		pairs = append(pairs, "s\x01"+string(id[:]), "\x00\x01"+string(id[:])+"\x00")
	}
	put(t, s, pairs...)
	look := func(want map[string]string) {
		t.Helper()
		found := dump(t, s)
		for key := range found {
			switch {
			case strings.HasPrefix(key, "69"):
				found["69"] = "entries"
				fallthrough
			case strings.HasPrefix(key, "73"):
				delete(found, key)
			}
		}
		require.Equal(t, want, found)
	}
	x := func(parts ...string) string { return hex.EncodeToString([]byte(strings.Join(parts, ""))) }
	meta := map[string]string{
		x("mf"): x("\x02"), x("mcalbums"): x("\x01"),
		x("mi\x01"): x("\x02\x01", strings.Repeat("\x00", 16), schema.IndexKey(0)),
		x("mi\x02"): x("\x02\x01", strings.Repeat("\x00", 16), schema.IndexKey(1)),
	}
	run := func(builds int) {
		e, err := s.Open(ctx, kv.Options{})
		require.NoError(t, err)
		require.NoError(t, e.Register(ctx, schema))
		for range builds {
			_, err := e.Build(ctx)
			require.NoError(t, err)
		}
		require.NoError(t, e.Close())
	}
	run(0)
	look(meta)
	run(1)
	meta["69"] = "entries"
	meta[x("mi\x01")] = x("\x02\x01", last, schema.IndexKey(0))
	meta[x("mi\x02")] = x("\x02\x01", last, schema.IndexKey(1))
	look(meta)
	run(1)
	meta[x("mi\x01")] = x("\x01\x01", schema.IndexKey(0))
	meta[x("mi\x02")] = x("\x01\x01", schema.IndexKey(1))
	look(meta)
}

// TestFormatOfWords holds the entries of a full-text index against the table, and has
// it built anew when the store was left by a release that cut texts in another way.
func TestFormatOfWords(t *testing.T) {
	ctx := context.Background()
	schema := model.NewSchema(model.Definition{
		Model: "Album", Collection: "albums", Fields: []model.Field{{Name: "name", Type: model.TypeString}},
		Indexes: []model.Index{{Name: "words", Columns: []model.IndexColumn{{Field: 0}}, FullText: true}},
	})
	require.NoError(t, schema.Err())
	s := memory.NewStore()
	ids := []event.ID{{0: 1}, {0: 2}}
	row := func(id event.ID, name string) string {
		var values model.TupleBuilder
		values.Set("name", model.OfString(name).AppendTo(nil))
		tuple := string(values.Tuple().Bytes())
		return "\x00\x01" + string(id[:]) + string(rune(len(tuple))) + tuple
	}
	put(t, s, "mf", "\x02", "mcalbums", "\x01", "mi\x01", "\x01\x01"+schema.IndexKey(0)+" 0", "i\x01stale", "",
		"s\x01"+string(ids[0][:]), row(ids[0], "Purple Rain, purple R\u00c5\u0130N"), "s\x01"+string(ids[1][:]), row(ids[1], "rain"))
	e, err := s.Open(ctx, kv.Options{})
	require.NoError(t, err)
	require.NoError(t, e.Register(ctx, schema))
	_, err = e.Build(ctx)
	require.NoError(t, err)
	require.NoError(t, e.Close())

	found := map[string]string{}
	for key, value := range dump(t, s) {
		if strings.HasPrefix(key, "69") || strings.HasPrefix(key, "6d69") {
			found[key] = value
		}
	}
	x := func(parts ...string) string { return hex.EncodeToString([]byte(strings.Join(parts, ""))) }
	entry := func(word string, id event.ID) string {
		return x("i\x02", string(model.OfString(word).AppendKey(nil, false)), string(id[:]))
	}
	require.Equal(t, map[string]string{
		x("mi\x02"):             x("\x01\x01", "albums(name string) fulltext 2"), // numbers are not given out again
		entry("purple", ids[0]): "", entry("rain", ids[0]): "", entry("rain", ids[1]): "",
	}, found)
}

func TestNewerFormatIsRefused(t *testing.T) {
	s := memory.NewStore()
	put(t, s, "mf", "\x03")
	_, err := s.Open(context.Background(), kv.Options{})
	require.ErrorIs(t, err, storage.ErrFormat)
	var format *storage.FormatError
	require.ErrorAs(t, err, &format)
	require.Equal(t, storage.FormatError{Found: 3, Known: 2}, *format)
	require.Contains(t, err.Error(), "newer release")
	put(t, s, "mf", "\x01") // the store was let go of
}

func TestForeignDataIsRefused(t *testing.T) {
	for name, pairs := range map[string][]string{
		"no format":           {"something", "else"},
		"format not a number": {"mf", "x\x01"},
		"origin too short":    {"mf", "\x01", "moabc", "\x01"},
		"numbers twice":       {"mf", "\x01", "mca", "\x01", "mcb", "\x01"},
		"index of no state":   {"mf", "\x01", "mca", "\x01", "mi\x01", "\x03\x01key"},
		"index half built":    {"mf", "\x02", "mca", "\x01", "mi\x01", "\x02\x01short"},
		"index of nothing":    {"mf", "\x01", "mi\x01", "\x01\x07key"},
		"broken entry":        {"mf", "\x01", "mo" + strings.Repeat("o", 32), "\x01", "l\x01\x00\x00\x00\x00\x00\x00\x00\x01", "?"},
		"broken position":     {"mf", "\x01", "mo" + strings.Repeat("o", 32), "\x01", "mp\x01", "?"},
	} {
		t.Run(name, func(t *testing.T) {
			s := memory.NewStore()
			put(t, s, pairs...)
			_, err := s.Open(context.Background(), kv.Options{})
			require.ErrorIs(t, err, storage.ErrCorrupt)
		})
	}
}

// TestBrokenRecord damages what lies in the store: reads name the record, and do
// not panic.
func TestBrokenRecord(t *testing.T) {
	ctx := context.Background()
	id := event.ID{1}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		s := memory.NewStore()
		garbage := make([]byte, rng.IntN(40))
		for i := range garbage {
			garbage[i] = byte(rng.IntN(4))
		}
		garbage = append([]byte{0xFF}, garbage...)
		put(t, s, "mf", "\x01", "mcalbums", "\x01", "s\x01"+string(id[:]), string(garbage))
		e, err := s.Open(ctx, kv.Options{})
		require.NoError(t, err)
		v, err := e.Snapshot(ctx)
		require.NoError(t, err)
		_, err = v.State(ctx, "albums", id)
		require.ErrorIs(t, err, storage.ErrCorrupt)
		require.Contains(t, err.Error(), id.String())
		v.Close()
		require.NoError(t, e.Close())
	}
}
