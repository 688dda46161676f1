package node_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/pipe"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/signal"
	"github.com/ankgo/ank/storage/memory"
)

func TestDialsComeLessAndLessOften(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		var times []time.Time
		c, err := ada.node.Connect(func(context.Context) (wire.Conn, error) {
			times = append(times, time.Now())
			return nil, errors.New("nobody there")
		})
		require.NoError(t, err)
		<-time.After(10 * time.Minute)
		require.NoError(t, c.Close(f.ctx))
		require.Equal(t, node.Closed, c.State().Phase)
		require.Greater(t, len(times), 15)
		require.Less(t, len(times), 50)
		require.Less(t, times[1].Sub(times[0]), 101*time.Millisecond)
		for i := range len(times) - 1 {
			wait := times[i+1].Sub(times[i])
			require.LessOrEqual(t, wait, 30*time.Second)
			require.GreaterOrEqual(t, wait, min(50*time.Millisecond<<min(i, 20), 15*time.Second))
		}
	})
}

// TestADialThatNeverEndsIsGivenUp: a balancer took the connection, and has nobody to give
// it to.
func TestADialThatNeverEndsIsGivenUp(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		hangs := true
		c, err := ada.node.Connect(func(ctx context.Context) (wire.Conn, error) {
			if hangs {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			conn, err := ada.link.Dial(ctx)
			context.AfterFunc(ctx, func() { _ = conn.Close() }) // as of a process that is killed
			return conn, err
		})
		require.NoError(t, err)
		<-time.After(59 * time.Second)
		require.Equal(t, node.Connecting, c.State().Phase)
		<-time.After(time.Second)
		synctest.Wait()
		require.Equal(t, node.Offline, c.State().Phase)
		require.ErrorContains(t, c.State().Err, "could not be reached")
		hangs = false
		require.NoError(t, c.Wait(f.ctx))
		<-time.After(time.Hour)
		require.Equal(t, node.Connected, c.State().Phase, "only dialling has to be quick")
	})
}

func TestConnectionStates(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		ada.link.Cut()
		dial := make(chan struct{})
		c, err := ada.node.Connect(func(ctx context.Context) (wire.Conn, error) {
			<-dial
			return ada.link.Dial(ctx)
		})
		require.NoError(t, err)
		require.Equal(t, node.Connecting, c.State().Phase)
		_, err = ada.node.Connect(ada.link.Dial)
		require.ErrorIs(t, err, node.ErrConnected)
		close(dial)
		synctest.Wait()
		require.Equal(t, node.Offline, c.State().Phase)
		require.ErrorIs(t, c.State().Err, pipe.ErrCut)

		var phases []node.ConnectionPhase
		effect := signal.NewEffect(ada.node.Signals(), func(t *signal.Tracker) node.ConnectionPhase {
			return c.Signal().Get(t).Phase
		}, func(p node.ConnectionPhase) { phases = append(phases, p) })
		defer effect.Close()
		ada.link.Mend()
		require.NoError(t, c.Wait(f.ctx))
		synctest.Wait()
		require.Equal(t, node.Connected, phases[len(phases)-1])

		require.NoError(t, c.Close(f.ctx))
		require.NoError(t, c.Close(f.ctx), "a second time")
		require.ErrorIs(t, c.Wait(f.ctx), node.ErrClosed)
		ada.connect()
		_, err = f.node.Connect(ada.link.Dial)
		require.ErrorIs(t, err, node.ErrDurable)
		for _, err := range f.node.Ledger(f.ctx) {
			require.ErrorIs(t, err, node.ErrDurable)
		}
	})
}

func TestAnotherSystemIsRefusedAndNothingIsWiped(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		id := f.create(f.prince, Album{Name: "Parade", Year: 1986})
		ada := f.join("ada")
		ada.connect()
		require.Equal(t, f.node.System(), ada.node.System())
		require.NoError(t, ada.query("").Wait(f.ctx))
		ada.link.Cut()
		ada.restart()
		require.Equal(t, f.node.System(), ada.node.System(), "kept across restarts")
		_, pending := ada.create(Album{Name: "Batman", Year: 1989})

		other := start(t)
		c, err := ada.node.Connect(other.line("ada").Dial)
		ada.alarm.expected.Store(true)
		require.NoError(t, err)
		require.ErrorIs(t, c.Wait(f.ctx), node.ErrSystem)
		require.Equal(t, node.Refused, c.State().Phase)
		<-time.After(time.Hour)
		require.Equal(t, node.Refused, c.State().Phase, "it is not tried again")
		require.Equal(t, f.node.System(), ada.node.System())
		require.Empty(t, other.names(other.prince, ""))
		v, err := albums.Get(f.ctx, ada.session.Local(), id)
		require.NoError(t, err)
		require.Equal(t, "Parade", v.Name())

		// At home again.
		require.NoError(t, c.Close(f.ctx))
		ada.link.Mend()
		ada.connect()
		require.Equal(t, node.Accepted, ada.outcome(pending).Status)
		require.ElementsMatch(t, []string{"Parade", "Batman"}, f.names(f.prince, ""))
	})
}

