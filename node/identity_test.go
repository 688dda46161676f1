package node_test

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/kv"
	"github.com/ankgo/ank/storage/memory"
)

func newRoot(t *testing.T, seed uint64) event.PrivateKey {
	t.Helper()
	var bytes [32]byte
	bytes[0] = byte(seed)
	key, err := event.NewKey(rand.NewChaCha8(bytes))
	require.NoError(t, err)
	return key
}

func TestANodeKeepsItsIdentity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		origin, system := f.node.Origin(), f.node.System()
		require.False(t, origin.IsZero())
		require.False(t, system.IsZero())
		certificate, ok := f.node.Certificate()
		require.True(t, ok)
		require.NoError(t, certificate.Verify())
		require.Equal(t, event.Certificate{System: system, Subject: origin, Signature: certificate.Signature}, certificate)
		f.create(f.prince, Album{Name: "Parade"})
		f.stop()
		f = startOver(t, f.store)
		require.Equal(t, origin, f.node.Origin())
		require.Equal(t, system, f.node.System())
		again, ok := f.node.Certificate()
		require.True(t, ok)
		require.Equal(t, certificate, again)
		require.NotEqual(t, origin, start(t).node.Origin())
	})
}

func TestANodeStaysInItsSystem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		system := f.node.System()
		f.create(f.prince, Album{Name: "Parade"})
		f.stop()
		for name, option := range map[string]node.Option{
			"join": node.JoinSystem(event.System{1}),
			"root": node.SystemRoot(newRoot(t, 1)),
		} {
			engine, err := f.store.Open(f.ctx, kv.Options{})
			require.NoError(t, err)
			_, err = node.Open(f.ctx, engine, node.WithPolicy(node.AllowAll()), option)
			require.ErrorIs(t, err, node.ErrSystem, name)
			var wrong *node.SystemError
			require.ErrorAs(t, err, &wrong)
			require.Equal(t, system, wrong.Have)
			require.NoError(t, engine.Close())
		}
		f = startOver(t, f.store, node.JoinSystem(system))
		require.Equal(t, []string{"Parade"}, f.names(f.prince, ""), "nothing was wiped")
	})
}

func TestJoiningASystem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := start(t)
		f := start(t, node.JoinSystem(first.node.System()))
		require.Equal(t, first.node.System(), f.node.System())
		_, ok := f.node.Certificate()
		require.False(t, ok, "nobody has vouched for it yet")
		_, err := f.node.Certify(f.node.Origin())
		require.ErrorIs(t, err, node.ErrNoRoot)

		certificate, err := first.node.Certify(f.node.Origin())
		require.NoError(t, err)
		forged := certificate
		forged.Signature[0]++
		require.ErrorIs(t, f.node.Enrol(f.ctx, forged), event.ErrSignature)
		require.ErrorIs(t, first.node.Enrol(f.ctx, certificate), node.ErrSystem, "it is somebody else's")
		require.NoError(t, f.node.Enrol(f.ctx, certificate))
		require.ErrorIs(t, first.join("ada").node.Enrol(f.ctx, certificate), node.ErrEphemeral)
		f.stop()
		f = startOver(t, f.store)
		again, ok := f.node.Certificate()
		require.True(t, ok)
		require.Equal(t, certificate, again)
		f.stop()
		require.ErrorIs(t, f.node.Enrol(f.ctx, certificate), node.ErrClosed)
	})
}

func TestTheRootKeyIsNotStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		root := newRoot(t, 1)
		f := start(t, node.SystemRoot(root))
		require.Equal(t, root.System(), f.node.System())
		_, ok := f.node.Certificate()
		require.True(t, ok)
		other, err := f.node.Certify(event.Origin{1})
		require.NoError(t, err)
		require.NoError(t, other.Verify())
		f.stop()
		f = startOver(t, f.store)
		_, err = f.node.Certify(event.Origin{1})
		require.ErrorIs(t, err, node.ErrNoRoot)
		s, err := f.stage.Snapshot(f.ctx)
		require.NoError(t, err)
		defer s.Close()
		for v, err := range s.MetaScan(f.ctx, "") {
			require.NoError(t, err)
			require.False(t, bytes.Contains(v.Value, root.Bytes()), v.Key)
		}
	})
}

func TestATamperedIdentityIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, key := range []string{"node/key", "node/system", "node/root", "node/certificate"} {
			f := start(t)
			f.stop()
			engine, err := f.store.Open(f.ctx, kv.Options{})
			require.NoError(t, err)
			s, err := engine.Snapshot(f.ctx)
			require.NoError(t, err)
			value, err := s.Meta(f.ctx, key)
			require.NoError(t, err)
			s.Close()
			value[len(value)-1]++
			require.NoError(t, engine.Commit(f.ctx, &storage.Batch{Meta: []storage.MetaChange{{Key: key, Value: value}}}))
			_, err = node.Open(f.ctx, engine, node.WithPolicy(node.AllowAll()))
			require.Error(t, err, key)
			require.NoError(t, engine.Close())
		}
	})
}

func TestOptionsThatContradict(t *testing.T) {
	allow := node.WithPolicy(node.AllowAll())
	for name, options := range map[string][]node.Option{
		"two systems":         {node.SystemRoot(newRoot(t, 1)), node.JoinSystem(event.System{1})},
		"no clock":            {node.Now(nil)},
		"no schema":           {node.Models(nil)},
		"a client with a key": {node.Ephemeral(), node.SystemRoot(newRoot(t, 1))},
		"two schemas": {node.Models(albumSchema), node.Models(model.NewSchema(model.Definition{
			Model: "Record", Collection: "albums", Fields: []model.Field{{Name: "name", Go: "Name", Type: model.TypeString}},
		}))},
		"a broken schema": {node.Models(model.NewSchema(model.Definition{Model: "Record"}))},
	} {
		engine, err := memory.Open()
		require.NoError(t, err)
		_, err = node.Open(t.Context(), engine, append(options, allow)...)
		require.Error(t, err, name)
		t.Logf("%s: %v", name, err)
		require.NoError(t, engine.Close())
	}
}

func TestTwoNamesForOneSchemaAreFine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start(t, node.Models(albumSchema), node.Models(noteSchema))
	})
}
