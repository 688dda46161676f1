package event_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
)

func TestProofsAreOfOneConversation(t *testing.T) {
	ada, err := event.NewKey(bytes.NewReader(bytes.Repeat([]byte{1}, 64)))
	require.NoError(t, err)
	eve, err := event.NewKey(bytes.NewReader(bytes.Repeat([]byte{2}, 64)))
	require.NoError(t, err)
	said, heard, other := event.Digest{1}, event.Digest{2}, event.Digest{3}
	proof := event.Prove(ada, said, heard)
	require.NoError(t, event.CheckProof(ada.Public(), proof, heard, said))
	for name, err := range map[string]error{
		"another key":          event.CheckProof(eve.Public(), proof, heard, said),
		"no key":               event.CheckProof(event.Origin{}, proof, heard, said),
		"to somebody else":     event.CheckProof(ada.Public(), proof, other, said),
		"of something else":    event.CheckProof(ada.Public(), proof, heard, other),
		"reflected":            event.CheckProof(ada.Public(), proof, said, heard),
		"no signature":         event.CheckProof(ada.Public(), event.Signature{}, heard, said),
		"signed without a key": event.CheckProof(ada.Public(), event.Prove(event.PrivateKey{}, said, heard), heard, said),
	} {
		require.ErrorIs(t, err, event.ErrSignature, name)
	}
}
