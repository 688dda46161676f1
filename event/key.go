package event

import (
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"io"
)

// An Origin names one incarnation of a durable node's log: the Ed25519 public
// key that signs the log's heads.
type Origin [32]byte

// A System names a deployment: the Ed25519 public key that certifies origins.
type System [32]byte

// A Signature is an Ed25519 signature as RFC 8032 defines it.
type Signature [64]byte

// IsZero reports whether o is the zero Origin, which stands for none.
func (o Origin) IsZero() bool { return o == Origin{} }

// String returns 64 hexadecimal digits.
func (o Origin) String() string { return hex.EncodeToString(o[:]) }

// Short returns the first 8 hexadecimal digits, for people to read.
func (o Origin) Short() string { return hex.EncodeToString(o[:4]) }

// IsZero reports whether s is the zero System, which stands for none.
func (s System) IsZero() bool { return s == System{} }

// String returns 64 hexadecimal digits.
func (s System) String() string { return hex.EncodeToString(s[:]) }

// A PrivateKey signs for an origin or a system. The zero PrivateKey cannot
// sign. It is safe for concurrent use.
type PrivateKey struct {
	key ed25519.PrivateKey
}

// KeySize is the number of bytes that a private key takes.
const KeySize = ed25519.SeedSize

// NewKey makes a private key of [KeySize] bytes from rand, which should be
// crypto/rand.Reader. The same bytes make the same key.
func NewKey(rand io.Reader) (PrivateKey, error) {
	seed := make([]byte, KeySize)
	if _, err := io.ReadFull(rand, seed); err != nil {
		return PrivateKey{}, fmt.Errorf("event: new key: %w", err)
	}
	return PrivateKey{ed25519.NewKeyFromSeed(seed)}, nil
}

// KeyFromBytes returns the key of which [PrivateKey.Bytes] returned b.
func KeyFromBytes(b []byte) (PrivateKey, error) {
	if len(b) != KeySize {
		return PrivateKey{}, fmt.Errorf("event: a private key of %d bytes, want %d", len(b), KeySize)
	}
	return PrivateKey{ed25519.NewKeyFromSeed(b)}, nil
}

// Bytes returns the secret from which the key can be made again.
func (k PrivateKey) Bytes() []byte {
	if k.IsZero() {
		return nil
	}
	return append([]byte(nil), k.key.Seed()...)
}

// IsZero reports whether k is no key.
func (k PrivateKey) IsZero() bool { return len(k.key) == 0 }

// Public returns the origin that k signs for.
func (k PrivateKey) Public() Origin {
	if k.IsZero() {
		return Origin{}
	}
	return Origin(k.key[ed25519.PrivateKeySize-ed25519.PublicKeySize:])
}

// System returns the system that k is the root key of.
func (k PrivateKey) System() System { return System(k.Public()) }

// String names the public half only.
func (k PrivateKey) String() string { return "private key of " + k.Public().Short() }

// GoString is like String, so that no form of printing shows the secret.
func (k PrivateKey) GoString() string { return k.String() }

// sign returns the zero Signature when there is no key.
func (k PrivateKey) sign(message []byte) Signature {
	if k.IsZero() {
		return Signature{}
	}
	return Signature(ed25519.Sign(k.key, message))
}

// verify refuses the zero key, which stands for none: as a point of the curve it
// has so small an order that signatures for it can be had without a secret.
func verify(public [32]byte, message []byte, s Signature) bool {
	return public != [32]byte{} && ed25519.Verify(public[:], message, s[:])
}
