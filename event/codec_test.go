package event_test

import (
	"bytes"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ankgo/ank/event"
)

// TestEventRoundTrip: what is encoded decodes to an equal event with the same
// digest, and its size was foretold.
func TestEventRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawErased(t, drawEvent(t))
		require.NoError(t, e.Validate())
		b := e.AppendTo([]byte("before"))[len("before"):]
		require.Len(t, b, e.Size())
		got, err := event.DecodeEvent(b)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(e, got))
		require.NoError(t, got.Validate())
		require.Equal(t, e.Digest(), got.Digest())
		require.Equal(t, b, got.AppendTo(nil))
	})
}

func TestTransactionRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tx := drawTransaction(t)
		require.NoError(t, tx.Validate())
		b := tx.AppendTo(nil)
		require.Len(t, b, tx.Size())
		got, err := event.DecodeTransaction(b)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(tx, got))
		require.Equal(t, tx.Digest(), got.Digest())
		require.Equal(t, b, got.AppendTo(nil))
	})
}

func TestEntryRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawEntry(t)
		require.NoError(t, e.Validate())
		b := e.AppendTo(nil)
		require.Len(t, b, e.Size())
		got, err := event.DecodeEntry(b)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(e, got))
		require.Equal(t, e.Hash(), got.Hash())
		require.Equal(t, b, got.AppendTo(nil))
		for i, want := range e.Events() {
			one, err := event.DecodeEntryEvent(b, i)
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(want, one))
		}
		_, err = event.DecodeEntryEvent(b, len(e.Tx.Events)+len(e.Added))
		require.ErrorIs(t, err, event.ErrMalformed)
		_, err = event.DecodeEntryEvent(b, -1)
		require.ErrorIs(t, err, event.ErrMalformed)
	})
}

// TestEveryByteCounts: no encoding can be changed, shortened or lengthened
// without being refused or meaning something with another hash.
func TestEveryByteCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawEntry(t)
		for i, ev := range e.Tx.Events {
			e.Tx.Events[i] = drawErased(t, ev)
		}
		b := e.AppendTo(nil)
		damaged := slices.Clone(b)
		at := rapid.IntRange(0, len(b)-1).Draw(t, "byte")
		damaged[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if got, err := event.DecodeEntry(damaged); err == nil {
			require.NotEqual(t, e.Hash(), got.Hash())
			require.Equal(t, damaged, got.AppendTo(nil))
		}
		_, err := event.DecodeEntry(b[:at])
		require.Error(t, err)
		_, err = event.DecodeEntry(append(b, 0))
		require.ErrorIs(t, err, event.ErrMalformed)
	})
}

// TestOneValueOneEncoding lists values that differ in memory and not in meaning.
func TestOneValueOneEncoding(t *testing.T) {
	base := updateOf(1)
	want := base.AppendTo(nil)
	for name, change := range map[string]func(e *event.Event){
		"field head equal to the precursors": func(e *event.Event) { e.Ops[0].FieldHead = slices.Clone(e.Precursors) },
		"empty extensions":                   func(e *event.Event) { e.Ext = []event.Extension{} },
	} {
		e := *base
		e.Ops = slices.Clone(base.Ops)
		change(&e)
		require.Equal(t, want, e.AppendTo(nil), name)
		require.Equal(t, base.Digest(), e.Digest(), name)
	}
	bare := *base
	bare.Ops = []event.Operation{{Kind: event.OpDelete}}
	salted := bare.AppendTo(nil)
	bare.Salt = event.Salt{}
	bare.Ops[0].Value = []byte{}
	require.Equal(t, salted, bare.AppendTo(nil), "a salt without values, an empty value")
}

