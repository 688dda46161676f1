package node

import (
	"context"
	"time"

	"github.com/ankgo/ank/node/wire"
)

// MaxCredential is the greatest size of a credential in bytes.
const MaxCredential = wire.MaxCredential

// WithAuthenticator sets who finds out who peers are: see [Node.ServeStranger].
func WithAuthenticator(a Authenticator) Option { return func(o *options) { o.authenticator = a } }

// An Authenticator finds out who a peer is by what it shows for it: a token, say. It must be safe for
// concurrent use. See package node/auth for some.
type Authenticator interface {
	// Authenticate returns whose credential this is. An error refuses it; the peer is told no more than
	// that. The credential has at most MaxCredential bytes, and may be anything. ctx ends when the peer
	// has waited long enough.
	Authenticate(ctx context.Context, credential []byte) (Identity, error)
}

// Identity is who somebody is.
type Identity struct {
	Principal Principal
	// Expires is when that has to be shown anew. The zero time is never.
	Expires time.Time
}
