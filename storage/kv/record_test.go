package kv

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
)

// FuzzDecodeRow feeds the decoder whatever bytes a broken disk may hold. What it
// accepts, it writes again in the same way.
func FuzzDecodeRow(f *testing.F) {
	id := event.ID{1}
	var values model.TupleBuilder
	values.Set("year", model.OfInt(1986).AppendTo(nil))
	row := model.Row{ID: id, Head: event.NewHead(id, event.ID{2}), Deleted: true, Values: values.Tuple()}
	f.Add(append(appendRow(nil, &row), "merge"...))
	f.Add(appendRow(nil, &model.Row{Head: event.Head{id}}))
	f.Add([]byte{})
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, b []byte) {
		var row model.Row
		merge, err := decodeRow(&row, id, b)
		if err != nil {
			return
		}
		require.Equal(t, b, append(appendRow(nil, &row), merge...))
		for range row.Values.All() {
			continue
		}
	})
}

// FuzzDecodeAddress does the same for the addresses of events.
func FuzzDecodeAddress(f *testing.F) {
	f.Add([]byte{1, 2, 3})
	f.Add([]byte{1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := decodeAddress(event.ID{1}, b)
		if err == nil {
			require.GreaterOrEqual(t, a.index, 0)
		}
	})
}
