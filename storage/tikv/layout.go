package tikv

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/ankgo/ank/internal/codec"
	"github.com/ankgo/ank/storage/kv"
)

// The keys of a system, as FORMAT in doc.go describes them: the system's folder, a
// byte for the bucket, and the engine's key.
const (
	bucketControl = 0x00
	bucketFirst   = 0x01 // the first of those that entities are spread over
	buckets       = 8
	bucketPlain   = 0x10
	bucketPieces  = 0x20
)

// maxKey is the length from which on a key is cut, as the servers take no keys of more
// than 8 KiB, in an encoding that makes them longer by an eighth.
const maxKey = 4096

// maxValue is the length from which on a value is stored in pieces. The servers take
// values up to 8 MiB, and like small ones better.
const maxValue = 1 << 20

// maxPayload is more than any value has.
const maxPayload = 1 << 30

// The first byte of a value.
const (
	flagPieces = 1 << iota // the payload is elsewhere, and its length follows
	flagLong               // the payload begins with the whole key
)

// layout makes the keys of one system.
type layout struct {
	folder []byte
}

// folderOf is what all keys of a system begin with.
func folderOf(system string) []byte { return append([]byte("ank/"+system), 0) }

// control is the key of something that belongs to the driver.
func (l layout) control(name byte) []byte { return append(slices.Clone(l.folder), bucketControl, name) }

// end is the first key behind those of the system.
func (l layout) end() []byte {
	end := slices.Clone(l.folder)
	end[len(end)-1]++
	return end
}

// bucketOf says which bucket a key of the engine is in.
func bucketOf(key []byte) byte {
	if entity := kv.EntityOf(key); entity != nil {
		return bucketFirst + spread(entity)
	}
	return bucketPlain
}

// spread maps an entity's ID to a bucket. It is stored: it must never change.
func spread(entity []byte) byte {
	h := uint32(2166136261) // FNV-1a
	for _, b := range entity {
		h = (h ^ uint32(b)) * 16777619
	}
	return byte((h ^ h>>15) % buckets)
}

// key appends the physical key of a key of the engine.
func (l layout) key(b, key []byte) []byte {
	b = append(append(b, l.folder...), bucketOf(key))
	if len(key) <= maxKey {
		return append(b, key...)
	}
	sum := sha256.Sum256(key)
	return append(append(b, key[:maxKey]...), sum[:]...)
}

// piece appends the key of a piece of the value that has a physical key.
func (l layout) piece(b, physical []byte, n int) []byte {
	b = append(append(b, l.folder...), bucketPieces)
	b = append(b, physical[len(l.folder):]...)
	return binary.BigEndian.AppendUint32(b, uint32(n))
}

// span is a range of physical keys in one bucket.
type span struct{ lo, hi []byte }

// spans returns the ranges that hold the engine's keys from lo to hi, one for each
// bucket that may have some.
func (l layout) spans(lo, hi []byte) []span {
	entity := kv.EntityRange(lo, hi)
	if entity != nil {
		return []span{l.span(bucketFirst+spread(entity), lo, hi)}
	}
	spreads, plain := kv.EntityTables(lo, hi)
	var list []span
	if spreads {
		for b := range byte(buckets) {
			list = append(list, l.span(bucketFirst+b, lo, hi))
		}
	}
	if plain {
		list = append(list, l.span(bucketPlain, lo, hi))
	}
	return list
}

// span is the range of a bucket. Of keys that are cut it may contain some that do not
// belong to it.
func (l layout) span(bucket byte, lo, hi []byte) span {
	base := append(slices.Clone(l.folder), bucket)
	s := span{lo: slices.Concat(base, lo[:min(len(lo), maxKey)])}
	switch {
	case len(hi) == 0:
		s.hi = slices.Clone(base)
		s.hi[len(s.hi)-1]++
	case len(hi) <= maxKey:
		s.hi = slices.Concat(base, hi)
	default:
		s.hi = slices.Concat(base, hi[:maxKey], bytes.Repeat([]byte{0xFF}, sha256.Size+1))
	}
	return s
}

// logical cuts a physical key down to the engine's.
func (l layout) logical(physical []byte) []byte { return physical[len(l.folder)+1:] }

// encode returns what is stored under a key's physical key, and the pieces of it that
// are stored elsewhere.
func encode(key, value []byte) (head []byte, pieces [][]byte) {
	flags := byte(0)
	payload := value
	if len(key) > maxKey {
		flags |= flagLong
		payload = append(codec.AppendBytes(nil, key), value...)
	}
	if len(payload) <= maxValue {
		return append([]byte{flags}, payload...), nil
	}
	head = codec.AppendUvarint([]byte{flags | flagPieces}, uint64(len(payload)))
	return head, slices.Collect(slices.Chunk(payload, maxValue))
}

// pieceCount is how many pieces a payload is stored in.
func pieceCount(size uint64) int { return int((size + maxValue - 1) / maxValue) }
