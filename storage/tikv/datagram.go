package tikv

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
)

// engineName is what an engine calls itself from when it is opened until it is closed.
type engineName [16]byte

// secret is what senders to one engine prove with that they can read the store.
type secret [32]byte

// A datagram says how often its sender has written. On the wire it is, in order:
//
//	4   "ank", and 1 for this format
//	16  the sender's name
//	8   the number of the datagram, greater than those of all before it
//	8   how often the sender has written
//	32  HMAC-SHA256 of all that, by the receiver's secret
//
// with numbers in big endian.
type datagram struct {
	from           engineName
	number, writes uint64
}

const (
	datagramMagic = "ank\x01"
	datagramBody  = len(datagramMagic) + len(engineName{}) + 8 + 8
	datagramSize  = datagramBody + sha256.Size
)

// seal returns the datagram for the engine that has a secret.
func (d datagram) seal(to secret) []byte {
	b := make([]byte, 0, datagramSize)
	b = append(append(b, datagramMagic...), d.from[:]...)
	b = binary.BigEndian.AppendUint64(b, d.number)
	b = binary.BigEndian.AppendUint64(b, d.writes)
	return append(b, proof(b, to)...)
}

// unseal reads a datagram, and reports whether its sender knows the secret.
func unseal(b []byte, own secret) (d datagram, ok bool) {
	if len(b) != datagramSize || string(b[:len(datagramMagic)]) != datagramMagic {
		return d, false
	}
	if !hmac.Equal(b[datagramBody:], proof(b[:datagramBody], own)) {
		return d, false
	}
	rest := b[len(datagramMagic):]
	n := copy(d.from[:], rest)
	d.number = binary.BigEndian.Uint64(rest[n:])
	d.writes = binary.BigEndian.Uint64(rest[n+8:])
	return d, true
}

func proof(body []byte, key secret) []byte {
	mac := hmac.New(sha256.New, key[:])
	mac.Write(body)
	return mac.Sum(nil)
}
