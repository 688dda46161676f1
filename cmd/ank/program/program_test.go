package program_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/cmd/ank/program"
	"github.com/ankgo/ank/examples/albums/music"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/auth"
	"github.com/ankgo/ank/node/websocket"
	"github.com/ankgo/ank/storage/memory"
)

// file writes a file for a test.
func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestWhatIsWrongWithTheCommandLine(t *testing.T) {
	token := auth.NewToken()
	tokens := file(t, "tokens", "# who has which\nada "+token+" # on the phone\n\n")
	for _, test := range []struct{ args, want string }{
		{"", "no command"},
		{"sevre", `there is no command "sevre"`},
		{"serve", "-store is needed"},
		{"serve -store mysql:x", "no such store"},
		{"serve -store pebble:", "no such store"},
		{"serve -store memory: extra", `"extra" is no flag`},
		{"serve -stroe memory:", "flag provided but not defined"},
		{"serve -store memory: -listen nowhere", "missing port"},
		{"serve -store memory: -drain 0s", "no time"},
		{"serve -store memory: -tls-cert x", "need each other"},
		{"serve -store memory: -jwt-key x", "needs -jwt-issuer"},
		{"serve -store memory: -jwt-issuer x", "need -jwt-key"},
		{"serve -store memory: -tokens " + tokens + " -insecure-anonymous", "excludes"},
		{"serve -store memory: -tokens " + tokens, "who may do what"},
		{"serve -store memory: -tokens " + tokens + " -allow-all -access x", "exclude each other"},
		{"serve -store memory: -listen :0", "nobody is asked who they are"},
		{"serve -store memory: -listen 0.0.0.0:0", "nobody is asked who they are"},
		{"serve -store memory: -listen [::]:0", "nobody is asked who they are"},
		{"serve -store memory: -listen example.com:0", "nobody is asked who they are"},
		{"serve -store memory: -listen :0 -tokens " + tokens, "there is no TLS"},
		{"serve -store memory: -listen :0 -insecure-anonymous", "there is no TLS"},
		{"serve -store memory: -listen :0 -insecure-anonymous -insecure-plaintext", "who may do what"},
		{"serve -store memory: -allow-all -tokens " + file(t, "bad", "ada"), "bad:1: a line is a principal and a token"},
		{"serve -store memory: -allow-all -tokens " + file(t, "twice", "ada "+token+"\nbob "+token), "twice:2: ada and bob have the same token"},
		{"serve -store memory: -allow-all -tokens " + file(t, "short", "ada secret"), "at least 22 are needed"},
		{"serve -store memory: -allow-all -tokens " + file(t, "none", ""), "there is no token in it"},
		{"serve -store memory: -access " + file(t, "access", `{"albums": {"raed": []}}`), `access:1:13: "raed" is neither "read" nor "write"`},
		{"serve -store memory: -access " + file(t, "twice", "{\"albums\": {},\n \"albums\": {\"read\": [\"*\"]}}"), `twice:2:2: "albums" was there before`},
		{"serve -store memory: -access " + file(t, "twice", `{"albums": {"read": [], "r\u0065ad": ["*"]}}`), `twice:1:25: "read" was there before`},
		{"serve -store memory: -access " + file(t, "case", `{"albums": {"Read": []}}`), `case:1:13: "Read" is neither`},
		{"serve -store memory: -access " + file(t, "more", "{\"albums\": {}}\n\n{}"), "more:3:1: there is more after the end"},
		{"serve -store memory: -access " + file(t, "more", "{} x"), "more:1:4: there is more after the end"},
		{"serve -store memory: -access " + file(t, "comma", "{},"), "comma:1:3: there is more after the end"},
		{"serve -store memory: -access " + file(t, "ends", `{"albums": {"read": ["*"]`), "ends:1:26: unexpected end"},
		{"serve -store memory: -access " + file(t, "empty", ""), "empty:1:1: unexpected end"},
		{"serve -store memory: -access " + file(t, "null", "null"), "null:1:1: a { is wanted here"},
		{"serve -store memory: -access " + file(t, "list", `{"albums": []}`), "list:1:12: a { is wanted here"},
		{"serve -store memory: -access " + file(t, "text", "{\"albums\":\n {\"read\": \"*\"}}"), "text:2:11: a list of principals is wanted here"},
		{"serve -store memory: -access " + file(t, "number", `{"albums": {"read": ["ada", 1]}}`), "number:1:21: a list of principals is wanted here"},
		{"serve -store memory: -access " + file(t, "null", `{"albums": {"read": null}}`), "null:1:21: a list of principals is wanted here"},
		{"serve -store memory: -access " + file(t, "syntax", "{\"albums\":\n {read: []}}"), "syntax:2:3: invalid character"},
		{"serve -store memory: -access " + file(t, "wide", "\xff\xfe{\x00}\x00"), "UTF-16"},
		{"serve -store memory: -allow-all -tokens " + file(t, "wide", "\xff\xfea\x00"), "UTF-16"},
		{"serve -store memory: -tokens " + file(t, "marked", "\ufeffada "+token), "who may do what"},
		{"serve -store memory: -tokens " + tokens + " -listen nowhere -access " + file(t, "marked", "\ufeff{}\n"), "missing port"},
		{"serve -store memory: -allow-all -jwt-issuer i -jwt-audience a -jwt-key " + file(t, "key", "nonsense"), "PUBLIC KEY"},
		{"serve -store memory: -tls-cert " + file(t, "cert", "") + " -tls-key " + file(t, "key", ""), "PEM"},
	} {
		var log bytes.Buffer
		err := program.Program{}.Run(t.Context(), strings.Fields(test.args), io.Discard, &log)
		require.ErrorContains(t, err, test.want, test.args)
		require.NotContains(t, err.Error(), token, "secrets are not shown")
	}
}

