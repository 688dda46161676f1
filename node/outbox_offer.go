package node

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// A transaction that no peer was ever given can still be taken back, or be made
// anew. A client that was closed does not know how far it came with delivering, so
// it keeps the number of the last transaction that it may have delivered: that of
// the last one when it was connected, and of each that is committed meanwhile.
const metaOffered = "node/offered"

// offer is what is to be stored before the transactions up to a number may be
// delivered. It needs the keeper's token.
func (e *ephemeral) offer(number uint64) []storage.MetaChange {
	if number <= e.offered {
		return nil
	}
	e.offered = number
	return []storage.MetaChange{{Key: metaOffered, Value: binary.BigEndian.AppendUint64(nil, number)}}
}

func (e *ephemeral) readOffered(ctx context.Context, s storage.Snapshot) error {
	b, err := s.Meta(ctx, metaOffered)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil
	case err != nil:
		return err
	case len(b) != 8:
		return &storage.CorruptError{What: "number of the last transaction delivered", Err: fmt.Errorf("%d bytes", len(b))}
	}
	e.offered = binary.BigEndian.Uint64(b)
	return nil
}

// ahead is how long a durable node would not accept a transaction, because of when it
// was made; not positive if it would.
func (e *ephemeral) ahead(tx *event.Transaction) time.Duration {
	var skew *event.SkewError
	if errors.As(e.clock.CheckSkew(tx), &skew) {
		return max(skew.Ahead-skew.Skew, time.Millisecond)
	}
	return 0
}
