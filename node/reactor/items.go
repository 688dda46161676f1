package reactor

import (
	"iter"

	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// Items is a result as it was at one moment, in its order. It is immutable and safe for concurrent use;
// taking one copies nothing. The zero Items is empty.
type Items struct {
	// Position is that of the newest publication that went in, nil if there was none since the
	// reactor was made. Rows that were read at a newer snapshot may show more than that.
	Position any

	rows     rows
	from, to int
	order    *query.Checked // nil: of IDs
}

// Len is the number of rows.
func (s Items) Len() int { return s.to - s.from }

// At returns the row at an index from 0 to Len()-1, in logarithmic time.
func (s Items) At(i int) *storage.Record { return s.rows.at(s.from + i) }

// All yields the rows and their indices.
func (s Items) All() iter.Seq2[int, *storage.Record] {
	return func(yield func(int, *storage.Record) bool) {
		i := 0
		for x := range s.rows.from(s.from) {
			if i >= s.Len() || !yield(i, x) {
				return
			}
			i++
		}
	}
}

// Slice returns the rows as a new slice.
func (s Items) Slice() []*storage.Record {
	list := make([]*storage.Record, 0, s.Len())
	for _, x := range s.All() {
		list = append(list, x)
	}
	return list
}
