package kv_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/kv"
	"github.com/ankgo/ank/storage/storagetest"
)

// TestVerify finds what was done to indexes behind the engine's back.
func TestVerify(t *testing.T) {
	for name, row := range map[string]struct {
		damage damage
		spoil  func(op kv.Op) kv.Op
		says   string
	}{
		"nothing": {},
		"entries that stayed when their row moved": {damage: damage{dropDelete: 'i'}, says: "there is an entry that the record does not have"},
		"an entry that is gone":                    {spoil: func(op kv.Op) kv.Op { op.Kind = kv.OpDelete; return op }, says: "an entry is missing"},
		"an entry with another value": {spoil: func(op kv.Op) kv.Op {
			op.Value = append(bytes.Clone(op.Value), 1)
			return op
		}, says: "an entry has another value"},
	} {
		t.Run(name, func(t *testing.T) {
			store := newHarshStore(t, kv.Options{})
			store.damage = row.damage
			engine, err := store.open(t.Context())
			require.NoError(t, err)
			s := storagetest.Albums()
			require.NoError(t, engine.Register(t.Context(), s))
			w := storagetest.NewWorld(7, 2)
			for range 40 {
				require.NoError(t, engine.Commit(t.Context(), w.Step(s)))
			}
			if row.spoil != nil {
				require.NoError(t, engine.Close())
				store.spoilAnEntry(row.spoil)
				engine, err = store.open(t.Context())
				require.NoError(t, err)
				require.NoError(t, engine.Register(t.Context(), s))
			}
			right, err := verify(t, engine)
			if row.says == "" {
				require.NoError(t, err)
				require.Greater(t, right, int64(200))
			} else {
				require.ErrorIs(t, err, storage.ErrCorrupt)
				require.ErrorContains(t, err, row.says)
				require.ErrorContains(t, err, " of albums, entity ")
			}
			require.NoError(t, engine.Close())
		})
	}
}

func verify(t *testing.T, engine storage.Engine) (int64, error) {
	snapshot, err := engine.Snapshot(t.Context())
	require.NoError(t, err)
	defer snapshot.Close()
	return snapshot.(storage.Verifier).Verify(t.Context())
}

// spoilAnEntry changes one index entry in the store, which is closed.
func (s *harshStore) spoilAnEntry(change func(kv.Op) kv.Op) {
	d, err := s.memory.Driver()
	require.NoError(s.t, err)
	r, err := d.Snapshot()
	require.NoError(s.t, err)
	it := r.Scan([]byte("i"), []byte("j"), false)
	require.True(s.t, it.Next())
	op := change(kv.Op{Kind: kv.OpSet, Key: it.Key(), Value: it.Value()})
	require.NoError(s.t, it.Close())
	require.NoError(s.t, r.Close())
	require.NoError(s.t, d.Write(s.t.Context(), writesOf([]kv.Op{op}), true))
	require.NoError(s.t, d.Close())
}

// TestVerifyOfSchemasThatAreNotRegistered: nobody knows what their indexes should hold.
func TestVerifyOfSchemasThatAreNotRegistered(t *testing.T) {
	store := newHarshStore(t, kv.Options{})
	engine, err := store.open(t.Context())
	require.NoError(t, err)
	w := storagetest.NewWorld(7, 1)
	require.NoError(t, engine.Commit(t.Context(), w.Step(storagetest.AlbumsWith())))
	right, err := verify(t, engine)
	require.NoError(t, err)
	require.Zero(t, right)
	require.NoError(t, engine.Close())
}
