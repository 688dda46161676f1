package node

import (
	"context"
	"errors"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// What a node has applied or minted binds its clock, so that its later IDs are
// greater (C1). IDs that lie ahead of the clock bind only once it comes near them,
// and a restart may come before that. So they are kept in the engine's Meta map.
const (
	metaAhead    = "node/ahead"
	aheadVersion = 1
)

// encodeAhead returns what is kept of a clock's IDs, nil for none.
func encodeAhead(ids []event.ID) []byte {
	if len(ids) == 0 {
		return nil
	}
	return event.NewHead(ids...).AppendTo([]byte{aheadVersion})
}

func decodeAhead(b []byte) ([]event.ID, error) {
	if len(b) == 0 || b[0] != aheadVersion {
		return nil, &event.VersionError{What: "IDs ahead of the clock", Version: append(b, 0)[0], Supported: aheadVersion}
	}
	return event.DecodeHead(b[1:])
}

// observeAhead lets a new clock see the IDs that were kept, and returns them as
// they were encoded.
func observeAhead(ctx context.Context, s storage.Snapshot, clock *event.Clock) ([]byte, error) {
	b, err := s.Meta(ctx, metaAhead)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	ids, err := decodeAhead(b)
	if err != nil {
		return nil, &storage.CorruptError{What: "IDs ahead of the clock", Err: err}
	}
	for _, id := range ids {
		clock.Observe(id)
	}
	return b, nil
}
