package tikv

import (
	"fmt"
	"sync/atomic"

	tikverr "github.com/tikv/client-go/v2/error"

	"github.com/ankgo/ank/internal/codec"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/kv"
)

// reader is the store at one timestamp. The client's own snapshots remember all that
// was read through them, so every read takes a new one.
type reader struct {
	driver    *driver
	ts        uint64
	hasPieces atomic.Pointer[bool] // whether the store may have values in pieces, once that was read
}

var (
	_ kv.Reader     = (*reader)(nil)
	_ kv.ManyGetter = (*reader)(nil)
)

// Get implements kv.Reader.
func (r *reader) Get(key, _ []byte) ([]byte, bool, error) {
	physical := r.driver.key(nil, key)
	stored, err := r.driver.client.GetSnapshot(r.ts).Get(r.driver.ctx, physical)
	if tikverr.IsErrNotFound(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, classify(err)
	}
	pairs, _, err := r.decode([]pair{{physical, stored}})
	if err != nil {
		return nil, false, err
	}
	return pairs[0].value, true, nil
}

// GetMany implements kv.ManyGetter: one request for each region that has some of the
// keys, all at the same time.
func (r *reader) GetMany(keys [][]byte) ([][]byte, error) {
	physical := make([][]byte, len(keys), len(keys)+1)
	for i, key := range keys {
		physical[i] = r.driver.key(nil, key)
	}
	// What is written over these values may have to know this.
	control := r.driver.control(controlPieces)
	stored, err := r.batchGet(append(physical, control))
	if err != nil {
		return nil, err
	}
	_, pieces := stored[string(control)]
	r.hasPieces.Store(&pieces)
	values := make([][]byte, len(keys))
	var found []pair
	var at []int
	for i := range keys {
		if v, ok := stored[string(physical[i])]; ok {
			found, at = append(found, pair{physical[i], v}), append(at, i)
		}
	}
	found, _, err = r.decode(found)
	if err != nil {
		return nil, err
	}
	for i, p := range found {
		values[at[i]] = p.value
	}
	return values, nil
}

func (r *reader) batchGet(physical [][]byte) (map[string][]byte, error) {
	stored, err := r.driver.client.GetSnapshot(r.ts).BatchGet(r.driver.ctx, physical)
	if err != nil {
		return nil, classify(err)
	}
	return stored, nil
}

// decode makes pairs of the engine's of physical ones, in place, and says how many bytes
// they have.
func (r *reader) decode(raw []pair) (pairs []pair, bytes int, err error) {
	for i := range raw {
		p := &raw[i]
		if p.key, p.value, err = r.payload(p.key, p.value); err != nil {
			return nil, 0, err
		}
		bytes += len(p.key) + len(p.value)
	}
	return raw, bytes, nil
}

// payload returns the key and value that were stored under a physical key.
func (r *reader) payload(physical, stored []byte) (key, value []byte, err error) {
	corrupt := func(err error) error { return &storage.CorruptError{What: "a stored value", Key: physical, Err: err} }
	var c codec.Reader
	c.Reset(stored)
	flags := c.Byte()
	if c.Err() != nil || flags > flagPieces|flagLong {
		return nil, nil, corrupt(fmt.Errorf("flags %d", flags))
	}
	payload := c.Rest()
	if flags&flagPieces != 0 {
		c.Reset(payload)
		size := c.Uvarint()
		if err := c.Done(); err != nil || size > maxPayload {
			return nil, nil, corrupt(err)
		}
		if payload, err = r.pieces(physical, size); err != nil {
			return nil, nil, err
		}
	}
	if flags&flagLong == 0 {
		return r.driver.logical(physical), payload, nil
	}
	c.Reset(payload)
	key = c.Bytes(len(payload))
	value = c.Rest()
	if err := c.Err(); err != nil {
		return nil, nil, corrupt(err)
	}
	return key, value, nil
}

// pieces puts a payload together.
func (r *reader) pieces(physical []byte, size uint64) ([]byte, error) {
	keys := make([][]byte, pieceCount(size))
	for i := range keys {
		keys[i] = r.driver.piece(nil, physical, i)
	}
	stored, err := r.batchGet(keys)
	if err != nil {
		return nil, err
	}
	payload := make([]byte, 0, size)
	for _, key := range keys {
		payload = append(payload, stored[string(key)]...)
	}
	if uint64(len(payload)) != size {
		return nil, &storage.CorruptError{What: fmt.Sprintf("a value of %d bytes in pieces, of which there are %d", size, len(payload)), Key: physical}
	}
	return payload, nil
}

// Close lets the garbage collector of the cluster go on.
func (r *reader) Close() error {
	r.driver.safepoint.release(r.ts)
	return nil
}
