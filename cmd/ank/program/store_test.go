package program_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/cmd/ank/program"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/examples/albums/music"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/pebble"
)

// filled makes a store with some albums and their history.
func filled(t *testing.T) (dir string) {
	dir = filepath.Join(t.TempDir(), "data")
	onStore(t, dir, func(n *node.Node) {
		for range 3 {
			require.NoError(t, n.Session("ada").Update(t.Context(), func(tx *node.Tx) error {
				for i := range 40 {
					if _, err := music.Albums.Create(tx, music.Album{Name: "Parade", Year: 1986 + i}); err != nil {
						return err
					}
				}
				return nil
			}))
		}
	})
	return dir
}

func onStore(t *testing.T, dir string, f func(n *node.Node)) {
	engine, err := pebble.Open(t.Context(), dir, pebble.Options{Ballast: -1})
	require.NoError(t, err)
	n, err := node.Open(t.Context(), engine, node.Models(music.Models()...), node.WithPolicy(node.AllowAll()))
	require.NoError(t, err)
	f(n)
	require.NoError(t, n.Close(context.Background()))
	require.NoError(t, engine.Close())
}

// run runs the command and returns what it wrote and what it said.
func run(t *testing.T, args ...string) (out, log string, err error) {
	var o, l bytes.Buffer
	err = program.Program{Models: music.Models()}.Run(t.Context(), args, &o, &l)
	return o.String(), l.String(), err
}

var digest = regexp.MustCompile(`digest [0-9a-f]{64}`)

// TestMoveAStore: dump, load and verify, as an operator does it.
func TestMoveAStore(t *testing.T) {
	from, to := filled(t), filepath.Join(t.TempDir(), "copy")
	path := filepath.Join(t.TempDir(), "dump")
	before, _, err := run(t, "verify", "-store", "pebble:"+from)
	require.NoError(t, err)
	require.Contains(t, before, "120 entities")
	_, log, err := run(t, "dump", "-store", "pebble:"+from, "-o", path)
	require.NoError(t, err)
	require.Equal(t, digest.FindString(before), digest.FindString(log))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "it holds keys")
	_, _, err = run(t, "dump", "-store", "pebble:"+from, "-o", path)
	require.ErrorIs(t, err, os.ErrExist)
	_, log, err = run(t, "load", "-store", "pebble:"+to, "-i", path)
	require.NoError(t, err)
	require.Equal(t, digest.FindString(before), digest.FindString(log))
	after, _, err := run(t, "verify", "-store", "pebble:"+to)
	require.NoError(t, err)
	require.Equal(t, before, after)
	var origin event.Origin
	onStore(t, from, func(n *node.Node) { origin = n.Origin() })
	onStore(t, to, func(n *node.Node) {
		require.Equal(t, origin, n.Origin(), "it is the same node")
		count, err := music.Albums.Count(t.Context(), n.Session("ada"), "year >= 1986")
		require.NoError(t, err)
		require.Equal(t, 120, count)
		for v, err := range music.Albums.Fetch(t.Context(), n.Session("ada"), "year = 1990") {
			require.NoError(t, err)
			require.Equal(t, "Parade", v.Name())
		}
	})
}

// TestAStoreThatWasRestored goes on under another origin.
func TestAStoreThatWasRestored(t *testing.T) {
	dir := filled(t)
	var origin event.Origin
	onStore(t, dir, func(n *node.Node) { origin = n.Origin() })
	out, _, err := run(t, "restored", "-store", "pebble:"+dir)
	require.NoError(t, err)
	require.Contains(t, out, origin.String())
	require.NotContains(t, out, "certified")
	onStore(t, dir, func(n *node.Node) {
		require.NotEqual(t, origin, n.Origin())
		require.Contains(t, out, n.Origin().String())
		_, err := music.Albums.Create(n.Session("ada").Begin(), music.Album{Name: "Parade", Year: 1986})
		require.NoError(t, err)
	})
	_, _, err = run(t, "verify", "-store", "pebble:"+dir)
	require.NoError(t, err)
}

// TestAStoreThatIsNotThere is no store that is as it should be.
func TestAStoreThatIsNotThere(t *testing.T) {
	for _, command := range []string{"dump", "verify", "restored"} {
		out, _, err := run(t, command, "-store", "pebble:"+filepath.Join(t.TempDir(), "misspelt"))
		require.ErrorContains(t, err, "nothing in this store", command)
		require.Empty(t, out, command)
	}
}

// TestAStoreThatIsNotWhole is refused by nodes until it was loaded.
func TestAStoreThatIsNotWhole(t *testing.T) {
	from, to := filled(t), filepath.Join(t.TempDir(), "copy")
	content, _, err := run(t, "dump", "-store", "pebble:"+from)
	require.NoError(t, err)
	path := file(t, "half", content[:len(content)/2])
	_, _, err = run(t, "load", "-store", "pebble:"+to, "-i", path)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	engine, err := pebble.Open(t.Context(), to, pebble.Options{Ballast: -1})
	require.NoError(t, err)
	mark := storage.MetaChange{Key: storage.MetaLoading, Value: []byte("as if a piece were there")}
	require.NoError(t, engine.Commit(t.Context(), &storage.Batch{Meta: []storage.MetaChange{mark}}))
	_, err = node.Open(t.Context(), engine, node.Models(music.Models()...), node.WithPolicy(node.AllowAll()))
	require.ErrorIs(t, err, storage.ErrLoading)
	_, err = node.Open(t.Context(), engine, node.Models(music.Models()...), node.WithPolicy(node.AllowAll()), node.Ephemeral())
	require.ErrorIs(t, err, storage.ErrLoading)
	require.NoError(t, engine.Close())
	_, _, err = run(t, "verify", "-store", "pebble:"+to)
	require.ErrorIs(t, err, storage.ErrLoading)
}

// TestVerifyFindsWhatChanged behind everybody's back.
func TestVerifyFindsWhatChanged(t *testing.T) {
	dir := filled(t)
	engine, err := pebble.Open(t.Context(), dir, pebble.Options{Ballast: -1})
	require.NoError(t, err)
	s, err := engine.Snapshot(t.Context())
	require.NoError(t, err)
	var change storage.StateChange
	for r, err := range s.(storage.Lister).Records(t.Context(), "albums") {
		require.NoError(t, err)
		deleted := *r
		deleted.Row.Deleted = true
		change = storage.StateChange{Record: &deleted, Was: r.Stamp, Before: r}
		break
	}
	s.Close()
	require.NoError(t, engine.Commit(t.Context(), &storage.Batch{States: []storage.StateChange{change}}))
	require.NoError(t, engine.Close())
	_, _, err = run(t, "verify", "-store", "pebble:"+dir)
	require.ErrorIs(t, err, storage.ErrCorrupt)
	require.ErrorContains(t, err, change.Record.Row.ID.String())
}
