package event_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/event/eventtest"
)

// A clock mints IDs in causal order, even when the wall clock stands still or
// an ID from elsewhere is ahead of it.
func ExampleClock() {
	noon := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	clock := event.NewClock(event.ClockOptions{
		Now:  func() time.Time { return noon },
		Rand: eventtest.Bytes(1), // crypto/rand by default
	})
	entity, err := clock.Mint()
	if err != nil {
		fmt.Println(err)
		return
	}
	tx, err := clock.MintTransaction(entity)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(entity.Less(tx), tx.Update(1).Transaction() == tx)
	fmt.Println(entity.Time().Format(time.TimeOnly))
	// Output:
	// true true
	// 12:00:00
}

func ExampleHead_With() {
	a, b, c := event.ID{1}, event.ID{2}, event.ID{3}
	head := event.Head{a}
	head = head.With(b, event.Head{a}) // b saw a
	head = head.With(c, event.Head{a}) // so did c: the two are concurrent
	fmt.Println(head.Equal(event.Head{b, c}))
	// Output: true
}

// precursors is a graph that a map holds.
type precursors map[event.ID]event.Head

func (p precursors) Precursors(_ context.Context, id event.ID) (event.Head, error) {
	head, ok := p[id]
	if !ok {
		return nil, errors.New("unknown event")
	}
	return head, nil
}

func ExampleCompare() {
	a, b, c, d := event.ID{1}, event.ID{2}, event.ID{3}, event.ID{4}
	graph := precursors{a: nil, b: {a}, c: {a}, d: {b, c}}
	ctx := context.Background()
	for _, head := range []event.Head{{d}, {c}, {b, c}} {
		relation, err := event.Compare(ctx, graph, head, event.Head{b}, 100)
		fmt.Println(relation, err)
	}
	missing, err := event.Missing(ctx, graph, event.Head{b}, event.Head{d}, 100)
	fmt.Println(len(missing), missing[0] == c, missing[1] == d, err)
	// Output:
	// descends <nil>
	// concurrent <nil>
	// descends <nil>
	// 2 true true <nil>
}

func ExampleEvent_Erase() {
	id := event.ID{1}
	e := &event.Event{
		ID: id, Entity: id, Collection: "person", Salt: event.Salt{42},
		Ops: []event.Operation{{Field: "name", Kind: event.OpSet, Value: []byte("Ada")}},
	}
	erased := e.Erase(0)
	fmt.Println(erased.Digest() == e.Digest(), len(erased.Ops[0].Value))
	// Output: true 0
}

// The verifier takes what an origin logged, and names what does not belong.
func ExampleLogVerifier() {
	key, err := event.NewKey(eventtest.Bytes(1)) // crypto/rand.Reader, really
	if err != nil {
		fmt.Println(err)
		return
	}
	var prev event.Digest
	verifier := event.NewLogVerifier(key.Public(), event.Position{})
	for seq := range uint64(3) {
		id := event.ID{1, 15: byte(seq)}
		entry := &event.Entry{
			Origin: key.Public(), Seq: seq + 1, Prev: prev, Author: "ada",
			Tx: &event.Transaction{ID: event.ID{2}, Events: []*event.Event{{ID: id, Entity: id, Collection: "person"}}},
		}
		prev = entry.Hash()
		if seq == 1 {
			entry.Author = "eve"
		}
		if err := verifier.Entry(entry); err != nil {
			fmt.Println(err)
		}
	}
	// Output: event: log of origin 71eb2079: entry 2 is tampered with (verified up to 0)
}

func ExampleCursor() {
	origin := event.Origin{0xab, 0xcd}
	before := event.NewCursor(event.Position{Origin: origin, Seq: 7})
	now := before.With(event.Position{Origin: origin, Seq: 9})
	fmt.Println(now, now.Covers(before), now.CoversPosition(origin, 10))
	// Output: {abcd0000:9} true false
}
