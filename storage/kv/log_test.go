package kv_test

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/kv"
)

// longLogs commits the logs of two origins, whose transactions take turns.
func longLogs(t *testing.T, e storage.Engine, each int) {
	t.Helper()
	prev := map[byte]event.Digest{}
	var b storage.Batch
	for n := range 2 * each {
		origin := byte(1 + n%2)
		var id event.ID
		binary.BigEndian.PutUint32(id[:4], uint32(n+1))
		entity := id
		entity[3]--
		entity[4] = 1
		entry := &event.Entry{
			Origin: event.Origin{origin}, Seq: uint64(n/2 + 1), Prev: prev[origin], Author: "ada",
			Tx: &event.Transaction{ID: id, Events: []*event.Event{{
				ID: entity, Entity: entity, Collection: "things",
				Ops: []event.Operation{{Kind: event.OpSet, Field: "n", Value: []byte{1}}},
			}}},
		}
		prev[origin] = entry.Hash()
		b.Entries = append(b.Entries, entry)
	}
	require.NoError(t, e.Commit(context.Background(), &b))
}

// TestLongLogs reads logs that are decoded ahead: whole, up to anywhere, with a
// context that is cancelled on the way, and with damage on the way. The driver
// complains about what is left open.
func TestLongLogs(t *testing.T) {
	const each = 1500
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	store := newHarshStore(t, kv.Options{})
	e, err := store.open(ctx)
	require.NoError(t, err)
	longLogs(t, e, each)
	v, err := e.Snapshot(ctx)
	require.NoError(t, err)
	read := func(most int) (n int, err error) {
		for entry, err := range v.Log(ctx, event.Cursor{}) {
			if err != nil {
				return n, err
			}
			require.Equal(t, uint32(n+1), binary.BigEndian.Uint32(entry.Tx.ID[:4]))
			require.Equal(t, "things", entry.Tx.Events[0].Collection)
			if n++; n == most {
				break
			}
		}
		return n, nil
	}
	for _, most := range []int{1, 127, 128, 129, 1000, 2 * each, -1} {
		n, err := read(most)
		require.NoError(t, err)
		if most < 0 {
			most = 2 * each
		}
		require.Equal(t, most, n)
	}
	require.Panics(t, func() {
		for range v.Log(ctx, event.Cursor{}) {
			panic("in the loop")
		}
	})
	cancel()
	_, err = read(-1)
	require.ErrorIs(t, err, context.Canceled)
	v.Close()
	require.NoError(t, e.Close())
}

func TestLongLogsWithDamage(t *testing.T) {
	const each, good = 1500, 700
	ctx := context.Background()
	store := newHarshStore(t, kv.Options{})
	e, err := store.open(ctx)
	require.NoError(t, err)
	longLogs(t, e, each)
	require.NoError(t, e.Close())
	d, err := store.memory.Driver()
	require.NoError(t, err)
	var w kv.Writes
	w.Set(binary.BigEndian.AppendUint64([]byte{'l', 1}, good+1), []byte{1, 2, 3})
	require.NoError(t, d.Write(ctx, &w, true))
	require.NoError(t, d.Close())

	e, err = store.open(ctx)
	require.NoError(t, err)
	v, err := e.Snapshot(ctx)
	require.NoError(t, err)
	n := 0
	var last error
	for _, err := range v.Log(ctx, event.Cursor{}) {
		if err != nil {
			last = err
			break
		}
		n++
	}
	var corrupt *storage.CorruptError
	require.True(t, errors.As(last, &corrupt), "%v", last)
	require.Equal(t, 2*good-1, n, "everything before the damage was found")
	v.Close()
	require.NoError(t, e.Close())
}
