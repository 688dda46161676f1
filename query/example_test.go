package query_test

import (
	"errors"
	"fmt"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// records is a small model. Generated code makes one for each annotated struct.
var records = model.NewSchema(model.Definition{
	Model: "Record", Collection: "records",
	Fields: []model.Field{
		{Name: "name", Type: model.TypeString},
		{Name: "year", Type: model.TypeInt},
		{Name: "genre", Type: model.TypeString, Optional: true},
	},
})

func ExampleParse() {
	q, err := query.Parse("year > 1985 and not (genre = 'Funk' or genre is null) order by year desc limit 3")
	fmt.Println(q, err)
	// Output:
	// year > 1985 AND NOT (genre = 'Funk' OR genre IS NULL) ORDER BY year DESC LIMIT 3 <nil>
}

func ExampleQuery_Bind() {
	q, _ := query.Parse("year > ? AND genre IN (:genres)")
	q, err := q.Bind(1985, query.Named{"genres": []string{"Funk", "Rock 'n' Roll"}})
	fmt.Println(q, err)
	// Output:
	// year > 1985 AND genre IN ('Funk', 'Rock ''n'' Roll') <nil>
}

func ExampleQuery_Check() {
	q, _ := query.Parse("NOT (year <= 1985.5 OR genre != 'Funk')")
	c, err := q.Check(records)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c)

	var b model.TupleBuilder
	b.Set("genre", model.OfString("Funk").AppendTo(nil))
	b.Set("year", model.OfInt(1986).AppendTo(nil))
	fmt.Println(c.Match(&model.Row{Values: b.Tuple()}))
	// Output:
	// year > 1985 AND genre = 'Funk'
	// true
}

func ExampleChecked_Equal() {
	one, _ := query.Parse("year > 1985 AND genre = 'Funk'")
	same, _ := query.Parse("year > 1985 and (genre='Funk')")
	other, _ := query.Parse("NOT (genre != 'Funk' OR year <= 1985)")
	fmt.Println(one.Equal(same), one.Equal(other))

	a, _ := one.Check(records)
	b, _ := other.Check(records)
	fmt.Println(a.Equal(b))
	// Output:
	// true false
	// true
}

func ExampleError() {
	q, _ := query.Parse("yaer > 1985 ORDER BY name")
	_, err := q.Check(records)
	fmt.Println(err)
	var e *query.Error
	if errors.As(err, &e) {
		fmt.Println(e.Caret())
	}
	// Output:
	// query 1:1: Record has no column "yaer" (did you mean year?)
	// yaer > 1985 ORDER BY name
	// ^^^^
}

// Record is the struct that the columns below belong to.
type Record struct {
	Name  string
	Year  int
	Genre *string
}

// Generated code declares the columns of a model like this.
const (
	RecordName query.Text[Record, string] = "name"
	RecordYear query.Number[Record, int]  = "year"
)

func ExampleWhere() {
	recent := RecordYear.Gt(1985).And(RecordName.Ne("Parade"))
	fmt.Println(query.Where(recent).OrderBy(RecordYear.Desc(), RecordName.Asc()).Limit(10).Query())
	// Output:
	// year > 1985 AND name != 'Parade' ORDER BY year DESC, name LIMIT 10
}
