package event

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/ankgo/ank/internal/codec"
)

// A Position is the address of an entry: the Seq-th of Origin's log. Short, the
// first 8 bytes of the entry's hash, tells logs apart that forked.
type Position struct {
	Origin Origin
	Seq    uint64
	Short  uint64
}

// A Cursor is a position in a set of logs: for each origin, the last entry
// that is covered. Cursors are immutable values and safe for concurrent use. The
// zero Cursor covers nothing.
type Cursor struct {
	positions []Position // sorted by origin, each Seq > 0
}

// NewCursor returns the cursor at the given positions. Of several positions of
// one origin the last one counts.
func NewCursor(positions ...Position) Cursor {
	var c Cursor
	for _, p := range positions {
		c = c.With(p)
	}
	return c
}

func (c Cursor) find(o Origin) (int, bool) {
	return slices.BinarySearchFunc(c.positions, o, func(p Position, o Origin) int {
		return bytes.Compare(p.Origin[:], o[:])
	})
}

// At returns the position in origin's log, and whether the cursor has one.
func (c Cursor) At(origin Origin) (Position, bool) {
	i, ok := c.find(origin)
	if !ok {
		return Position{}, false
	}
	return c.positions[i], true
}

// With returns the cursor whose position in p's log is p, whatever it was
// before. A position with Seq 0 is that of a log not covered at all.
func (c Cursor) With(p Position) Cursor {
	if p.Seq == 0 {
		return c.Without(p.Origin)
	}
	i, found := c.find(p.Origin)
	if found {
		next := slices.Clone(c.positions)
		next[i] = p
		return Cursor{next}
	}
	next := make([]Position, 0, len(c.positions)+1)
	next = append(append(append(next, c.positions[:i]...), p), c.positions[i:]...)
	return Cursor{next}
}

// Without returns the cursor without a position in origin's log.
func (c Cursor) Without(origin Origin) Cursor {
	i, found := c.find(origin)
	switch {
	case !found:
		return c
	case len(c.positions) == 1:
		return Cursor{} // one form of the cursor that covers nothing
	}
	return Cursor{slices.Delete(slices.Clone(c.positions), i, i+1)}
}

// Merge returns the cursor that covers what c or other covers.
func (c Cursor) Merge(other Cursor) Cursor {
	if c.Covers(other) {
		return c
	}
	merged := c
	for _, p := range other.positions {
		if !merged.CoversPosition(p.Origin, p.Seq) {
			merged = merged.With(p)
		}
	}
	return merged
}

// Covers reports whether c is at or beyond other in every log. Positions with
// one seq and two hashes lie in forked logs; neither covers the other.
func (c Cursor) Covers(other Cursor) bool {
	for _, p := range other.positions {
		own, ok := c.At(p.Origin)
		if !ok || own.Seq < p.Seq || own.Seq == p.Seq && own.Short != p.Short {
			return false
		}
	}
	return true
}

// CoversPosition reports whether c is at or beyond entry seq of origin's log.
// It is true for seq 0.
func (c Cursor) CoversPosition(origin Origin, seq uint64) bool {
	p, _ := c.At(origin)
	return p.Seq >= seq
}

// Equal reports whether both cursors hold the same positions.
func (c Cursor) Equal(other Cursor) bool { return slices.Equal(c.positions, other.positions) }

// IsZero reports whether c covers nothing.
func (c Cursor) IsZero() bool { return len(c.positions) == 0 }

// Len is the number of logs in which c has a position.
func (c Cursor) Len() int { return len(c.positions) }

// Positions returns a copy of the cursor's positions, sorted by origin.
func (c Cursor) Positions() []Position { return slices.Clone(c.positions) }

// String lists the positions as shortened origin:seq, for people to read.
func (c Cursor) String() string {
	var b strings.Builder
	b.WriteByte('{')
	for i, p := range c.positions {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(p.Origin.Short() + ":" + strconv.FormatUint(p.Seq, 10))
	}
	b.WriteByte('}')
	return b.String()
}

const minPosition = 32 + 1 + 8

// AppendTo appends the cursor's encoding to b.
func (c Cursor) AppendTo(b []byte) []byte {
	b = append(b, formatVersion)
	b = codec.AppendUvarint(b, uint64(len(c.positions)))
	for i := range c.positions {
		p := &c.positions[i]
		b = append(b, p.Origin[:]...)
		b = codec.AppendUvarint(b, p.Seq)
		b = codec.AppendUint64(b, p.Short)
	}
	return b
}

// DecodeCursor decodes what [Cursor.AppendTo] wrote, all of b.
func DecodeCursor(b []byte) (Cursor, error) {
	r, err := open("cursor", b, 16+MaxCursorOrigins*(minPosition+codec.MaxVarint))
	if err != nil {
		return Cursor{}, err
	}
	positions := make([]Position, r.Count(MaxCursorOrigins, minPosition))
	for i := range positions {
		p := &positions[i]
		copy(p.Origin[:], r.Fixed(len(p.Origin)))
		p.Seq = r.Uvarint()
		p.Short = r.Uint64()
		if p.Seq == 0 {
			r.Fail("a position before the first entry")
		}
		if i > 0 && bytes.Compare(positions[i-1].Origin[:], p.Origin[:]) >= 0 {
			r.Fail("a cursor that is not sorted by origin")
		}
		if r.Err() != nil {
			break
		}
	}
	if err := finish(&r, "cursor"); err != nil {
		return Cursor{}, err
	}
	if len(positions) == 0 {
		return Cursor{}, nil
	}
	return Cursor{positions}, nil
}
