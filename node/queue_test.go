package node

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
)

// TestATwinInheritsThePlace: a transaction that was handed in twice and put back is
// not lost when the first owner gives up.
func TestATwinInheritsThePlace(t *testing.T) {
	q, limits := newQueue(), new(Limits)
	limits.fill()
	handIn := func() *request {
		r := newRequest("ada", &event.Transaction{ID: event.ID{1}})
		require.NoError(t, q.push(r))
		return r
	}
	first, second, third := handIn(), handIn(), handIn()
	require.Len(t, q.drain(limits, new(batch), nil), 3)
	q.join(first, second)
	q.join(first, third)
	require.False(t, q.withdraw(second), "it goes its way without an owner")
	waits, done, returned := q.watch(third)
	require.False(t, waits)
	q.putBack([]*request{first})
	<-returned
	_, _, returned = q.watch(third)

	require.True(t, q.withdraw(first))
	<-returned
	decided, waits := q.look(third)
	require.False(t, decided)
	require.True(t, waits)
	require.Equal(t, []*request{third}, q.drain(limits, new(batch), nil))
	third.receipt.Status = Accepted
	q.decide([]*request{third})
	<-done
	require.Equal(t, Accepted, second.receipt.Status)
	require.Empty(t, q.taken)
	require.Empty(t, q.waiting)

	first, second = handIn(), handIn()
	q.drain(limits, new(batch), nil)
	q.join(first, second)
	q.withdraw(second)
	q.putBack([]*request{first})
	require.True(t, q.withdraw(first))
	decided, _ = q.look(second)
	require.True(t, decided, "nobody waits for it any more, and nothing happened")
	require.ErrorIs(t, second.err, ErrUnknownTransaction)
	require.Empty(t, q.taken)
}
