package node_test

import (
	"context"
	"encoding/binary"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/wire"
)

// TestMoreReadsThanCanBeSaid: a serializable transaction that no message has room for is
// refused at once. In the outbox it would end every connection.
func TestMoreReadsThanCanBeSaid(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		ada.connect()
		tx := ada.session.Local().Begin().Serializable()
		_, err := albums.Create(tx, Album{Name: "x", Year: 1990})
		require.NoError(t, err)
		for i := range wire.MaxReads + 1 {
			_, err := albums.Get(f.ctx, tx, event.ID(binary.BigEndian.AppendUint64(make([]byte, 8, 16), uint64(i+1))))
			require.ErrorIs(t, err, entity.ErrNotFound)
		}
		ctx, cancel := context.WithTimeout(f.ctx, time.Minute)
		defer cancel()
		_, err = tx.Commit(ctx)
		var limit *event.LimitError
		require.ErrorAs(t, err, &limit)
		require.Equal(t, wire.MaxReads, limit.Limit)
		synctest.Wait()
		require.Empty(t, ada.ledger())
		require.Equal(t, node.Connected, ada.connection.State().Phase)
	})
}
