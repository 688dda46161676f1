package node_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/pipe"
	"github.com/ankgo/ank/node/wire"
)

// Without a common version, either side knows which one is too old.
func TestWhoIsTooOld(t *testing.T) {
	newer := func(m *wire.Hello) { m.Min, m.Max = wire.MaxVersion+1, wire.MaxVersion+2 }
	older := func(m *wire.Hello) { m.Min, m.Max = wire.MinVersion-1, wire.MinVersion-1 }
	for name, row := range map[string]struct {
		set              func(*wire.Hello)
		toServer, client wire.Code
		err              error
	}{
		"a newer peer":  {newer, wire.CodeServerTooOld, wire.CodeClientTooOld, node.ErrClientTooOld},
		"an older peer": {older, wire.CodeClientTooOld, wire.CodeServerTooOld, node.ErrServerTooOld},
	} {
		t.Run(name, func(t *testing.T) {
			cluster(t, func(t *testing.T, f *fixture) {
				for _, durable := range []bool{false, true} {
					conn, err := f.line("x").Dial(f.ctx)
					require.NoError(t, err)
					s := &stranger{T: t, ctx: f.ctx, conn: conn}
					mine := &wire.Hello{Durable: durable}
					row.set(mine)
					s.send(mine)
					require.IsType(t, &wire.Hello{}, s.hear())
					require.Equal(t, row.toServer, s.hear().(*wire.Bye).Code)
				}

				ada := f.join("ada")
				dialled := 0
				link := pipe.NewLink(func(conn wire.Conn) {
					dialled++
					go func() {
						m := &wire.Hello{Durable: true, System: f.node.System(), Node: event.Origin{1}, Time: time.Now().UnixMicro()}
						row.set(m)
						_ = conn.Send(f.ctx, wire.Append(nil, m))
					}()
				})
				ada.alarm.expected.Store(true)
				live := ada.query("")
				c, err := ada.node.Connect(link.Dial)
				require.NoError(t, err)
				err = c.Wait(f.ctx)
				require.ErrorIs(t, err, row.err)
				require.ErrorContains(t, err, "versions")
				require.Equal(t, node.Refused, c.State().Phase)
				<-time.After(time.Hour)
				synctest.Wait()
				require.Equal(t, 1, dialled, "it is not tried again")
				require.NoError(t, live.Err(), "what is here goes on")
				require.NoError(t, c.Close(f.ctx))
			})
		})
	}
}

// A peer may be told by its server before it has seen the server's hello.
func TestAGoodbyeNamesWhoIsTooOld(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		ada.alarm.expected.Store(true)
		link := pipe.NewLink(func(conn wire.Conn) {
			go func() { _ = conn.Send(f.ctx, wire.Append(nil, &wire.Bye{Code: wire.CodeClientTooOld, Text: "update"})) }()
		})
		c, err := ada.node.Connect(link.Dial)
		require.NoError(t, err)
		require.ErrorIs(t, c.Wait(f.ctx), node.ErrClientTooOld)
		require.Equal(t, node.Refused, c.State().Phase)
		require.NoError(t, c.Close(f.ctx))
	})
}
