package wire_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node/wire"
)

// alike returns rows of one collection, as they were created but for the second. The
// fourth has no values, the last has one more.
func alike(n int) []wire.Row {
	rows := make([]wire.Row, n)
	for i := range rows {
		var values model.TupleBuilder
		values.Set("name", model.OfString(fmt.Sprint("album ", i)).AppendTo(nil))
		if n > 1 && i == n-1 {
			values.Set("year", model.OfInt(1986).AppendTo(nil))
		}
		rows[i].Row = model.Row{ID: id(byte(i)), Head: event.NewHead(id(byte(i))), Values: values.Tuple()}
	}
	if n > 3 {
		rows[1].Row.Head, rows[1].Merge = event.NewHead(id(200)), []byte{1}
		rows[3].Row.Values = model.Tuple{}
	}
	return rows
}

// TestRowsLeaveOutWhatGoesWithoutSaying: names but once, and the heads of what was only
// created.
func TestRowsLeaveOutWhatGoesWithoutSaying(t *testing.T) {
	encoded := wire.Append(nil, &wire.Rows{Rows: alike(5)})
	require.Equal(t, 2, bytes.Count(encoded, []byte("name")), "the second time beside year")
	require.Equal(t, 1, bytes.Count(encoded, []byte("year")))
	for i := range 5 {
		whose := id(byte(i))
		require.Equal(t, 1, bytes.Count(encoded, whose[:]), "row %d", i)
	}
	departed := &wire.Rows{Rows: alike(1), Departures: []wire.Departure{{ID: id(0), Reason: wire.NoMatch, Last: &alike(1)[0]}}}
	require.Equal(t, 1, bytes.Count(wire.Append(nil, departed), []byte("name")))
}

// TestRowsSayNothingTwice: each message has one encoding.
func TestRowsSayNothingTwice(t *testing.T) {
	rows := alike(2)[:1]
	rows = append(rows, alike(1)...)
	rows[1].Row.ID, rows[1].Row.Head = id(7), event.NewHead(id(7))
	encoded := wire.Append(nil, &wire.Rows{Rows: rows})
	seven := id(7)
	at := bytes.Index(encoded, seven[:]) + len(seven)
	require.Equal(t, byte(2|4), encoded[at])
	values, names := rows[1].Row.Values.Bytes(), rows[1].Row.Values.Names()
	require.Equal(t, byte(len(values)-len(names)), encoded[at+1])
	with := func(flags byte, middle []byte) []byte {
		out := append(bytes.Clone(encoded[:at]), flags)
		out = append(out, middle...)
		return append(out, encoded[at+2+len(values)-len(names):]...)
	}
	rest := append([]byte{byte(len(values) - len(names))}, values[len(names):]...)
	m, err := wire.Decode(with(2|4, rest))
	require.NoError(t, err)
	require.Equal(t, values, m.(*wire.Rows).Rows[1].Row.Values.Bytes())
	for _, c := range []struct {
		name    string
		encoded []byte
		reason  string
	}{
		{"names", with(2, append([]byte{byte(len(values))}, values...)), "names that go without saying"},
		{"head", with(4, append(append([]byte{1}, seven[:]...), rest...)), "head that goes without saying"},
		{"flag", with(2|4|8, rest), "unknown flags"},
		{"no values", with(2|4, []byte{0}), "no values"},
	} {
		_, err := wire.Decode(c.encoded)
		require.ErrorContains(t, err, c.reason, c.name)
	}
	zero := id(0)
	first := bytes.Index(encoded, zero[:]) + len(seven)
	encoded[first] |= 4
	_, err = wire.Decode(encoded)
	require.ErrorContains(t, err, "no names before it")
}

// TestNamesLeftOutAreBounded: a message does not become much larger when it is decoded.
func TestNamesLeftOutAreBounded(t *testing.T) {
	var values model.TupleBuilder
	for i := range 100 {
		values.Set(fmt.Sprintf("%03d%s", i, strings.Repeat("x", 200)), model.OfInt(1).AppendTo(nil))
	}
	rows := make([]wire.Row, wire.MaxItems)
	for i := range rows {
		rows[i].Row = model.Row{ID: id(1), Head: event.NewHead(id(1)), Values: values.Tuple()}
	}
	few := wire.MaxMessage / len(values.Tuple().Names())
	_, err := wire.Decode(wire.Append(nil, &wire.Rows{Rows: rows[:few+1]}))
	require.NoError(t, err)
	encoded := wire.Append(nil, &wire.Rows{Rows: rows})
	require.Less(t, len(encoded), wire.MaxMessage/8)
	_, err = wire.Decode(encoded)
	require.ErrorContains(t, err, "too many names")
}

// TestRowsHaveMemoryOfTheirOwn: what is kept of a message does not keep all of it.
func TestRowsHaveMemoryOfTheirOwn(t *testing.T) {
	want := alike(5)
	encoded := wire.Append(nil, &wire.Rows{Rows: want})
	m, err := wire.Decode(encoded)
	require.NoError(t, err)
	clear(encoded)
	for i, row := range m.(*wire.Rows).Rows {
		require.Equal(t, want[i].Row.Values, row.Row.Values)
		require.Equal(t, want[i].Merge, row.Merge)
	}
}

// TestHeadsAreSortedAndDistinct: a head has one encoding.
func TestHeadsAreSortedAndDistinct(t *testing.T) {
	row := alike(1)[0]
	for _, head := range []event.Head{{id(8), id(7)}, {id(7), id(7)}, {id(7), id(9), id(8)}} {
		row.Row.Head = head
		_, err := wire.Decode(wire.Append(nil, &wire.Rows{Rows: []wire.Row{row}}))
		require.ErrorContains(t, err, "not sorted and distinct")
	}
	row.Row.Head = event.Head{id(7), id(8), id(9)}
	_, err := wire.Decode(wire.Append(nil, &wire.Rows{Rows: []wire.Row{row}}))
	require.NoError(t, err)
}
