package reactor_test

import (
	"fmt"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node/reactor"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

var albums = model.NewSchema(model.Definition{Model: "Album", Collection: "albums", Fields: []model.Field{
	{Name: "year", Type: model.TypeInt},
}})

func album(id, head byte, year int64) *storage.Record {
	var b model.TupleBuilder
	b.Set("year", model.OfInt(year).AppendTo(nil))
	h := event.Head{{head}}
	return &storage.Record{
		Collection: "albums", Stamp: h.Stamp(), Row: model.Row{ID: event.ID{id}, Head: h, Values: b.Tuple()},
	}
}

func checked(text string) *query.Checked {
	q, err := query.Parse(text)
	if err != nil {
		panic(err)
	}
	c, err := q.Check(albums)
	if err != nil {
		panic(err)
	}
	return c
}

func Example() {
	r := reactor.New()
	sub, filling, err := r.Register(checked("year > 1985 ORDER BY year"), nil)
	if err != nil {
		panic(err)
	}
	// The rows come from a snapshot; here it has one album and covers the publications up to 7.
	parade := album(1, 1, 1986)
	err = filling.Fill([]*storage.Record{parade}, func(position any) bool { return position.(int) <= 7 })
	if err != nil {
		panic(err)
	}
	var years []int64
	show := func() {
		for set, ok := sub.Next(); ok; set, ok = sub.Next() {
			for _, c := range set.Changes {
				fmt.Println(c.Kind, c.OldIndex, "->", c.Index, c.Fields)
			}
			years = reactor.Patch(years, set, func(c *reactor.RowChange) int64 {
				return albums.Value(&c.Record.Row, 0).Int()
			})
			fmt.Println(years)
		}
	}
	show()
	r.Publish(reactor.Publication{Position: 8, Changes: []reactor.Change{
		{Collection: "albums", ID: event.ID{2}, After: album(2, 2, 1987)},
		{Collection: "albums", ID: event.ID{1}, Before: parade, After: album(1, 3, 1999)},
	}})
	show()
	// Output:
	// initial -1 -> 0 []
	// [1986]
	// added -1 -> 0 []
	// moved 0 -> 1 [year]
	// [1987 1999]
}

func ExampleFeed() {
	feed := reactor.NewFeed(checked("ORDER BY year LIMIT 2"))
	sub := feed.Subscribe(nil)
	feed.Replace("what the server has", []*storage.Record{album(1, 1, 1986), album(2, 2, 1982)}, nil)
	sub.Next()
	feed.Apply("a change of mine", []*storage.Record{album(3, 3, 1980)}, nil)
	set, _ := sub.Next()
	for _, c := range set.Changes {
		fmt.Println(c.Kind, c.Reason, albums.Value(&c.Record.Row, 0))
	}
	// Output:
	// removed limit 1986
	// added stayed 1980
}
