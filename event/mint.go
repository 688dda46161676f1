package event

import (
	"encoding/binary"
	"math/bits"
)

// maxMillis is the greatest time that an ID can hold.
const maxMillis = 1<<48 - 1

// bits returns 16 and 64 random bits.
func (e *entropy) bits() (high uint16, low uint64, err error) {
	var b [10]byte
	if err := e.read(b[:]); err != nil {
		return 0, 0, err
	}
	return binary.BigEndian.Uint16(b[:2]), binary.BigEndian.Uint64(b[2:]), nil
}

// fresh returns the ID of a time and 80 random bits.
func fresh(millis int64, high uint16, low uint64) (ID, bool) {
	if millis < 0 || millis > maxMillis {
		return ID{}, false
	}
	return makeID(uint64(millis)<<16|uint64(high), low), true
}

// after returns p + 1 + random: one of the 2^64 IDs above p. The sum may carry
// into the milliseconds. It fails when it exceeds the greatest ID.
func after(p ID, random uint64) (ID, bool) {
	low, carry := bits.Add64(binary.BigEndian.Uint64(p[8:]), random, 1)
	high, carry := bits.Add64(binary.BigEndian.Uint64(p[:8]), 0, carry)
	return makeID(high, low), carry == 0
}

// nextBlock returns one of the 2^52 transaction IDs above p: the next multiple
// of 2^20 plus a random multiple, so that the span is 2^72. Of random, the low
// 52 bits count. A wider span would let the IDs of a busy node outrun its clock;
// this one allows half a million transactions a second.
func nextBlock(p ID, random uint64) (ID, bool) {
	const blockBits = 52
	random &= 1<<blockBits - 1
	low := binary.BigEndian.Uint64(p[8:]) | transactionMask
	low, carry := bits.Add64(low, random<<transactionBits, 1)
	high, carry := bits.Add64(binary.BigEndian.Uint64(p[:8]), random>>(64-transactionBits), carry)
	return makeID(high, low), carry == 0
}

func makeID(high, low uint64) (id ID) {
	binary.BigEndian.PutUint64(id[:8], high)
	binary.BigEndian.PutUint64(id[8:], low)
	return id
}
