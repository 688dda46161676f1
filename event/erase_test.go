package event_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ankgo/ank/event"
)

// TestErase: whatever is erased in whatever order, the digest and the other
// values stay, and neither the value nor a salt that leads to it is left.
func TestErase(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawEvent(t)
		before := e.AppendTo(nil)
		erased := e
		gone := map[int]bool{}
		for range rapid.IntRange(1, 4).Draw(t, "erasures") {
			if len(e.Ops) == 0 {
				break
			}
			i := rapid.IntRange(0, len(e.Ops)-1).Draw(t, "operation")
			erased = erased.Erase(i)
			gone[i] = gone[i] || len(e.Ops[i].Value) > 0
		}
		require.NoError(t, erased.Validate())
		require.Equal(t, e.Digest(), erased.Digest())
		require.Equal(t, before, e.AppendTo(nil), "Erase works on a copy")
		for i := range e.Ops {
			if gone[i] {
				require.NotNil(t, erased.Ops[i].Erased)
				require.Empty(t, erased.Ops[i].Value)
			} else {
				require.Equal(t, e.Ops[i].Value, erased.Ops[i].Value)
				require.Nil(t, erased.Ops[i].Erased)
			}
		}
	})
}

// TestErasedValueCannotBeGuessed: the salt from which an erased value's salt was
// derived is gone, and the encoding holds no trace of either.
func TestErasedValueCannotBeGuessed(t *testing.T) {
	e := updateOf(3)
	e.Salt = event.Salt(bytes.Repeat([]byte{0xd1}, 16))
	e.Ops[1].Value = []byte("a secret that nobody may know")
	salt := specSalt(e, 1)
	erased := e.Erase(1)
	b := erased.AppendTo(nil)
	require.NotContains(t, string(b), "secret")
	require.NotContains(t, string(b), string(salt))
	require.NotContains(t, string(b), string(e.Salt[:]))
	require.Zero(t, erased.Salt)
	require.Zero(t, erased.OpSalts[1])
	require.Contains(t, string(b), string(specSalt(e, 0)))
	require.Contains(t, string(b), string(specSalt(e, 2)))
}

// TestCommitmentsAreSalted: equal values leave unequal commitments, within an
// event and across events.
func TestCommitmentsAreSalted(t *testing.T) {
	e := updateOf(3)
	for i := range e.Ops {
		e.Ops[i].Value = []byte("yes")
	}
	seen := map[event.Digest]bool{}
	for range 2 {
		gone := e.Erase(0).Erase(1).Erase(2)
		require.Nil(t, gone.OpSalts)
		for _, op := range gone.Ops {
			require.False(t, seen[op.Erased.Commitment])
			seen[op.Erased.Commitment] = true
		}
		e.Salt[15]++
	}
}

func TestNothingToErase(t *testing.T) {
	e := updateOf(1)
	e.Ops[0].Value = nil
	require.Same(t, e, e.Erase(0))
	e = updateOf(1).Erase(0)
	require.Same(t, e, e.Erase(0))
}
