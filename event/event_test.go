package event_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
)

func TestKindsOfEvents(t *testing.T) {
	creation, update := valid().Events[0], valid().Events[2]
	require.True(t, creation.IsCreation())
	require.False(t, update.IsCreation())
	require.False(t, update.IsJoin(), "it changes something")
	update.Ops = nil
	require.True(t, update.IsJoin())
	creation.Ops = nil
	require.False(t, creation.IsJoin(), "an empty entity")
}

func TestEventsOfAnEntry(t *testing.T) {
	e := &event.Entry{Tx: valid(), Added: valid().Events[:2]}
	var got []*event.Event
	for i, ev := range e.Events() {
		require.Len(t, got, i)
		got = append(got, ev)
	}
	require.Equal(t, slices.Concat(e.Tx.Events, e.Added), got)
	for i := range e.Events() {
		require.Zero(t, i, "stops when told to")
		break
	}
}

func TestDigestOrder(t *testing.T) {
	small, large := event.Digest{1}, event.Digest{1, 31: 1}
	require.Equal(t, []int{-1, 0, 1}, []int{small.Compare(large), small.Compare(small), large.Compare(small)})
	require.True(t, event.Digest{}.IsZero())
	require.False(t, small.IsZero())
	require.EqualValues(t, 1<<56, small.Short())
}

// TestTransactionLimits: too much in one transaction is refused when it is
// validated and when it is decoded.
func TestTransactionLimits(t *testing.T) {
	of := func(events int, e event.Event) *event.Transaction {
		tx := &event.Transaction{ID: event.ID{0x20}}
		for i := range events {
			one := e
			one.ID, one.Entity = tx.ID.Update(i+1), event.ID{0x10, 5: byte(i), 6: byte(i >> 8), 7: byte(i >> 16)}
			one.Precursors = event.Head{one.Entity}
			tx.Events = append(tx.Events, &one)
		}
		return tx
	}
	bare := event.Event{Collection: "c"}
	full := event.Event{Collection: "c", Ops: slices.Repeat([]event.Operation{{Kind: 1}}, event.MaxOps)}
	large := event.Event{Collection: "c", Ops: []event.Operation{{Kind: 1, Value: make([]byte, 15<<20)}}}
	for name, tc := range map[string]struct {
		tx *event.Transaction
		ok bool
	}{
		"most events":         {of(event.MaxTransactionEvents, bare), true},
		"too many events":     {of(event.MaxTransactionEvents+1, bare), false},
		"most operations":     {of(event.MaxTransactionOps/event.MaxOps, full), true},
		"too many operations": {of(event.MaxTransactionOps/event.MaxOps+1, full), false},
		"large":               {of(4, large), true},
		"too large":           {of(5, large), false},
	} {
		err := tc.tx.Validate()
		_, decoding := event.DecodeTransaction(tc.tx.AppendTo(nil))
		if tc.ok {
			require.NoError(t, err, name)
			require.NoError(t, decoding, name)
			continue
		}
		require.Error(t, err, name)
		require.Error(t, decoding, name)
	}
}

func TestMessages(t *testing.T) {
	for want, err := range map[string]error{
		"event: transaction 00000000000000000000000000 is 3m0s ahead of the clock, at most 2m0s is accepted": &event.SkewError{Ahead: 3 * time.Minute, Skew: 2 * time.Minute},
		"event: event 1: 65 precursors, the limit is 64":                                                     &event.LimitError{Of: "event 1", What: "precursors", Limit: 64, Got: 65},
		"event: 11 events read, the limit is 10":                                                             &event.LimitError{What: "events read", Limit: 10, Got: 11},
		"event: decode entry: a bad byte at byte 7":                                                          &event.DecodeError{What: "entry", Offset: 7, Reason: "a bad byte"},
		"event: event 00000000000000000000000000: no kind":                                                   &event.InvalidError{What: "event", Reason: "no kind"},
	} {
		require.EqualError(t, err, want)
	}
	for want, r := range map[string]event.Relation{
		"equal": event.Equal, "descends": event.Descends, "ascends": event.Ascends, "concurrent": event.Concurrent,
	} {
		require.Equal(t, want, r.String())
	}
}
