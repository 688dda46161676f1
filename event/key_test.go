package event_test

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
)

func newKey(t *testing.T) event.PrivateKey {
	t.Helper()
	key, err := event.NewKey(rand.Reader)
	require.NoError(t, err)
	return key
}

func TestKeys(t *testing.T) {
	key := newKey(t)
	again, err := event.KeyFromBytes(key.Bytes())
	require.NoError(t, err)
	require.Equal(t, key.Public(), again.Public())
	require.Equal(t, event.System(key.Public()), key.System())
	require.NotEqual(t, key.Public(), newKey(t).Public())
	require.Len(t, key.Bytes(), event.KeySize)

	_, err = event.KeyFromBytes(key.Bytes()[1:])
	require.ErrorContains(t, err, "31 bytes, want 32")
	_, err = event.NewKey(bytes.NewReader(make([]byte, 31)))
	require.ErrorContains(t, err, "new key")
}

// TestKnownKey is the first test vector of RFC 8032, section 7.1.
func TestKnownKey(t *testing.T) {
	seed, err := hex.DecodeString("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
	require.NoError(t, err)
	key, err := event.KeyFromBytes(seed)
	require.NoError(t, err)
	require.Equal(t, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", key.Public().String())
}

func TestZeroKeySignsNothing(t *testing.T) {
	var key event.PrivateKey
	require.True(t, key.IsZero())
	require.True(t, key.Public().IsZero())
	require.True(t, key.System().IsZero())
	require.Nil(t, key.Bytes())
	for seq := range uint64(40) { // on the curve itself, a quarter of them would verify
		require.ErrorIs(t, event.SignHead(key, seq, event.Digest{1}, false).Verify(), event.ErrSignature)
	}
	require.ErrorIs(t, event.Certify(key, newKey(t).Public()).Verify(), event.ErrSignature)
}

func TestPrintingHidesTheSecret(t *testing.T) {
	key := newKey(t)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q"} {
		text := fmt.Sprintf(verb, key)
		require.NotContains(t, text, hex.EncodeToString(key.Bytes()), verb)
		require.Contains(t, text+fmt.Sprintf("%v", key), key.Public().Short(), verb)
		require.Less(t, len(text), 100, verb)
	}
}

func TestCertificates(t *testing.T) {
	root, origin := newKey(t), newKey(t).Public()
	c := event.Certify(root, origin)
	require.NoError(t, c.Verify())
	require.Equal(t, root.System(), c.System)
	got, err := event.DecodeCertificate(c.AppendTo(nil))
	require.NoError(t, err)
	require.Equal(t, c, got)

	for name, damage := range map[string]func(c *event.Certificate){
		"subject":   func(c *event.Certificate) { c.Subject[0] ^= 1 },
		"system":    func(c *event.Certificate) { c.System = newKey(t).System() },
		"signature": func(c *event.Certificate) { c.Signature[0] ^= 1 },
	} {
		bad := c
		damage(&bad)
		require.ErrorIs(t, bad.Verify(), event.ErrSignature, name)
	}
	_, err = event.DecodeCertificate(c.AppendTo(nil)[:100])
	require.ErrorIs(t, err, event.ErrMalformed)
}

func TestSignedHeads(t *testing.T) {
	key := newKey(t)
	h := event.SignHead(key, 1000, event.Digest{5}, true)
	require.NoError(t, h.Verify())
	got, err := event.DecodeSignedHead(h.AppendTo(nil))
	require.NoError(t, err)
	require.Equal(t, h, got)
	require.Equal(t, event.Position{Origin: key.Public(), Seq: 1000, Short: 5 << 56}, h.Position())

	for name, damage := range map[string]func(h *event.SignedHead){
		"seq":       func(h *event.SignedHead) { h.Seq++ },
		"hash":      func(h *event.SignedHead) { h.Hash[31] ^= 1 },
		"closed":    func(h *event.SignedHead) { h.Closed = false },
		"origin":    func(h *event.SignedHead) { h.Origin = newKey(t).Public() },
		"signature": func(h *event.SignedHead) { h.Signature[63] ^= 1 },
	} {
		bad := h
		damage(&bad)
		require.ErrorIs(t, bad.Verify(), event.ErrSignature, name)
	}
	b := h.AppendTo(nil)
	b[len(b)-65] = 2
	_, err = event.DecodeSignedHead(b)
	require.ErrorContains(t, err, "neither 0 nor 1")
}

// TestSignaturesServeOnePurpose: a certificate's signature is no head's, even if
// an origin and a system share a key.
func TestSignaturesServeOnePurpose(t *testing.T) {
	key := newKey(t)
	c := event.Certify(key, key.Public())
	h := event.SignHead(key, 0, event.Digest{}, false)
	h.Signature, c.Signature = c.Signature, h.Signature
	require.ErrorIs(t, h.Verify(), event.ErrSignature)
	require.ErrorIs(t, c.Verify(), event.ErrSignature)
}