// server is the command in this process.
type server struct {
	url   string
	lines func() string // what it has said
	stop  func() error
}

var served = regexp.MustCompile(`at (wss?)://(\S+)/ank`)

// serve runs the command until the test has ended or stop is called.
func serve(t *testing.T, p program.Program, args ...string) *server {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := p.Run(ctx, append([]string{"serve", "-listen", "127.0.0.1:0"}, args...), in, io.Discard)
		in.CloseWithError(io.EOF)
		ended <- err
	}()
	said := new(bytes.Buffer)
	for !served.Match(said.Bytes()) {
		b := make([]byte, 1<<10)
		n, err := out.Read(b)
		said.Write(b[:n])
		require.NoError(t, err, "it did not start: %s", said)
	}
	url := strings.TrimPrefix(served.FindString(said.String()), "at ")
	rest := make(chan struct{})
	go func() {
		defer close(rest)
		_, _ = io.Copy(said, out)
	}()
	s := &server{url: url, lines: func() string { <-rest; return said.String() }}
	stopped := false
	s.stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		<-rest
		return <-ended
	}
	t.Cleanup(func() { require.NoError(t, s.stop()) })
	return s
}

// client opens a client and connects it.
func client(t *testing.T, url string, credential string) *node.Node {
	t.Helper()
	engine, err := memory.Open()
	require.NoError(t, err)
	n, err := node.Open(t.Context(), engine, node.Ephemeral(), node.Models(music.Models()...), node.WithPolicy(node.AllowAll()))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, n.Close(context.Background()))
		require.NoError(t, engine.Close())
	})
	var options []node.ConnectOption
	if credential != "" {
		options = append(options, node.WithCredentials(func(context.Context, node.Principal) ([]byte, error) {
			return []byte(credential), nil
		}))
	}
	c, err := n.Connect(websocket.Dialer(url), options...)
	require.NoError(t, err)
	require.NoError(t, c.Wait(t.Context()))
	return n
}

// add commits an album and returns what the server says of it.
func add(t *testing.T, n *node.Node, who node.Principal, name string, year int) node.Receipt {
	t.Helper()
	tx := n.Session(who).Begin()
	_, err := music.Albums.Create(tx, music.Album{Name: name, Year: year})
	require.NoError(t, err)
	r, err := tx.Commit(t.Context())
	require.NoError(t, err)
	r, err = n.Receipt(t.Context(), r.Transaction)
	require.NoError(t, err)
	return r
}

