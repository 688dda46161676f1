package node

import (
	"context"
	"errors"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/internal/codec"
	"github.com/ankgo/ank/storage"
)

// Under metaMoved and an origin that this node wrote before stands what it has taken
// back of that log into its next one, see [Node.renew]: after which entry, and the
// short hashes of the entries that followed. Peers may have been told of those; they
// are here, at other addresses, and will not come again at the old ones.
const (
	metaMoved    = "node/moved/"
	movedVersion = 1
)

// movedMeta tells what was taken back beyond a position.
func movedMeta(after event.Position, shorts []uint64) storage.MetaChange {
	b := codec.AppendUvarint([]byte{movedVersion}, after.Seq)
	b = codec.AppendUvarint(b, uint64(len(shorts)))
	for _, short := range shorts {
		b = codec.AppendUint64(b, short)
	}
	return storage.MetaChange{Key: metaMoved + after.Origin.String(), Value: b}
}

// isMoved reports whether a position is that of an entry which this node has taken back.
func isMoved(ctx context.Context, s storage.Snapshot, p event.Position) (bool, error) {
	b, err := s.Meta(ctx, metaMoved+p.Origin.String())
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	r := codec.NewReader(b)
	if version := r.Byte(); r.Err() == nil && version != movedVersion {
		return false, &event.VersionError{What: "list of moved entries", Version: version, Supported: movedVersion}
	}
	after, found := r.Uvarint(), false
	for i := range r.Count(len(b), 8) {
		short := r.Uint64()
		found = found || p.Seq == after+uint64(i)+1 && p.Short == short
	}
	if err := r.Done(); err != nil {
		return false, &storage.CorruptError{What: "list of moved entries", Key: []byte(metaMoved + p.Origin.String()), Err: err}
	}
	return found, nil
}
