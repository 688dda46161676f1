package auth_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/auth"
)

var now = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

func TestTokens(t *testing.T) {
	first, second := auth.NewToken(), auth.NewToken()
	require.Len(t, first, 43)
	tokens, err := auth.NewTokens(map[string]node.Principal{first: "robot", second: "robot"})
	require.NoError(t, err)
	for _, token := range []string{first, second} {
		who, err := tokens.Authenticate(t.Context(), []byte(token))
		require.NoError(t, err)
		require.Equal(t, node.Identity{Principal: "robot"}, who)
	}
	for _, bad := range []string{"", first[1:], first + " ", strings.ToUpper(first)} {
		_, err := tokens.Authenticate(t.Context(), []byte(bad))
		require.ErrorIs(t, err, auth.ErrCredential)
	}
	_, err = auth.NewTokens(map[string]node.Principal{"password1": "robot"})
	require.ErrorContains(t, err, `"robot" has 9 bytes`)
}

// signer signs tokens with one key.
type signer struct {
	method jwt.SigningMethod
	key    crypto.Signer
}

func (s signer) token(t *testing.T, id string, change map[string]any) string {
	t.Helper()
	claims := jwt.MapClaims{
		"iss": "https://login.example.com", "aud": "shop", "sub": "ada",
		"exp": now.Add(time.Hour).Unix(), "iat": now.Unix(),
	}
	for name, value := range change {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	token := jwt.NewWithClaims(s.method, claims)
	token.Header["kid"] = id
	text, err := token.SignedString(s.key)
	require.NoError(t, err)
	return text
}

func signers(t *testing.T) map[string]signer {
	t.Helper()
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	return map[string]signer{"ed": {jwt.SigningMethodEdDSA, ed}, "ec": {jwt.SigningMethodES256, ec}, "rs": {jwt.SigningMethodRS256, rs}}
}

func options(all map[string]signer) auth.JWTOptions {
	keys := auth.Keys{}
	for id, s := range all {
		keys[id] = s.key.Public()
	}
	return auth.JWTOptions{
		Keys: keys, Issuer: "https://login.example.com", Audience: "shop", Now: func() time.Time { return now },
	}
}

func TestJWT(t *testing.T) {
	all := signers(t)
	j, err := auth.NewJWT(options(all))
	require.NoError(t, err)
	for id, s := range all {
		who, err := j.Authenticate(t.Context(), []byte(s.token(t, id, nil)))
		require.NoError(t, err, id)
		require.Equal(t, node.Principal("ada"), who.Principal)
		require.WithinDuration(t, now.Add(time.Hour+time.Minute), who.Expires, 0)
	}
	ed := all["ed"]
	for name, change := range map[string]map[string]any{
		"just not expired":      {"exp": now.Add(-59 * time.Second).Unix()},
		"from a clock ahead":    {"nbf": now.Add(59 * time.Second).Unix(), "iat": now.Add(59 * time.Second).Unix()},
		"one audience of two":   {"aud": []string{"mail", "shop"}},
		"claims we do not know": {"scope": "everything"},
	} {
		_, err := j.Authenticate(t.Context(), []byte(ed.token(t, "ed", change)))
		require.NoError(t, err, name)
	}
	for name, change := range map[string]map[string]any{
		"expired":             {"exp": now.Add(-61 * time.Second).Unix()},
		"never expires":       {"exp": nil},
		"not yet valid":       {"nbf": now.Add(61 * time.Second).Unix()},
		"of somebody else":    {"iss": "https://evil.example.com"},
		"of nobody":           {"iss": nil},
		"for somebody else":   {"aud": "mail"},
		"for nobody":          {"aud": nil},
		"without a subject":   {"sub": nil},
		"a subject no text":   {"sub": 7},
		"an expiry no number": {"exp": "tomorrow"},
	} {
		_, err := j.Authenticate(t.Context(), []byte(ed.token(t, "ed", change)))
		require.ErrorIs(t, err, auth.ErrCredential, name)
	}
}

func TestForgedJWT(t *testing.T) {
	all := signers(t)
	j, err := auth.NewJWT(options(all))
	require.NoError(t, err)
	good := all["ed"].token(t, "ed", nil)
	parts := strings.Split(good, ".")
	encode := base64.RawURLEncoding.EncodeToString

	// The public key of RS256, as the secret of HS256.
	public, err := x509.MarshalPKIXPublicKey(all["rs"].key.Public())
	require.NoError(t, err)
	confused := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"iss": "https://login.example.com", "aud": "shop", "sub": "root", "exp": now.Add(time.Hour).Unix(),
	})
	confused.Header["kid"] = "rs"
	hmac, err := confused.SignedString(public)
	require.NoError(t, err)

	for name, token := range map[string]string{
		"nothing":              "",
		"no token":             "hello",
		"no algorithm":         encode([]byte(`{"alg":"none","kid":"ed"}`)) + "." + parts[1] + ".",
		"no signature":         parts[0] + "." + parts[1] + ".",
		"another's claims":     parts[0] + "." + encode([]byte(`{"sub":"root"}`)) + "." + parts[2],
		"a key for a secret":   hmac,
		"an unknown key":       all["ed"].token(t, "unknown", nil),
		"no key":               all["ed"].token(t, "", nil),
		"a key of another way": all["ec"].token(t, "ed", nil),
		"another's key":        all["rs"].token(t, "ec", nil),
		"dots":                 strings.Repeat(".", node.MaxCredential),
	} {
		_, err := j.Authenticate(t.Context(), []byte(token))
		require.ErrorIs(t, err, auth.ErrCredential, name)
	}
}

