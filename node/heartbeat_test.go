package node_test

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/node/wire"
)

// A peer that says nothing at all any more is asked, and given up after a minute.
func TestASilentServerIsGivenUp(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		link, servers := f.mute()
		c, err := ada.node.Connect(link.Dial)
		require.NoError(t, err)
		server := <-servers
		began := time.Now()
		for range 2 {
			require.IsType(t, &wire.Ping{}, server.hearAll())
		}
		_, err = server.conn.Receive(f.ctx)
		require.ErrorIs(t, err, io.EOF)
		require.Equal(t, time.Minute, time.Since(began))
		<-servers // it is dialled again
		require.NoError(t, c.Close(f.ctx))
	})
}

// A silent client is given up too, and one that answers is kept, for as long as it likes.
func TestASilentClientIsGivenUp(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		began := time.Now()
		s := f.visit("ada")
		for time.Since(began) < time.Hour {
			ping := s.hearAll().(*wire.Ping)
			s.send(&wire.Pong{Number: ping.Number})
		}
		left := time.Now()
		for {
			if _, err := s.conn.Receive(f.ctx); err != nil {
				break
			}
		}
		require.Equal(t, time.Minute, time.Since(left).Round(time.Second))
	})
}

// Two nodes at rest stay connected.
func TestConnectionsAtRestStay(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		ada.connect()
		state := ada.connection.State()
		<-time.After(24 * time.Hour)
		require.Equal(t, state, ada.connection.State())
	})
}
