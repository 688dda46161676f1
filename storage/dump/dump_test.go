package dump_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/dump"
	"github.com/ankgo/ank/storage/kv"
	"github.com/ankgo/ank/storage/memory"
	"github.com/ankgo/ank/storage/pebble"
	"github.com/ankgo/ank/storage/storagetest"
)

// world fills an engine with three logs, and a transaction that is in two of them.
func world(t testing.TB, engine storage.Engine, steps int) *storagetest.World {
	s := storagetest.Albums()
	w := storagetest.NewWorld(7, 3)
	for range steps {
		require.NoError(t, engine.Commit(t.Context(), w.Step(s)))
	}
	for n := range 3 {
		require.NoError(t, engine.Commit(t.Context(), &storage.Batch{Heads: []event.SignedHead{w.SignedHead(n)}}))
	}
	return w
}

// another is an entry of a log of its own, with the transaction of somebody else's entry.
func another(e *event.Entry) *event.Entry {
	twice := *e
	twice.Origin, twice.Seq, twice.Prev = event.Origin{1, 2, 3}, 1, event.Digest{}
	return &twice
}

func open(t testing.TB) storage.Engine {
	engine, err := memory.Open()
	require.NoError(t, err)
	t.Cleanup(func() { _ = engine.Close() })
	return engine
}

func onDisk(t testing.TB) storage.Engine {
	engine, err := pebble.Open(t.Context(), t.TempDir(), pebble.Options{Ballast: -1})
	require.NoError(t, err)
	t.Cleanup(func() { _ = engine.Close() })
	return engine
}