// TestOtherFormsAreRefused lists encodings that mean something and are not the
// form in which it is written.
func TestOtherFormsAreRefused(t *testing.T) {
	e := updateOf(1)
	e.Ops[0].Field = "f"
	e.Ops[0].Value = []byte("v")
	good := e.AppendTo(nil)
	op := bytes.Index(good, []byte{1, 'f', 1, 4, 1, 'v'})
	require.Positive(t, op, "the operation's bytes")
	splice := func(replacement ...byte) []byte {
		return slices.Concat(good[:op], replacement, good[op+6:])
	}
	unsalted := func(replacement ...byte) []byte {
		return slices.Concat(good[:op], replacement, good[op+6+16:])
	}
	_, err := event.DecodeEvent(splice(1, 'f', 1, 4, 1, 'v'))
	require.NoError(t, err, "the splice itself")
	for name, b := range map[string][]byte{
		"long number":               splice(0x81, 0, 'f', 1, 4, 1, 'v'),
		"kind beyond 16 bits":       splice(1, 'f', 0x80, 0x80, 4, 4, 1, 'v'),
		"text that is not UTF-8":    splice(1, 0xff, 1, 4, 1, 'v'),
		"NUL in a text":             splice(1, 0, 1, 4, 1, 'v'),
		"NUL behind other letters":  splice(3, 0xc3, 0xa9, 0, 1, 4, 1, 'v'),
		"unknown flag":              splice(1, 'f', 1, 4|16, 1, 'v'),
		"value and commitment":      splice(1, 'f', 1, 4|8, 1, 'v'),
		"empty value that is there": unsalted(1, 'f', 1, 4, 0),
		"empty path that is there":  splice(1, 'f', 1, 4|1, 0, 1, 'v'),
		"field head as precursors":  splice(slices.Concat([]byte{1, 'f', 1, 4 | 2}, e.Precursors.AppendTo(nil), []byte{1, 'v'})...),
		"unsorted head":             splice(slices.Concat([]byte{1, 'f', 1, 4 | 2, 2}, make([]byte, 32), []byte{1, 'v'})...),
		"extensions out of order":   append(good[:len(good)-1:len(good)-1], 2, 1, 0, 1, 0),
		"trailing byte":             append(good[:len(good):len(good)], 0),
		"missing salt":              unsalted(1, 'f', 1, 4, 1, 'v'),
		"impossible count":          append(good[:len(good)-1:len(good)-1], 64),
		"nothing":                   nil,
	} {
		_, err := event.DecodeEvent(b)
		require.ErrorIs(t, err, event.ErrMalformed, name)
		var d *event.DecodeError
		require.ErrorAs(t, err, &d, name)
		require.Equal(t, "event", d.What, name)
	}
}

func TestUnknownVersionIsNamed(t *testing.T) {
	b := updateOf(1).AppendTo(nil)
	b[0] = 2
	_, err := event.DecodeEvent(b)
	var v *event.VersionError
	require.ErrorAs(t, err, &v)
	require.Equal(t, event.VersionError{What: "event", Version: 2, Supported: 1}, *v)
	require.ErrorContains(t, err, "a newer version of this software wrote it")
	b[0] = 0
	_, err = event.DecodeEvent(b)
	require.ErrorContains(t, err, "version 0, which never existed")
}

// TestDecodingNamesTheEvent: the error for a transaction says which event is
// broken and where in the whole input.
func TestDecodingNamesTheEvent(t *testing.T) {
	first, second := updateOf(1), updateOf(1)
	second.ID = second.ID.Transaction().Update(2)
	tx := &event.Transaction{ID: first.ID.Transaction(), Events: []*event.Event{first, second}}
	b := tx.AppendTo(nil)
	at := bytes.LastIndex(b, []byte("album"))
	b[at] = 0xff
	_, err := event.DecodeTransaction(b)
	var d *event.DecodeError
	require.ErrorAs(t, err, &d)
	require.Equal(t, event.DecodeError{
		What: "transaction", Offset: at + len("album"),
		Reason: "event 1: a text that is not UTF-8, or holds U+0000",
	}, *d)
}

// TestDecodingAliasesItsInput pins the promise of few allocations.
func TestDecodingAliasesItsInput(t *testing.T) {
	b := updateOf(6).AppendTo(nil)
	allocs := testing.AllocsPerRun(100, func() {
		if _, err := event.DecodeEvent(b); err != nil {
			t.Fatal(err)
		}
	})
	require.LessOrEqual(t, allocs, 2.0, "the event and its operations")
	e := updateOf(6)
	buf := make([]byte, 0, 1024)
	require.Zero(t, testing.AllocsPerRun(100, func() { buf = e.AppendTo(buf[:0]) }))
	require.Zero(t, testing.AllocsPerRun(100, func() { e.Digest() }))
}

// TestDecodingMemoryIsBounded feeds the inputs that cost most memory per byte.
func TestDecodingMemoryIsBounded(t *testing.T) {
	e := updateOf(0)
	e.Ops = slices.Repeat([]event.Operation{{Kind: 1}}, event.MaxOps)
	for tag := range uint64(event.MaxExtensions) {
		e.Ext = append(e.Ext, event.Extension{Tag: tag})
	}
	tx := &event.Transaction{ID: e.ID.Transaction(), Events: slices.Repeat([]*event.Event{e}, 300)}
	b := tx.AppendTo(nil)
	_, err := event.DecodeTransaction(b)
	require.ErrorContains(t, err, "event 252: a count of", "operations beyond the limit of the transaction")
	tx.Events = tx.Events[:200]
	b = tx.AppendTo(nil)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = event.DecodeTransaction(b)
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(40*len(b)))
}
