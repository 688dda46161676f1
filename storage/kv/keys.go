package kv

import (
	"encoding/binary"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/internal/codec"
)

// The first byte of a key names its table. FORMAT in doc.go lists all of them
// byte by byte.
const (
	tableEvents  = 'e'
	tableIndexes = 'i'
	tableLogs    = 'l'
	tableMeta    = 'm'
	tableStates  = 's'
)

// The second byte of a key in the meta table.
const (
	metaCollection = 'c'
	metaFormat     = 'f'
	metaIndex      = 'i'
	metaOrigin     = 'o'
	metaPosition   = 'p'
	metaSignedHead = 's'
	metaUser       = 'u'
	metaVersion    = 'v'
)

const idSize = len(event.ID{})

// appendLogPrefix begins the keys of one origin's log.
func appendLogPrefix(b []byte, origin uint64) []byte {
	return codec.AppendUvarint(append(b, tableLogs), origin)
}

func appendLogKey(b []byte, origin, seq uint64) []byte {
	return codec.AppendUint64(appendLogPrefix(b, origin), seq)
}

// appendEventsPrefix begins the keys of one entity's events.
func appendEventsPrefix(b []byte, entity event.ID) []byte {
	return append(append(b, tableEvents), entity[:]...)
}

func appendEventKey(b []byte, entity, id event.ID) []byte {
	return append(appendEventsPrefix(b, entity), id[:]...)
}

// appendStatesPrefix begins the keys of one collection's records.
func appendStatesPrefix(b []byte, collection uint64) []byte {
	return codec.AppendUvarint(append(b, tableStates), collection)
}

func appendStateKey(b []byte, collection uint64, id event.ID) []byte {
	return append(appendStatesPrefix(b, collection), id[:]...)
}

// appendIndexPrefix begins the keys of one index.
func appendIndexPrefix(b []byte, index uint64) []byte {
	return codec.AppendUvarint(append(b, tableIndexes), index)
}

func appendMetaKey(b []byte, sub byte, rest string) []byte {
	return append(append(b, tableMeta, sub), rest...)
}

func appendMetaNumber(b []byte, sub byte, n uint64) []byte {
	return codec.AppendUvarint(append(b, tableMeta, sub), n)
}

// lastID is the ID that a key of the state or index tables ends with.
func lastID(key []byte) event.ID {
	return event.ID(key[len(key)-idSize:])
}

// logSeq is the sequence number that a key of the log table ends with.
func logSeq(key []byte) uint64 {
	return binary.BigEndian.Uint64(key[len(key)-8:])
}

// successor appends the least key that is greater than every key with the given
// prefix, and nothing if there is none, which Reader.Scan reads as no bound.
func successor(b, prefix []byte) []byte {
	n := len(prefix)
	for n > 0 && prefix[n-1] == 0xFF {
		n--
	}
	if n == 0 {
		return b
	}
	b = append(b, prefix[:n]...)
	b[len(b)-1]++
	return b
}

// scanPrefix walks over all keys with a prefix.
func scanPrefix(r Reader, prefix []byte, reverse bool) Iterator {
	return r.Scan(prefix, successor(nil, prefix), reverse)
}
