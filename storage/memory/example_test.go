package memory_test

import (
	"context"
	"fmt"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/kv"
	"github.com/ankgo/ank/storage/memory"
)

// albumSchema has one field and an index over it.
func albumSchema() *model.Schema {
	return model.NewSchema(model.Definition{
		Model: "Album", Collection: "albums",
		Fields:  []model.Field{{Name: "year", Type: model.TypeInt}},
		Indexes: []model.Index{{Name: "by_year", Columns: []model.IndexColumn{{Field: 0}}}},
	})
}

// albumRecord is the state of an album that one event created.
func albumRecord(id event.ID, year int64) *storage.Record {
	var values model.TupleBuilder
	values.Set("year", model.OfInt(year).AppendTo(nil))
	head := event.Head{id}
	return &storage.Record{
		Collection: "albums",
		Row:        model.Row{ID: id, Head: head, Values: values.Tuple()},
		Stamp:      head.Stamp(),
	}
}

// An engine stores what a node gives it and answers from snapshots. This is what
// a node does, in small.
func Example() {
	ctx := context.Background()
	engine, err := memory.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer engine.Close()
	albums := albumSchema()
	if err := engine.Register(ctx, albums); err != nil {
		fmt.Println(err)
		return
	}
	batch := new(storage.Batch)
	for i, year := range []int64{1986, 1985, 1987} {
		record := albumRecord(event.ID{15: byte(i + 1)}, year)
		batch.States = append(batch.States, storage.StateChange{Record: record})
	}
	if err := engine.Commit(ctx, batch); err != nil {
		fmt.Println(err)
		return
	}

	snapshot, err := engine.Snapshot(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer snapshot.Close()
	parsed, err := query.Parse("year >= 1986 ORDER BY year DESC")
	if err != nil {
		fmt.Println(err)
		return
	}
	checked, err := parsed.Check(albums)
	if err != nil {
		fmt.Println(err)
		return
	}
	for record, err := range snapshot.Select(ctx, plan.New(checked, albums.Indexes())) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(albums.Value(&record.Row, 0))
	}
	// Output:
	// 1987
	// 1986
}

// A store outlives its engines, as a disk would.
func ExampleStore() {
	ctx := context.Background()
	store := memory.NewStore()
	engine, err := store.Open(ctx, kv.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = store.Open(ctx, kv.Options{})
	fmt.Println(err)
	err = engine.Commit(ctx, &storage.Batch{Meta: []storage.MetaChange{{Key: "greeting", Value: []byte("hello")}}})
	if err != nil {
		fmt.Println(err)
	}
	if err := engine.Close(); err != nil {
		fmt.Println(err)
	}

	engine, err = store.Open(ctx, kv.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer engine.Close()
	snapshot, err := engine.Snapshot(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer snapshot.Close()
	value, err := snapshot.Meta(ctx, "greeting")
	fmt.Println(string(value), err)
	// Output:
	// storage is in use
	// hello <nil>
}
