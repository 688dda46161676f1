package dump_test

import (
	"bytes"
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/internal/codec"
	"github.com/ankgo/ank/storage/dump"
)

// reader takes a dump apart as the manual says, and nothing else.
func frames(t testing.TB, content []byte) (list [][]byte) {
	content = content[8:]
	for len(content) > 0 {
		r := codec.NewReader(content)
		list = append(list, r.Bytes(len(content)))
		require.NoError(t, r.Err())
		content = content[r.Offset()+sha256.Size:]
	}
	return list
}

// seal puts frames together again, with the digests that they should have.
func seal(list [][]byte) []byte {
	content := []byte("ankdump\x01")
	last := sha256.Sum256(content)
	for _, b := range list {
		last = sha256.Sum256(append(last[:], b...))
		content = append(codec.AppendBytes(content, b), last[:]...)
	}
	return content
}

// TestForged: what was put together by somebody who knows the format is refused for
// what is wrong with it.
func TestForged(t *testing.T) {
	content := firstPieceOf(t)
	pieces := frames(t, content)
	require.Len(t, pieces, 1)
	require.True(t, bytes.Equal(content, seal(pieces)), "the test seals as Write does")
	whole := pieces[0]
	begin := codec.NewReader(whole[1:])
	begin.Bytes(len(whole))
	headless := 1 + begin.Offset()
	for name, row := range map[string]struct {
		frames []byte
		says   string
	}{
		"no beginning":     {whole[headless:], "a frame of kind 2 after one of kind 0"},
		"two beginnings":   {append(bytes.Clone(whole[:headless]), whole...), "a frame of kind 1 after one of kind 1"},
		"an unknown frame": {append(bytes.Clone(whole[:headless]), 9), "kind 9, which this program does not know"},
		"two ends":         {append(bytes.Clone(whole), 7, 0, 0, 0, 0), "something follows the end"},
		"other counts":     {append(bytes.Clone(whole[:len(whole)-1]), whole[len(whole)-1]+1), "it says that it holds"},
		"nothing in it":    {append(bytes.Clone(whole[:headless]), 7, 0, 0, 0, 0), "ends at 0, not at"},
		"half of a frame":  {whole[:len(whole)-60], ""},
		"the mark of a store that is being loaded": {append(bytes.Clone(whole[:headless]), "\x06\x0fstorage/loading\x00"...), "not whole"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := dump.Load(t.Context(), open(t), bytes.NewReader(seal([][]byte{row.frames})), nil)
			var bad *dump.Error
			require.ErrorAs(t, err, &bad)
			require.ErrorContains(t, err, row.says)
		})
	}
}

// FuzzLoad: nothing that is sealed rightly makes it panic, and what it takes has the
// dump that it took.
func FuzzLoad(f *testing.F) {
	f.Add(frames(f, firstPieceOf(f))[0])
	f.Add([]byte{1, 0, 7, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		content := seal([][]byte{b})
		engine := open(t)
		if _, err := dump.Load(t.Context(), engine, bytes.NewReader(content), nil); err == nil {
			again, _ := write(t, engine)
			require.True(t, bytes.Equal(content, again))
		}
	})
}