func TestAServerWithoutModelsServesThoseOfItsClients(t *testing.T) {
	store := "pebble:" + filepath.Join(t.TempDir(), "store")
	s := serve(t, program.Program{}, "-store", store)
	require.Equal(t, node.Accepted, add(t, client(t, s.url, ""), "ada", "Parade", 1986).Status)
	answer, err := http.Get("http" + strings.TrimSuffix(strings.TrimPrefix(s.url, "ws"), "/ank") + "/health")
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.NoError(t, s.stop())
	require.Contains(t, s.lines(), `everybody on this machine is let in, as "local"`)
	require.Contains(t, s.lines(), "ank: ending")

	s = serve(t, program.Program{}, "-store", store)
	n := client(t, s.url, "")
	albums, err := music.Albums.Collect(t.Context(), n.Session("bob"), "year > 1980")
	require.NoError(t, err)
	require.Len(t, albums, 1)
	require.Equal(t, "Parade", albums[0].Name())
}

func TestPagesOfOtherNamesAreRefused(t *testing.T) {
	s := serve(t, program.Program{}, "-store", "memory:")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http"+strings.TrimPrefix(s.url, "ws"), nil)
	require.NoError(t, err)
	request.Host = "evil.example:7265"
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusForbidden, answer.StatusCode)
	http.DefaultClient.CloseIdleConnections()
}

func TestTokensAndLists(t *testing.T) {
	ada, bob := auth.NewToken(), auth.NewToken()
	s := serve(t, program.Program{Models: music.Models()}, "-store", "memory:",
		"-tokens", file(t, "tokens", "ada "+ada+"\nbob "+bob),
		"-access", file(t, "access", `{"albums": {"read": ["*"], "write": ["ada"]}}`))
	require.Equal(t, node.Accepted, add(t, client(t, s.url, ada), "ada", "Parade", 1986).Status)
	b := client(t, s.url, bob)
	r := add(t, b, "bob", "Lovesexy", 1988)
	require.Equal(t, node.Rejected, r.Status)
	require.ErrorIs(t, r.Reason, node.ErrDenied)
	albums, err := music.Albums.Collect(t.Context(), b.Session("bob"), "")
	require.NoError(t, err)
	require.Len(t, albums, 1)
}

// TestTheModelsOfWhoMayWriteAreLearnt: who only reads defines nothing, and is told so.
func TestTheModelsOfWhoMayWriteAreLearnt(t *testing.T) {
	ada, bob := auth.NewToken(), auth.NewToken()
	s := serve(t, program.Program{}, "-store", "memory:",
		"-tokens", file(t, "tokens", "ada "+ada+"\nbob "+bob),
		"-access", file(t, "access", `{"albums": {"read": ["*"], "write": ["ada"]}}`))
	b := client(t, s.url, bob)
	_, err := music.Albums.Collect(t.Context(), b.Session("bob"), "")
	require.ErrorIs(t, err, node.ErrDenied)
	require.ErrorContains(t, err, "defining albums")
	require.Equal(t, node.Accepted, add(t, client(t, s.url, ada), "ada", "Parade", 1986).Status)
	albums, err := music.Albums.Collect(t.Context(), b.Session("bob"), "year = 1986")
	require.NoError(t, err)
	require.Len(t, albums, 1)
}

func TestJSONWebTokens(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	encoded, err := x509.MarshalPKIXPublicKey(public)
	require.NoError(t, err)
	key := file(t, "key", string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: encoded})))
	s := serve(t, program.Program{}, "-store", "memory:", "-allow-all", "-jwt-key", "2026="+key, "-jwt-issuer", "idp", "-jwt-audience", "ank")
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{"iss": "idp", "aud": "ank", "sub": "ada", "exp": 4102444800})
	token.Header["kid"] = "2026"
	signed, err := token.SignedString(private)
	require.NoError(t, err)
	require.Equal(t, node.Accepted, add(t, client(t, s.url, signed), "ada", "Parade", 1986).Status)
}
