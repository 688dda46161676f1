package entity

import (
	"bytes"

	"github.com/ankgo/ank/event"
)

// Resolve decides between two events with one ID. With one digest they are the
// same event: winner then lacks every value that either of them lacks, so that an
// erasure holds wherever it becomes known, and loser is nil. With two digests
// somebody equivocated: the event with the smaller digest is the event
// everywhere, and loser is to be quarantined. The answer does not depend on the
// order of the arguments; when it is equal to a, winner is a itself.
func Resolve(a, b *event.Event) (winner, loser *event.Event) {
	da, db := a.Digest(), b.Digest()
	switch bytes.Compare(da[:], db[:]) {
	case -1:
		return a, b
	case 1:
		return b, a
	}
	for i := range b.Ops {
		if b.Ops[i].Erased != nil {
			a = a.Erase(i)
		}
	}
	return a, nil
}