func snapshot(t testing.TB, engine storage.Engine) storage.Snapshot {
	s, err := engine.Snapshot(t.Context())
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func write(t testing.TB, engine storage.Engine) ([]byte, dump.Summary) {
	var b bytes.Buffer
	summary, err := dump.Write(t.Context(), snapshot(t, engine), &b, nil)
	require.NoError(t, err)
	require.EqualValues(t, b.Len(), summary.Bytes)
	return b.Bytes(), summary
}

// TestMoving: from any engine to any other, and the dump is the same.
func TestMoving(t *testing.T) {
	from := open(t)
	w := world(t, from, 400)
	var entries []*event.Entry
	for e, err := range snapshot(t, from).Log(t.Context(), event.Cursor{}) {
		require.NoError(t, err)
		entries = append(entries, e)
	}
	second := another(entries[3])
	kept := []event.ID{second.Tx.Events[0].ID} // the others are found in the new log from now on
	require.NoError(t, from.Commit(t.Context(), &storage.Batch{Entries: []*event.Entry{second}, Again: kept}))
	first, summary := write(t, from)
	require.EqualValues(t, len(entries)+1, summary.Entries)
	require.EqualValues(t, len(w.IDs()), summary.Records)
	for _, to := range []func(testing.TB) storage.Engine{onDisk, open} {
		engine := to(t)
		var told []dump.Summary
		loaded, err := dump.Load(t.Context(), engine, bytes.NewReader(first), func(s dump.Summary) { told = append(told, s) })
		require.NoError(t, err)
		require.Equal(t, summary, loaded)
		require.Equal(t, summary, told[len(told)-1])
		again, _ := write(t, engine)
		require.True(t, bytes.Equal(first, again), "the dump of what was loaded is another one")
		s := snapshot(t, engine)
		require.NoError(t, storage.Whole(t.Context(), s))
		for i, ev := range second.Events() {
			stored, err := s.Event(t.Context(), ev.Entity, ev.ID)
			require.NoError(t, err)
			require.Equal(t, i == 0, stored.Origin == entries[3].Origin, "the address of event %d", i)
		}
	}
	digest, err := dump.Digest(t.Context(), snapshot(t, from))
	require.NoError(t, err)
	require.Equal(t, summary, digest)
}

// TestAClientsStore has positions without entries.
func TestAClientsStore(t *testing.T) {
	w := storagetest.NewWorld(7, 2)
	b := w.Step(storagetest.Albums())
	b.Advance, b.Expect = []event.Position{{Origin: w.Origin(0), Seq: 1, Short: 7}, {Origin: w.Origin(1), Seq: 700, Short: 9}}, nil
	b.Entries, b.Again = nil, nil
	from, to := open(t), open(t)
	require.NoError(t, from.Commit(t.Context(), b))
	first, summary := write(t, from)
	loaded, err := dump.Load(t.Context(), to, bytes.NewReader(first), nil)
	require.NoError(t, err)
	require.Equal(t, summary, loaded)
	require.True(t, snapshot(t, from).Cursor().Equal(snapshot(t, to).Cursor()))
}

// TestAnEmptyStore is a dump, too.
func TestAnEmptyStore(t *testing.T) {
	first, _ := write(t, open(t))
	_, err := dump.Load(t.Context(), open(t), bytes.NewReader(first), nil)
	require.NoError(t, err)
}

// pieces of a dump that is large enough to have some.
func large(t testing.TB) (content []byte, summary dump.Summary, ends []int64) {
	engine := open(t)
	w := world(t, engine, 200)
	s := storagetest.Albums()
	cover := make([]byte, 200<<10)
	for i := range cover {
		cover[i] = byte(w.Rng.Uint32())
	}
	for range 20 {
		d := w.Begin()
		d.Create(s, "cover", cover)
		require.NoError(t, engine.Commit(t.Context(), d.Batch()))
	}
	var b bytes.Buffer
	summary, err := dump.Write(t.Context(), snapshot(t, engine), &b, func(s dump.Summary) { ends = append(ends, s.Bytes) })
	require.NoError(t, err)
	require.Greater(t, len(ends), 5)
	return b.Bytes(), summary, ends
}

// TestInterrupted: wherever a load ends, it goes on there, after a crash too.
func TestInterrupted(t *testing.T) {
	content, summary, ends := large(t)
	rng := rand.New(rand.NewPCG(1, 2))
	store := memory.NewStore()
	for _, end := range append([]int64{0, 5, 9}, ends[:len(ends)-1]...) {
		at := min(end+rng.Int64N(1000), int64(len(content))-1)
		engine, err := store.Open(t.Context(), kv.Options{})
		require.NoError(t, err)
		broken := io.MultiReader(bytes.NewReader(content[:at]), iotest.ErrReader(errors.New("the line is cut")))
		_, err = dump.Load(t.Context(), engine, broken, nil)
		require.ErrorContains(t, err, "the line is cut", "at %d", at)
		_, err = dump.Load(t.Context(), engine, bytes.NewReader(content[:at]), nil)
		require.Error(t, err, "cut at %d", at)
		if end >= ends[0] {
			require.ErrorIs(t, storage.Whole(t.Context(), snapshot(t, engine)), storage.ErrLoading)
			_, err = dump.Digest(t.Context(), snapshot(t, engine))
			require.ErrorIs(t, err, storage.ErrLoading)
			_, err = dump.Load(t.Context(), engine, bytes.NewReader(firstPieceOf(t)), nil)
			require.ErrorIs(t, err, dump.ErrOther)
		}
		store = store.Clone() // the machine crashes
	}
	engine, err := store.Open(t.Context(), kv.Options{})
	require.NoError(t, err)
	done, err := dump.Load(t.Context(), engine, bytes.NewReader(content), nil)
	require.NoError(t, err)
	require.Equal(t, summary, done)
	again, _ := write(t, engine)
	require.True(t, bytes.Equal(content, again))
	_, err = dump.Load(t.Context(), engine, bytes.NewReader(content), nil)
	require.ErrorIs(t, err, dump.ErrNotEmpty)
}

// firstPieceOf another dump.
func firstPieceOf(t testing.TB) []byte {
	engine := open(t)
	world(t, engine, 2)
	content, _ := write(t, engine)
	return content
}

// TestDamage: a byte that changed is found before anything of its piece is stored.
func TestDamage(t *testing.T) {
	content, _, ends := large(t)
	rng := rand.New(rand.NewPCG(3, 4))
	for range 60 {
		at := rng.IntN(len(content))
		damaged := bytes.Clone(content)
		damaged[at] ^= 1 << rng.IntN(8)
		engine := open(t)
		read, err := dump.Load(t.Context(), engine, bytes.NewReader(damaged), nil)
		require.Error(t, err, "byte %d", at)
		require.LessOrEqual(t, read.Bytes, int64(at)+1+int64(len(content)-int(ends[len(ends)-2])), "byte %d", at)
		var bad *dump.Error
		if at >= 8 {
			require.ErrorAs(t, err, &bad, "byte %d", at)
			require.LessOrEqual(t, bad.Offset, int64(at))
		}
		require.NoError(t, engine.Close())
	}
}

// TestStreamsThatAreNoDumps are refused in words.
func TestStreamsThatAreNoDumps(t *testing.T) {
	for text, says := range map[string]string{
		"":                                    "this is not a dump",
		"ankbundle\x01":                       "this is not a dump",
		"ankdump\x02":                         "version 2",
		"ankdump\x01":                         "piece 1",
		"ankdump\x01\x00":                     "a piece of 0 bytes",
		"ankdump\x01\x80":                     "piece 1",
		"ankdump\x01\x05a":                    "unexpected EOF",
		"ankdump\x01\xff\xff\xff\xff\xff\x0f": "a piece of",
		"ankdump\x01\xff\xff\xff\x3f and then nothing comes.": "unexpected EOF",
	} {
		_, err := dump.Load(t.Context(), open(t), bytes.NewReader([]byte(text)), nil)
		require.ErrorContains(t, err, says, "%q", text)
	}
	busy := open(t)
	require.NoError(t, busy.Commit(t.Context(), &storage.Batch{Meta: []storage.MetaChange{{Key: "k"}}}))
	require.NoError(t, busy.Commit(t.Context(), &storage.Batch{Meta: []storage.MetaChange{{Key: "k", Value: []byte{}}}}))
	_, err := dump.Load(t.Context(), busy, bytes.NewReader(firstPieceOf(t)), nil)
	require.ErrorIs(t, err, dump.ErrNotEmpty)
}

// TestContextsEnd what waits.
func TestContextsEnd(t *testing.T) {
	engine := open(t)
	world(t, engine, 10)
	content, _ := write(t, engine)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := dump.Write(ctx, snapshot(t, engine), io.Discard, nil)
	require.ErrorIs(t, err, context.Canceled)
	_, err = dump.Load(ctx, open(t), bytes.NewReader(content), nil)
	require.ErrorIs(t, err, context.Canceled)
}
