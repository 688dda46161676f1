package verify_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/kv"
	"github.com/ankgo/ank/storage/memory"
	"github.com/ankgo/ank/storage/verify"
)

var albums = model.NewSchema(model.Definition{
	Model: "Album", Collection: "albums",
	Fields:  []model.Field{{Name: "name", Type: model.TypeString}, {Name: "year", Type: model.TypeInt}},
	Indexes: []model.Index{{Name: "by_year", Columns: []model.IndexColumn{{Field: 1}}}},
})

// history makes what a node would store: entries, and the states that they lead to.
type history struct {
	t      *testing.T
	engine storage.Engine
	clock  *event.Clock
	key    event.PrivateKey
	last   *event.Entry
	states map[event.ID]*entity.State
	schema *model.Schema
	damage func(b *storage.Batch) // of what is stored next
}

func newHistory(t *testing.T, engine storage.Engine) *history {
	key, err := event.NewKey(rand.NewChaCha8([32]byte{7}))
	require.NoError(t, err)
	clock := event.NewClock(event.ClockOptions{Now: func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }, Rand: rand.NewChaCha8([32]byte{8})})
	require.NoError(t, engine.Register(t.Context(), albums))
	return &history{t: t, engine: engine, clock: clock, key: key, schema: albums, states: make(map[event.ID]*entity.State)}
}

// create makes an album and returns its ID.
func (h *history) create(name string, year int64) event.ID {
	id, err := h.clock.Mint()
	require.NoError(h.t, err)
	tx, err := h.clock.MintTransaction(id)
	require.NoError(h.t, err)
	h.commit(tx, h.event(id, id, nil, name, year))
	return id
}

// edit changes an album, and not as the newest change if it has seen less.
func (h *history) edit(id event.ID, seen event.Head, name string, year int64) event.ID {
	tx, err := h.clock.MintTransaction(h.states[id].Head()...)
	require.NoError(h.t, err)
	h.commit(tx, h.event(tx.Update(1), id, seen, name, year))
	return tx.Update(1)
}

func (h *history) event(id, of event.ID, seen event.Head, name string, year int64) *event.Event {
	return &event.Event{
		ID: id, Entity: of, Collection: "albums", Precursors: seen, Salt: h.clock.NewSalt(),
		Ops: []event.Operation{
			{Field: "name", Kind: event.OpSet, Value: model.OfString(name).AppendTo(nil)},
			{Field: "year", Kind: event.OpSet, Value: model.OfInt(year).AppendTo(nil)},
		},
	}
}

type anything struct{}

func (anything) Has(context.Context, event.ID) (bool, error) { return true, nil }

func (h *history) commit(tx event.ID, e *event.Event) {
	entry := &event.Entry{Origin: h.key.Public(), Seq: 1, Tx: &event.Transaction{ID: tx, Events: []*event.Event{e}}}
	if h.last != nil {
		entry.Seq, entry.Prev = h.last.Seq+1, h.last.Hash()
	}
	h.last = entry
	state := h.states[e.Entity]
	if state == nil {
		state = entity.NewState("albums", e.Entity)
		h.states[e.Entity] = state
	}
	was := state.Head().Stamp()
	if !state.Exists() {
		was = event.Stamp{}
	}
	result, err := state.Apply(h.t.Context(), e, anything{})
	require.NoError(h.t, err)
	require.Equal(h.t, entity.Applied, result)
	b := &storage.Batch{
		Entries: []*event.Entry{entry},
		States:  []storage.StateChange{{Was: was, Record: h.record(e.Entity)}},
		Heads:   []event.SignedHead{event.SignHead(h.key, entry.Seq, entry.Hash(), false)},
	}
	if h.damage != nil {
		h.damage(b)
		h.damage = nil
	}
	require.NoError(h.t, h.engine.Commit(h.t.Context(), b))
}

func (h *history) record(id event.ID) *storage.Record {
	state := h.states[id]
	values, merge := state.Encode(h.schema)
	return &storage.Record{
		Collection: "albums", Stamp: state.Head().Stamp(), Merge: merge,
		Row: model.Row{ID: id, Head: state.Head(), Deleted: state.Deleted(), Values: values},
	}
}

