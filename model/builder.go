package model

import (
	"slices"

	"github.com/ankgo/ank/internal/codec"
)

// A TupleBuilder collects names and values for a [Tuple]. The zero TupleBuilder
// is empty and ready; after [TupleBuilder.Reset] it can be used again, without
// new allocations but the tuple's own. It is not safe for concurrent use.
type TupleBuilder struct {
	names  []string
	values [][]byte
}

// Set gives name a value, as [Value.AppendTo] encoded it, in place of an earlier
// one. The builder keeps encoded until the next Reset and does not look into it.
// Names are 1 to [MaxTupleName] bytes, and at most [MaxTupleFields]: a tuple beyond
// that cannot be read. Setting them in order is fastest.
func (b *TupleBuilder) Set(name string, encoded []byte) {
	n := len(b.names)
	if n == 0 || b.names[n-1] < name {
		b.names = append(b.names, name)
		b.values = append(b.values, encoded)
		return
	}
	i, found := slices.BinarySearch(b.names, name)
	if found {
		b.values[i] = encoded
		return
	}
	b.names = slices.Insert(b.names, i, name)
	b.values = slices.Insert(b.values, i, encoded)
}

// Len is the number of names set.
func (b *TupleBuilder) Len() int { return len(b.names) }

// Reset forgets all names and values.
func (b *TupleBuilder) Reset() {
	clear(b.names)
	clear(b.values)
	b.names, b.values = b.names[:0], b.values[:0]
}

// Tuple returns what was set as a tuple of its own, in one allocation.
func (b *TupleBuilder) Tuple() Tuple {
	n := len(b.names)
	if n == 0 {
		return Tuple{}
	}
	block, total := codec.SizeUvarint(uint64(n)), 0
	for i, name := range b.names {
		block += nameSize(name)
		total += len(b.values[i])
	}
	width := widthFor(total)
	out := make([]byte, 0, codec.SizeBytes(block)+1+n*width+total)
	out = codec.AppendUvarint(out, uint64(block))
	out = codec.AppendUvarint(out, uint64(n))
	for _, name := range b.names {
		out = codec.AppendString(out, name)
	}
	out = append(out, byte(width))
	end := 0
	for _, v := range b.values {
		end += len(v)
		out = appendEnd(out, width, end)
	}
	for _, v := range b.values {
		out = append(out, v...)
	}
	return Tuple{out}
}
