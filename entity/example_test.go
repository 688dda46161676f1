package entity_test

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
)

// A collection, its view and its mutable are what generated code is made of. The
// store of these examples stands in for a node's session.
func ExampleCollection() {
	ctx, session := context.Background(), newStore()

	tx := session.Begin()
	album, err := Albums.Create(tx, Album{Name: "Parade", Artist: "Prince", Year: 1985})
	if err != nil {
		fmt.Println(err)
		return
	}
	album.SetYear(1986)
	album.SetRating(4.5)
	if _, err := tx.Commit(ctx); err != nil {
		fmt.Println(err)
		return
	}

	for album, err := range Albums.Fetch(ctx, session, "year > ? ORDER BY year LIMIT 10", 1985) {
		if err != nil {
			fmt.Println(err)
			return
		}
		rating, rated := album.Rating()
		fmt.Println(album.Name(), album.Year(), rating, rated)
	}
	// Output: Parade 1986 4.5 true
}

func ExampleCollection_Where() {
	ctx, session := context.Background(), newStore()
	if _, err := session.created(Album{Name: "Parade", Year: 1986}, Album{Name: "Batman", Year: 1989}); err != nil {
		fmt.Println(err)
		return
	}
	album, err := Albums.Where(AlbumYear.Gt(1980)).OrderBy(AlbumYear.Desc()).First(ctx, session)
	fmt.Println(album.Name(), err)
	// Output: Batman <nil>
}

// What goes wrong in a setter is told by the commit.
func ExampleDraft_Set() {
	ctx, session := context.Background(), newStore()
	tx := session.Begin()
	album, err := Albums.Create(tx, Album{Name: "Parade"})
	if err != nil {
		fmt.Println(err)
		return
	}
	album.Set(fieldYear, model.OfInt(1_000_000))
	_, err = tx.Commit(ctx)
	var field *entity.FieldError
	if errors.As(err, &field) {
		fmt.Println(field.Reason)
	}
	// Output: year: 1000000 does not fit int16
}

// Two writers who did not see each other: the younger write of a field wins,
// whatever the order in which the events come in.
func ExampleState_Apply() {
	clock := newClock()
	id, _ := clock.Mint()
	write := func(field, value string, precursors ...event.ID) *event.Event {
		t, _ := clock.MintTransaction()
		return &event.Event{
			ID: t.Update(1), Collection: "albums", Entity: id, Precursors: event.NewHead(precursors...),
			Ops: []event.Operation{{Kind: event.OpSet, Field: field, Value: model.OfString(value).AppendTo(nil)}},
		}
	}
	created := &event.Event{ID: id, Collection: "albums", Entity: id}
	older := write("name", "Parade", id)
	younger := write("name", "Parade (Deluxe)", id)

	history := newStore()
	for _, order := range [][]*event.Event{{created, older, younger}, {created, younger, older}} {
		state := entity.NewState("albums", id)
		for _, e := range order {
			if _, err := state.Apply(context.Background(), e, history); err != nil {
				fmt.Println(err)
			}
		}
		row := state.Row(albumSchema)
		fmt.Println(albumSchema.Value(&row, fieldName).Text(), len(state.Head()))
	}
	// Output:
	// Parade (Deluxe) 2
	// Parade (Deluxe) 2
}

// Replay folds a pile of events in any order.
func ExampleReplay() {
	session := newStore()
	ids, err := session.created(Album{Name: "Parade", Year: 1985})
	if err != nil {
		fmt.Println(err)
		return
	}
	tx := session.Begin()
	album, err := Albums.Edit(context.Background(), tx, ids[0])
	if err != nil {
		fmt.Println(err)
		return
	}
	album.SetYear(1986)
	built, err := tx.Commit(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	pile := []*event.Event{built.Events[0], session.events[ids[0]], built.Events[0]}
	folder, err := entity.Replay("albums", ids[0], slices.Values(pile))
	row := folder.State().Row(albumSchema)
	fmt.Println(entity.NewView(albumSchema, &row).Field(fieldYear), len(folder.Parked()), err)
	// Output: 1986 0 <nil>
}

func ExampleParking() {
	clock := newClock()
	id, _ := clock.Mint()
	t, _ := clock.MintTransaction()
	late := &event.Event{ID: t.Update(1), Collection: "albums", Entity: id, Precursors: event.Head{id}}

	parking := entity.NewParking(entity.ParkingOptions{Events: 1000})
	_, err := entity.NewState("albums", id).Apply(context.Background(), late, nil)
	var missing *entity.MissingError
	if errors.As(err, &missing) {
		fmt.Println("parked:", parking.Add(late, missing.Missing))
	}
	fmt.Println("ask for the creation event:", slices.Equal(parking.Missing(), []event.ID{id}))
	fmt.Println("released:", len(parking.Release(id)))
	// Output:
	// parked: <nil>
	// ask for the creation event: true
	// released: 1
}
