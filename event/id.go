package event

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/oklog/ulid/v2"
)

// An ID names an event, a transaction or an entity (whose ID is the ID of its
// creation event). It is a ULID: 48 bits of milliseconds since 1970, then 80
// bits that are random or counted. IDs compare as their bytes do, and so do
// their texts. The zero ID means none.
type ID [16]byte

// transactionBits is the number of low bits that are zero in a transaction's ID
// and number its update events.
const transactionBits = 20

const transactionMask = 1<<transactionBits - 1

// ParseID reads the 26 characters of Crockford's base 32 that [ID.String]
// writes; lower case is accepted.
func ParseID(s string) (ID, error) {
	u, err := ulid.ParseStrict(s)
	if err != nil {
		return ID{}, fmt.Errorf("event: %q is not an ID: %w", clip(s), err)
	}
	return ID(u), nil
}

// clip keeps a text that somebody else chose short enough for a message.
func clip(s string) string {
	const most = 64
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}

// String returns the ID as 26 characters.
func (id ID) String() string { return ulid.ULID(id).String() }

// AppendText appends the 26 characters of [ID.String] to b.
func (id ID) AppendText(b []byte) ([]byte, error) {
	n := len(b)
	b = append(b, make([]byte, ulid.EncodedSize)...)
	return b, ulid.ULID(id).MarshalTextTo(b[n:])
}

// MarshalText implements encoding.TextMarshaler.
func (id ID) MarshalText() ([]byte, error) {
	return id.AppendText(make([]byte, 0, ulid.EncodedSize))
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *ID) UnmarshalText(text []byte) error {
	parsed, err := ParseID(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

// IsZero reports whether id is the zero ID.
func (id ID) IsZero() bool { return id == ID{} }

// Compare returns -1, 0 or +1 as id sorts before, with or after other.
func (id ID) Compare(other ID) int { return bytes.Compare(id[:], other[:]) }

// Less reports whether id sorts before other.
func (id ID) Less(other ID) bool {
	a, b := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(other[:8])
	if a != b {
		return a < b
	}
	return binary.BigEndian.Uint64(id[8:]) < binary.BigEndian.Uint64(other[8:])
}

// Time is the moment that the ID's milliseconds name, in UTC.
func (id ID) Time() time.Time { return time.UnixMilli(id.millis()).UTC() }

// millis is the ID's time in milliseconds since 1970.
func (id ID) millis() int64 { return int64(binary.BigEndian.Uint64(id[:8]) >> 16) }

// Transaction is the ID of the transaction that an update event with this ID
// belongs to: id with its low 20 bits cleared. It says nothing about a creation
// event, whose ID is older than its transaction's.
func (id ID) Transaction() ID {
	low := binary.BigEndian.Uint64(id[8:])
	binary.BigEndian.PutUint64(id[8:], low&^transactionMask)
	return id
}

// offset is id's distance from its Transaction.
func (id ID) offset() int { return int(binary.BigEndian.Uint64(id[8:]) & transactionMask) }

// Update is the ID of the n-th update event, counted from 1, of the transaction
// id. It is meaningful for n from 1 to [MaxTransactionEvents].
func (id ID) Update(n int) ID {
	low := binary.BigEndian.Uint64(id[8:])
	binary.BigEndian.PutUint64(id[8:], low+uint64(n))
	return id
}