func TestAStoreKeepsItsRoleAndSystem(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		ada.connect()
		require.True(t, ada.node.Origin().IsZero(), "no log of its own")
		ada.stop()
		open := func(s *memory.Store, options ...node.Option) error {
			return openOnly(t, s, options...)
		}
		require.ErrorIs(t, open(ada.store), node.ErrRole)
		require.ErrorIs(t, open(ada.store, node.Ephemeral(), node.JoinSystem(start(t).node.System())), node.ErrSystem)
		require.NoError(t, open(ada.store, node.Ephemeral(), node.JoinSystem(f.node.System())))
		require.NoError(t, f.node.Close(f.ctx))
		require.NoError(t, f.stage.Close())
		require.ErrorIs(t, open(f.store, node.Ephemeral()), node.ErrRole)
		ada.open()
	})
}

func TestTheClientTakesTheServersTime(t *testing.T) {
	ahead := node.Now(func() time.Time { return time.Now().Add(time.Hour) })
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		_, early := ada.create(Album{Name: "early", Year: 1986})
		ada.connect()
		require.Equal(t, time.Hour, ada.node.Clock().Offset())
		require.Equal(t, node.Accepted, ada.outcome(early).Status)
		ada.restart()
		require.Equal(t, time.Hour, ada.node.Clock().Offset(), "kept across restarts")
		id, _ := ada.create(Album{Name: "late", Year: 1986})
		require.WithinDuration(t, time.Now().Add(time.Hour), id.Time(), time.Minute)
		ada.connect()
	}, ahead)
}

// TestSkewIsNoRefusal: what a server finds to be from the future is offered again.
func TestSkewIsNoRefusal(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada", node.Now(func() time.Time { return time.Now().Add(time.Minute) }))
		_, r := ada.create(Album{Name: "in a minute", Year: 1986})
		ada.connect()
		began := time.Now()
		require.Equal(t, node.Accepted, ada.outcome(r).Status)
		require.InDelta(t, time.Minute, time.Since(began), float64(3*time.Second))
	}, node.Skew(time.Second)) // and the client believes in two minutes
}

func TestAHostileServerHarmsNobody(t *testing.T) {
	for name, message := range map[string][]byte{
		"noise":            {77, 1, 2, 3},
		"a hello":          wire.Append(nil, &wire.Hello{Min: 1, Max: 1}),
		"a commit":         hostile()["a broken transaction"].bytes,
		"a fetch":          wire.Append(nil, &wire.Fetch{Request: 1}),
		"goodbye":          wire.Append(nil, &wire.Bye{Code: wire.CodeInternal}),
		"unknown receipts": wire.Append(nil, &wire.Receipt{Request: 5}),
		"unknown rows":     wire.Append(nil, &wire.Rows{Request: 5}),
	} {
		t.Run(name, func(t *testing.T) {
			cluster(t, func(t *testing.T, f *fixture) {
				ada := f.join("ada")
				_, r := ada.create(Album{Name: "Parade", Year: 1986})
				evil := pipe.NewLink(func(conn wire.Conn) {
					go func() {
						s := &stranger{T: t, ctx: f.ctx, conn: conn}
						s.greet(f, &wire.Hello{Min: 1, Max: 1, Durable: true, System: f.node.System(), Time: time.Now().UnixMicro()})
						s.send(&wire.Ping{Number: 1})
						_ = conn.Send(f.ctx, message)
						for {
							if _, err := conn.Receive(f.ctx); err != nil {
								return
							}
						}
					}()
				})
				c, err := ada.node.Connect(evil.Dial)
				require.NoError(t, err)
				<-time.After(time.Minute)
				require.NoError(t, c.Close(f.ctx))
				ada.connect()
				require.Equal(t, node.Accepted, ada.outcome(r).Status)
			})
		})
	}
}