// A key is replaced: for some time both are good.
func TestKeysRotate(t *testing.T) {
	all := signers(t)
	keys := rotating{"ed": all["ed"].key.Public()}
	o := options(nil)
	o.Keys = keys
	j, err := auth.NewJWT(o)
	require.NoError(t, err)
	old, fresh := all["ed"].token(t, "ed", nil), all["ec"].token(t, "ec", nil)
	check := func(token string, good bool) {
		t.Helper()
		_, err := j.Authenticate(t.Context(), []byte(token))
		require.Equal(t, good, err == nil, "%v", err)
	}
	check(old, true)
	check(fresh, false)
	keys["ec"] = all["ec"].key.Public()
	check(old, true)
	check(fresh, true)
	delete(keys, "ed")
	check(old, false)
	check(fresh, true)
}

type rotating map[string]crypto.PublicKey

func (r rotating) Key(_ context.Context, id string) (crypto.PublicKey, error) {
	if key := r[id]; key != nil {
		return key, nil
	}
	return nil, errors.New("gone")
}

func TestWeakKeysAreNotUsed(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	all := signers(t)
	for name, key := range map[string]crypto.PublicKey{
		"another curve": p384.Public(), "a secret": []byte("secret"), "nothing": nil, "a short key": ed25519.PublicKey{1},
	} {
		o := options(nil)
		o.Keys = auth.Keys{"ed": key}
		j, err := auth.NewJWT(o)
		require.NoError(t, err)
		_, err = j.Authenticate(t.Context(), []byte(all["ed"].token(t, "ed", nil)))
		require.ErrorIs(t, err, auth.ErrCredential, name)
	}
}

func TestJWTOptions(t *testing.T) {
	for want, change := range map[string]func(*auth.JWTOptions){
		"Keys":                func(o *auth.JWTOptions) { o.Keys = nil },
		"Issuer and Audience": func(o *auth.JWTOptions) { o.Issuer = "" },
		"Audience are needed": func(o *auth.JWTOptions) { o.Audience = "" },
		"Leeway is 1h":        func(o *auth.JWTOptions) { o.Leeway = time.Hour },
		"Leeway is -1s":       func(o *auth.JWTOptions) { o.Leeway = -time.Second },
	} {
		o := options(nil)
		change(&o)
		_, err := auth.NewJWT(o)
		require.ErrorContains(t, err, want)
	}
}

func TestPrincipalsOfOtherClaims(t *testing.T) {
	all := signers(t)
	o := options(all)
	o.Principal = func(claims map[string]any) (node.Principal, error) {
		mail, _ := claims["email"].(string)
		if mail == "" {
			return "", errors.New("no mail")
		}
		return node.Principal(mail), nil
	}
	j, err := auth.NewJWT(o)
	require.NoError(t, err)
	who, err := j.Authenticate(t.Context(), []byte(all["ed"].token(t, "ed", map[string]any{"email": "ada@example.com"})))
	require.NoError(t, err)
	require.Equal(t, node.Principal("ada@example.com"), who.Principal)
	_, err = j.Authenticate(t.Context(), []byte(all["ed"].token(t, "ed", nil)))
	require.ErrorIs(t, err, auth.ErrCredential)
}

func TestLists(t *testing.T) {
	lists := auth.Lists{
		"albums": {Read: []node.Principal{auth.Everybody}, Write: []node.Principal{"ada"}},
		"notes":  {Read: []node.Principal{"ada"}, Write: []node.Principal{auth.Everybody}},
	}
	require.NoError(t, lists.Read(t.Context(), "grace", "albums"))
	require.Error(t, lists.Read(t.Context(), "grace", "notes"))
	require.NoError(t, lists.Read(t.Context(), "ada", "notes"))
	require.Error(t, lists.Read(t.Context(), "ada", "secrets"), "what is on no list")
	require.Error(t, lists.Read(t.Context(), "", "notes"))

	accept := func(p node.Principal, changes ...node.Change) error {
		return lists.Accept(t.Context(), &node.Acceptance{Principal: p, Changes: changes})
	}
	album, note := node.Change{Event: &event.Event{Collection: "albums"}}, node.Change{Event: &event.Event{Collection: "notes"}}
	added := node.Change{Event: &event.Event{Collection: "audit"}, Added: true}
	require.NoError(t, accept("ada", album, note, added))
	require.NoError(t, accept("grace", note))
	require.Error(t, accept("grace", note, album))
	require.Error(t, accept("ada", node.Change{Event: &event.Event{Collection: "audit"}}))

	define := func(p node.Principal, collection string) error {
		return lists.Define(t.Context(), &node.Definition{Principal: p, Collection: collection})
	}
	require.NoError(t, define("ada", "albums"))
	require.NoError(t, define("grace", "notes"))
	require.Error(t, define("grace", "albums"), "who may read only")
	require.Error(t, define("ada", "secrets"))
}
