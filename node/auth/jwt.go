package auth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/ankgo/ank/node"
)

const (
	defaultLeeway = time.Minute
	maxLeeway     = 5 * time.Minute
	minRSA        = 2048 // bits
)

// KeySource finds the public key that signs an issuer's tokens.
type KeySource interface {
	// Key returns the key with an ID: the header "kid" of a token, empty if it has none. Anybody can
	// ask for any ID. The key is an ed25519.PublicKey, an *rsa.PublicKey of 2048 bits or more, or an
	// *ecdsa.PublicKey on P-256.
	Key(ctx context.Context, id string) (crypto.PublicKey, error)
}

// Keys are public keys by their IDs. To replace a key, have the new one beside it for as long as tokens are
// valid that were signed with the old one.
type Keys map[string]crypto.PublicKey

// Key implements KeySource.
func (k Keys) Key(_ context.Context, id string) (crypto.PublicKey, error) {
	key, ok := k[id]
	if !ok {
		return nil, fmt.Errorf("no key %q", id)
	}
	return key, nil
}

// JWTOptions say which tokens are accepted.
type JWTOptions struct {
	// Keys has the keys. Needed.
	Keys KeySource
	// Issuer and Audience are what a token has to say in "iss" and among "aud". Needed: a token that was
	// made for somebody else must be of no use here.
	Issuer, Audience string
	// Leeway is how far the issuer's clock may be off: a minute if it is 0, and at most five.
	Leeway time.Duration
	// Now is the time: time.Now if it is nil.
	Now func() time.Time
	// Principal makes a principal of a token's claims. If it is nil, that is what "sub" says.
	Principal func(claims map[string]any) (node.Principal, error)
}

// JWT accepts JSON Web Tokens (RFC 7519) that were signed with EdDSA (Ed25519), RS256 or ES256 and have not
// expired. A token without "exp" is refused. A key is used with its own algorithm only, whatever a
// token's header says. It is safe for concurrent use.
type JWT struct {
	options JWTOptions
	parser  *jwt.Parser
}

var _ node.Authenticator = (*JWT)(nil)

// NewJWT returns an authenticator, or an error if options are missing or bad.
func NewJWT(o JWTOptions) (*JWT, error) {
	switch {
	case o.Keys == nil:
		return nil, errors.New("auth: JWTOptions.Keys is needed")
	case o.Issuer == "" || o.Audience == "":
		return nil, errors.New("auth: JWTOptions.Issuer and Audience are needed")
	case o.Leeway < 0 || o.Leeway > maxLeeway:
		return nil, fmt.Errorf("auth: JWTOptions.Leeway is %v, at most %v makes sense", o.Leeway, maxLeeway)
	case o.Leeway == 0:
		o.Leeway = defaultLeeway
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Principal == nil {
		o.Principal = subject
	}
	return &JWT{o, jwt.NewParser(
		jwt.WithValidMethods([]string{"EdDSA", "RS256", "ES256"}), jwt.WithIssuer(o.Issuer), jwt.WithAudience(o.Audience),
		jwt.WithExpirationRequired(), jwt.WithLeeway(o.Leeway), jwt.WithTimeFunc(o.Now),
	)}, nil
}

// subject is the principal that "sub" names.
func subject(claims map[string]any) (node.Principal, error) {
	s, _ := claims["sub"].(string)
	if s == "" {
		return "", errors.New(`the token has no "sub"`)
	}
	return node.Principal(s), nil
}

// Authenticate implements node.Authenticator. The identity expires when the token does, its leeway included.
func (j *JWT) Authenticate(ctx context.Context, credential []byte) (node.Identity, error) {
	claims := jwt.MapClaims{}
	_, err := j.parser.ParseWithClaims(string(credential), claims, func(t *jwt.Token) (any, error) {
		id, _ := t.Header["kid"].(string)
		key, err := j.options.Keys.Key(ctx, id)
		if err != nil {
			return nil, err
		}
		return key, suits(key)
	})
	if err != nil {
		return node.Identity{}, fmt.Errorf("%w: %w", ErrCredential, err)
	}
	expires, err := claims.GetExpirationTime()
	if err != nil {
		return node.Identity{}, fmt.Errorf("%w: %w", ErrCredential, err)
	}
	p, err := j.options.Principal(claims)
	if err != nil {
		return node.Identity{}, fmt.Errorf("%w: %w", ErrCredential, err)
	}
	return node.Identity{Principal: p, Expires: expires.Add(j.options.Leeway)}, nil
}

// suits says whether a key is one to be relied upon. That it is one for the token's algorithm, the
// parser sees to.
func suits(key crypto.PublicKey) error {
	switch key := key.(type) {
	case ed25519.PublicKey:
		if len(key) != ed25519.PublicKeySize {
			return errors.New("the Ed25519 key is malformed")
		}
	case *rsa.PublicKey:
		if key.N.BitLen() < minRSA {
			return fmt.Errorf("the RSA key has %d bits, at least %d are needed", key.N.BitLen(), minRSA)
		}
	case *ecdsa.PublicKey:
		if key.Curve != elliptic.P256() {
			return errors.New("the ECDSA key is not on P-256")
		}
	default:
		return fmt.Errorf("a key of type %T is not supported", key)
	}
	return nil
}
