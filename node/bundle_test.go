package node_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/storage"
)

func TestABundleCarriesLogs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, c := member(t), member(t), member(t)
		parade := a.create(a.prince, Album{Name: "Parade", Year: 1986})
		b.create(b.queen, Album{Name: "Innuendo", Year: 1991})
		exchange(a, b)
		var first, second bytes.Buffer
		at, err := a.node.Export(a.ctx, &first, event.Cursor{})
		require.NoError(t, err)
		a.edit(a.prince, parade, func(m AlbumMutable) { m.SetArtist("Prince") })
		end, err := a.node.Export(a.ctx, &second, at)
		require.NoError(t, err)
		require.Less(t, second.Len(), first.Len())

		bundles := [2][]byte{first.Bytes(), second.Bytes()}
		_, err = c.importAnxiously(bundles[1])
		var gap *event.LogError
		require.ErrorAs(t, err, &gap, "it begins later")
		require.Equal(t, event.Gapped, gap.Problem)
		n, err := c.node.Import(c.ctx, bytes.NewReader(bundles[0]))
		require.NoError(t, err)
		require.Equal(t, uint64(2), n)
		n, err = c.node.Import(c.ctx, bytes.NewReader(bundles[1]))
		require.NoError(t, err)
		require.Equal(t, uint64(1), n)
		requireSame(t, a, c)
		cursor, err := c.node.Cursor(c.ctx)
		require.NoError(t, err)
		require.True(t, cursor.Equal(end))
		for _, again := range bundles {
			n, err = c.node.Import(c.ctx, bytes.NewReader(again))
			require.NoError(t, err)
			require.Zero(t, n)
		}
	})
}

// importAnxiously imports what the node will complain of.
func (f *fixture) importAnxiously(bundle []byte) (uint64, error) {
	f.alarm.expected.Store(true)
	return f.node.Import(f.ctx, bytes.NewReader(bundle))
}

func TestADamagedBundleIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := member(t)
		for range 150 {
			a.create(a.prince, Album{Name: strings.Repeat("Parade ", 200)})
		}
		var whole bytes.Buffer
		_, err := a.node.Export(a.ctx, &whole, event.Cursor{})
		require.NoError(t, err)
		b := member(t)
		last := uint64(0)
		random := rand.New(rand.NewPCG(1, 2))
		for cut := 0; cut < whole.Len(); cut += 1 + random.IntN(whole.Len()/10) {
			_, err := b.importAnxiously(whole.Bytes()[:cut])
			require.ErrorIs(t, err, node.ErrBundle, "cut at %d", cut)
			at := b.at(a.node.Origin())
			require.GreaterOrEqual(t, at, last)
			last = at
		}
		require.Positive(t, last, "what was verified stays")
		for range 20 {
			damaged := bytes.Clone(whole.Bytes())
			at := random.IntN(len(damaged))
			damaged[at]++
			c := member(t)
			_, _ = c.importAnxiously(damaged) // a byte of the hello does no harm
			require.Equal(t, c.at(a.node.Origin()), uint64(c.count()), "damaged at %d", at)
			c.stop()
		}
		_, err = b.node.Import(b.ctx, bytes.NewReader(whole.Bytes()))
		require.NoError(t, err)
		requireSame(t, a, b)
		_, err = start(t).node.Import(b.ctx, bytes.NewReader(whole.Bytes()))
		require.ErrorIs(t, err, node.ErrSystem)
		newer := bytes.Clone(whole.Bytes())
		newer[len("ankbundle")] = 2
		_, err = b.node.Import(b.ctx, bytes.NewReader(newer))
		var version *event.VersionError
		require.ErrorAs(t, err, &version)
	})
}

// count is how many albums are as their author left them.
func (f *fixture) count() (n int) {
	for _, name := range f.names(f.prince, "") {
		if name == strings.Repeat("Parade ", 200) {
			n++
		}
	}
	return n
}

// TestALargeEntryTravelsInPieces: one that no message could hold.
func TestALargeEntryTravelsInPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, c := member(t), member(t), member(t)
		tx := a.prince.Begin()
		for range 2 {
			_, err := notes.Create(tx, Note{Text: strings.Repeat("a long story ", 400_000)})
			require.NoError(t, err)
		}
		_, err := tx.Commit(a.ctx)
		require.NoError(t, err)
		a.create(a.prince, Album{Name: "Parade"})
		exchange(a, b)
		requireSame(t, a, b)
		var bundle bytes.Buffer
		_, err = b.node.Export(b.ctx, &bundle, event.Cursor{})
		require.NoError(t, err)
		_, err = c.node.Import(c.ctx, &bundle)
		require.NoError(t, err)
		requireSame(t, a, c)
	})
}

// TestALongLogIsForwarded: whoever begins at the beginning of another's log gets signed
// heads on the way, not only the last one.
func TestALongLogIsForwarded(t *testing.T) {
	a, b, c := member(t), member(t), member(t)
	for range node.MarkEvery + 100 {
		a.create(a.prince, Album{Name: "Parade"})
	}
	exchange(a, b)
	for range 3 {
		a.create(a.prince, Album{Name: "Lovesexy"})
		exchange(a, b)
	}
	kept := 0
	b.node.WithEngine(func(e storage.Engine) {
		s, err := e.Snapshot(b.ctx)
		require.NoError(t, err)
		defer s.Close()
		for _, err := range s.MetaScan(b.ctx, "node/head/") {
			require.NoError(t, err)
			kept++
		}
	})
	require.Positive(t, kept)
	c.create(c.prince, Album{Name: "Camille"})
	exchange(b, c)
	requireSame(t, b, c)
	read, _ := reopen(c, c.store.Clone(), func(*node.Node) {}, node.SystemRoot(rootKey(t)))
	require.Less(t, read, node.MarkEvery, "logs of others are marked too")
}
