// Package auth has authenticators, which find out who a peer is, and a simple policy, which says what it may
// do.
//
//	keys := auth.Keys{"2026-11": publicKey}
//	authenticator, err := auth.NewJWT(auth.JWTOptions{Keys: keys, Issuer: "https://login.example.com", Audience: "shop"})
//
// [JWT] accepts signed JSON Web Tokens (RFC 7519) of an issuer. [Tokens] knows secrets of services and
// jobs. [Lists] is a node.Policy: who may read and who may write which collection.
//
// Whatever is refused is refused with [ErrCredential], or what wraps it. Programs may log the error; peers
// are not told what was wrong, since that helps those most who guess.
package auth

import "errors"

// ErrCredential tells that a credential proves nothing.
var ErrCredential = errors.New("auth: the credential is not accepted")
