package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"github.com/ankgo/ank/node"
)

// minToken is the least size of a token in bytes: 128 bits in base 64.
const minToken = 22

// Tokens knows principals by secrets. It holds the hashes of tokens only, and how long a look-up takes says
// nothing about them. It does not change and is safe for concurrent use.
type Tokens struct {
	principals map[[sha256.Size]byte]node.Principal
}

var _ node.Authenticator = (*Tokens)(nil)

// NewTokens returns an authenticator for tokens and whose they are. Several tokens may be one principal's, so
// that one can be replaced without a gap. Tokens of less than 22 bytes can be guessed, and are an error.
func NewTokens(principals map[string]node.Principal) (*Tokens, error) {
	t := &Tokens{make(map[[sha256.Size]byte]node.Principal, len(principals))}
	for token, p := range principals {
		if len(token) < minToken {
			return nil, fmt.Errorf("auth: a token of %q has %d bytes, at least %d are needed", string(p), len(token), minToken)
		}
		t.principals[sha256.Sum256([]byte(token))] = p
	}
	return t, nil
}

// NewToken makes a token of 256 random bits: 43 letters, digits, "-" and "_".
func NewToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // it never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Authenticate implements node.Authenticator. Tokens do not expire.
func (t *Tokens) Authenticate(_ context.Context, credential []byte) (node.Identity, error) {
	p, ok := t.principals[sha256.Sum256(credential)]
	if !ok {
		return node.Identity{}, fmt.Errorf("%w: an unknown token", ErrCredential)
	}
	return node.Identity{Principal: p}, nil
}