// rebuild makes a record with other values.
func rebuild(r *storage.Record, name string, year int64) {
	var b model.TupleBuilder
	b.Set("name", model.OfString(name).AppendTo(nil))
	b.Set("year", model.OfInt(year).AppendTo(nil))
	r.Row.Values = b.Tuple()
}

// TestStore: a store is right, or what is wrong with it has a name.
func TestStore(t *testing.T) {
	for name, row := range map[string]struct {
		damage func(b *storage.Batch)
		says   string
	}{
		"nothing": {},
		"a value that no event wrote": {func(b *storage.Batch) {
			rebuild(b.States[0].Record, "Parade", 1999)
		}, "its field year is not what event"},
		"a state that is not there": {func(b *storage.Batch) { b.States = nil }, "has a change of it"},
		"a state that is behind": {func(b *storage.Batch) {
			r := *b.States[0].Record
			r.Row.Head = event.Head{r.Row.ID}
			r.Stamp = r.Row.Head.Stamp()
			b.States[0].Record = &r
		}, "its events lead to the head"},
		"a state that says that it is deleted": {func(b *storage.Batch) {
			b.States[0].Record.Row.Deleted = true
		}, "by its events it is deleted: false"},
		"merge data of no meaning": {func(b *storage.Batch) {
			b.States[0].Record.Merge = []byte("nonsense")
		}, "its state cannot be read"},
		"an entry that the origin did not sign": {func(b *storage.Batch) {
			e := *b.Entries[0]
			e.Author = "mallory"
			b.Entries[0] = &e
		}, "is not the one that its origin signed"},
		"an entry that follows another one": {func(b *storage.Batch) {
			e := *b.Entries[0]
			e.Prev = event.Digest{1}
			b.Entries[0], b.Heads = &e, nil
		}, "the entry before it is not the one that it followed"},
		"a signature that is none": {func(b *storage.Batch) { b.Heads[0].Signature[3]++ }, "signed head of log"},
		"a cursor that is ahead of its hash": {func(b *storage.Batch) {
			p := b.Entries[0].Position()
			p.Short++
			b.Advance = []event.Position{p}
		}, "and the cursor has"},
	} {
		t.Run(name, func(t *testing.T) {
			engine, err := memory.Open()
			require.NoError(t, err)
			defer func() { require.NoError(t, engine.Close()) }()
			h := newHistory(t, engine)
			for i := range int64(50) {
				h.create("Lovesexy", 1980+i%10)
			}
			id := h.create("Parade", 1986)
			h.edit(id, h.states[id].Head(), "Parade!", 1985)
			h.edit(id, event.Head{id}, "PARADE", 1987) // concurrent
			if h.damage = row.damage; name == "a state that is not there" {
				h.create("Lost", 2000)
			} else {
				h.edit(id, h.states[id].Head(), "Parade", 1986)
			}
			s, err := engine.Snapshot(t.Context())
			require.NoError(t, err)
			defer s.Close()
			report, err := verify.Store(t.Context(), s, verify.Options{Schemas: []*model.Schema{albums}})
			if row.says == "" {
				require.NoError(t, err)
				require.Equal(t, verify.Report{Logs: 1, Entries: 54, Events: 54, Entities: 51, Derived: 51}, report)
				return
			}
			require.ErrorIs(t, err, storage.ErrCorrupt)
			require.ErrorContains(t, err, row.says)
		})
	}
}

// TestEventsOfTwoAddresses are counted once.
func TestEventsOfTwoAddresses(t *testing.T) {
	engine, err := memory.Open()
	require.NoError(t, err)
	defer func() { require.NoError(t, engine.Close()) }()
	h := newHistory(t, engine)
	id := h.create("Parade", 1986)
	h.create("Lovesexy", 1988)
	twice := *h.last
	twice.Origin, twice.Seq, twice.Prev = event.Origin{1, 2}, 1, event.Digest{}
	require.NoError(t, engine.Commit(t.Context(), &storage.Batch{Entries: []*event.Entry{&twice}, Again: []event.ID{twice.Tx.Events[0].ID}}))
	h.edit(id, h.states[id].Head(), "Parade!", 1986)
	s, err := engine.Snapshot(t.Context())
	require.NoError(t, err)
	defer s.Close()
	report, err := verify.Store(t.Context(), s, verify.Options{Schemas: []*model.Schema{albums}})
	require.NoError(t, err)
	require.Equal(t, verify.Report{Logs: 2, Entries: 4, Events: 3, Entities: 2, Derived: 2}, report)
}

