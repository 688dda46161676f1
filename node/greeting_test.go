package node_test

import (
	"crypto/rand"
	"crypto/sha256"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/pipe"
	"github.com/ankgo/ank/node/wire"
)

// impostor says hello and then what forge makes of a good proof.
func impostor(f *fixture, forge func(mine *wire.Hello, said, heard event.Digest, p *wire.Proof)) *pipe.Link {
	return pipe.NewLink(func(conn wire.Conn) {
		go func() {
			key, err := event.NewKey(rand.Reader)
			if err != nil {
				panic(err)
			}
			mine := &wire.Hello{
				Min: wire.MinVersion, Max: wire.MaxVersion, Durable: true, System: f.node.System(), Node: key.Public(),
				Time: time.Now().UnixMicro(),
			}
			s := &stranger{T: f.T, ctx: f.ctx, conn: conn}
			s.send(mine)
			encoded, err := conn.Receive(f.ctx)
			if err != nil {
				return
			}
			said, heard := event.Digest(sha256.Sum256(wire.Append(nil, mine))), event.Digest(sha256.Sum256(encoded))
			p := &wire.Proof{Signature: event.Prove(key, said, heard)}
			if p.Certificate, err = f.node.Certify(key.Public()); err != nil {
				panic(err)
			}
			forge(mine, said, heard, p)
			s.send(p)
			for {
				if _, err := conn.Receive(f.ctx); err != nil {
					return
				}
			}
		}()
	})
}

func TestServersProveWhoTheyAre(t *testing.T) {
	stranger, err := event.NewKey(rand.Reader)
	require.NoError(t, err)
	for name, forge := range map[string]func(mine *wire.Hello, said, heard event.Digest, p *wire.Proof){
		"":             func(*wire.Hello, event.Digest, event.Digest, *wire.Proof) {},
		"no signature": func(_ *wire.Hello, _, _ event.Digest, p *wire.Proof) { p.Signature = event.Signature{} },
		"another key": func(_ *wire.Hello, said, heard event.Digest, p *wire.Proof) {
			p.Signature = event.Prove(stranger, said, heard)
		},
		"of another hello": func(_ *wire.Hello, said, _ event.Digest, p *wire.Proof) {
			p.Signature = event.Prove(stranger, said, said)
		},
		"no certificate": func(_ *wire.Hello, _, _ event.Digest, p *wire.Proof) { p.Certificate = event.Certificate{} },
		"another's":      func(_ *wire.Hello, _, _ event.Digest, p *wire.Proof) { p.Certificate.Subject = stranger.Public() },
		"by itself":      func(m *wire.Hello, _, _ event.Digest, p *wire.Proof) { p.Certificate = event.Certify(stranger, m.Node) },
		"a forged certificate": func(_ *wire.Hello, _, _ event.Digest, p *wire.Proof) {
			p.Certificate.Signature[5] ^= 1
		},
	} {
		t.Run(name, func(t *testing.T) {
			cluster(t, func(t *testing.T, f *fixture) {
				ada := f.join("ada", node.JoinSystem(f.node.System()))
				c, err := ada.node.Connect(impostor(f, forge).Dial)
				require.NoError(t, err)
				synctest.Wait()
				if name == "" {
					require.Equal(t, node.Connected, c.State().Phase)
				} else {
					require.NotEqual(t, node.Connected, c.State().Phase)
					var refused *node.RefusedError
					require.ErrorAs(t, c.State().Err, &refused)
					require.Equal(t, wire.CodeIdentity, refused.Code)
				}
				require.NoError(t, c.Close(f.ctx))
			})
		})
	}
}

// A client proves that it is the same as before, too; and nobody can answer with what he heard.
func TestClientsProveWhoTheyAre(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		for _, reflect := range []bool{false, true} {
			conn, err := f.line("x").Dial(f.ctx)
			require.NoError(t, err)
			s := &stranger{T: t, ctx: f.ctx, conn: conn}
			encoded, err := conn.Receive(f.ctx)
			require.NoError(t, err)
			if reflect {
				require.NoError(t, conn.Send(f.ctx, encoded))
			} else {
				s.send(&wire.Hello{Min: 1, Max: 1, Node: event.Origin{1}})
				require.IsType(t, &wire.Proof{}, s.hear())
				s.send(&wire.Proof{})
			}
			require.Equal(t, wire.CodeIdentity, s.hear().(*wire.Bye).Code)
		}
	})
}
