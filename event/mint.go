package event

import (
	"encoding/binary"
	"math/bits"
)

// maxMillis is the greatest time that an ID can hold.
const maxMillis = 1<<48 - 1

// random holds the 80 random bits of an ID.
type random struct {
	high uint16
	low  uint64
}

// draw takes random bits for one ID.
func (e *entropy) draw() (random, error) {
	var b [10]byte
	err := e.read(b[:])
	return random{binary.BigEndian.Uint16(b[:2]), binary.BigEndian.Uint64(b[2:])}, err
}

// fresh returns the ID of a time and 80 random bits.
func fresh(millis int64, r random) (ID, bool) {
	if millis < 0 || millis > maxMillis {
		return ID{}, false
	}
	return makeID(uint64(millis)<<16|uint64(r.high), r.low), true
}

// freshBlock returns the transaction ID of a time and 60 random bits.
func freshBlock(millis int64, r random) (ID, bool) {
	id, ok := fresh(millis, r)
	return id.Transaction(), ok
}

// after returns p + 1 + random: one of the 2^64 IDs above p. The sum may carry
// into the milliseconds. It fails when it exceeds the greatest ID.
func after(p ID, r random) (ID, bool) {
	low, carry := bits.Add64(binary.BigEndian.Uint64(p[8:]), r.low, 1)
	high, carry := bits.Add64(binary.BigEndian.Uint64(p[:8]), 0, carry)
	return makeID(high, low), carry == 0
}

// blockAfter returns one of the 2^52 transaction IDs above p: the next multiple
// of 2^20 plus a random multiple, so that the span is 2^72. A wider one would let
// the IDs of a busy node outrun its clock; this one allows half a million
// transactions a second, and as many clients as will ever meet on one p.
func blockAfter(p ID, r random) (ID, bool) {
	const blockBits = 52
	blocks := r.low & (1<<blockBits - 1)
	low := binary.BigEndian.Uint64(p[8:]) | transactionMask
	low, carry := bits.Add64(low, blocks<<transactionBits, 1)
	high, carry := bits.Add64(binary.BigEndian.Uint64(p[:8]), blocks>>(64-transactionBits), carry)
	return makeID(high, low), carry == 0
}

func makeID(high, low uint64) (id ID) {
	binary.BigEndian.PutUint64(id[:8], high)
	binary.BigEndian.PutUint64(id[8:], low)
	return id
}