// TestStoresBeneath: what somebody does to the bytes of a store is found too.
func TestStoresBeneath(t *testing.T) {
	store := memory.NewStore()
	engine, err := store.Open(t.Context(), kv.Options{})
	require.NoError(t, err)
	h := newHistory(t, engine)
	for range 20 {
		h.create("Parade", 1986)
	}
	require.NoError(t, engine.Close())
	for name, prefix := range map[string]string{"an event's address": "e", "a record": "s", "an index entry": "i"} {
		t.Run(name, func(t *testing.T) {
			clone := store.Clone()
			drop(t, clone, prefix)
			engine, err := clone.Open(t.Context(), kv.Options{})
			require.NoError(t, err)
			defer func() { require.NoError(t, engine.Close()) }()
			require.NoError(t, engine.Register(t.Context(), albums))
			s, err := engine.Snapshot(t.Context())
			require.NoError(t, err)
			defer s.Close()
			_, err = verify.Store(t.Context(), s, verify.Options{Schemas: []*model.Schema{albums}})
			require.ErrorIs(t, err, storage.ErrCorrupt)
		})
	}
}

// drop removes the first key with a prefix.
func drop(t *testing.T, store *memory.Store, prefix string) {
	d, err := store.Driver()
	require.NoError(t, err)
	r, err := d.Snapshot()
	require.NoError(t, err)
	it := r.Scan([]byte(prefix), []byte{prefix[0] + 1}, false)
	require.True(t, it.Next())
	key := bytes.Clone(it.Key())
	require.NoError(t, it.Close())
	require.NoError(t, r.Close())
	var w kv.Writes
	w.Delete(key)
	require.NoError(t, d.Write(t.Context(), &w, true))
	require.NoError(t, d.Close())
}

// TestAClientsStore has nothing to be derived from.
func TestAClientsStore(t *testing.T) {
	engine, err := memory.Open()
	require.NoError(t, err)
	defer func() { require.NoError(t, engine.Close()) }()
	require.NoError(t, engine.Commit(t.Context(), &storage.Batch{Advance: []event.Position{{Origin: event.Origin{1}, Seq: 7}}}))
	s, err := engine.Snapshot(t.Context())
	require.NoError(t, err)
	defer s.Close()
	_, err = verify.Store(t.Context(), s, verify.Options{Schemas: []*model.Schema{albums}})
	require.ErrorIs(t, err, verify.ErrNoHistory)
}

// TestRenamedFields are where the model has them.
func TestRenamedFields(t *testing.T) {
	engine, err := memory.Open()
	require.NoError(t, err)
	defer func() { require.NoError(t, engine.Close()) }()
	h := newHistory(t, engine)
	id := h.create("Parade", 1986)
	renamed := model.NewSchema(model.Definition{
		Model: "Album", Collection: "albums",
		Fields: []model.Field{{Name: "title", Type: model.TypeString, Was: []string{"name"}}, {Name: "year", Type: model.TypeInt}},
	})
	require.NoError(t, renamed.Err())
	require.NoError(t, engine.Register(t.Context(), renamed))
	h.schema = renamed
	h.edit(id, h.states[id].Head(), "Parade!", 1986)
	s, err := engine.Snapshot(t.Context())
	require.NoError(t, err)
	defer s.Close()
	_, err = verify.Store(t.Context(), s, verify.Options{Schemas: []*model.Schema{renamed}})
	require.NoError(t, err)
	_, err = verify.Store(t.Context(), s, verify.Options{})
	require.ErrorContains(t, err, "verify with the model")
}
