package wire

import (
	"crypto/sha256"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/internal/codec"
	"github.com/ankgo/ank/model"
)

// RowDigest is the digest of one row of a result: SHA-256 over "ank/row", the entity's
// ID, the stamp of its head, and each joined value with its length before it. That of a
// result is the event.Sum over its rows. Of a group the joined values are those that the
// query shows.
func RowDigest(id event.ID, stamp event.Stamp, joined []model.Value) event.Digest {
	b := make([]byte, 0, 128)
	b = append(b, "ank/row"...)
	b = append(b, id[:]...)
	b = append(b, stamp[:]...)
	for _, v := range joined {
		b = codec.AppendBytes(b, v.AppendTo(nil))
	}
	return sha256.Sum256(b)
}

// Bucket is the bucket, of count, that an entity's row is in: FNV-1a (64 bits) over its
// ID, modulo count.
func Bucket(id event.ID, count int) int {
	hash := uint64(14695981039346656037)
	for _, b := range id {
		hash = (hash ^ uint64(b)) * 1099511628211
	}
	return int(hash % uint64(count))
}
