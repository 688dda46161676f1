package storagetest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
)

// albumFields has a field of every type.
func albumFields() []model.Field {
	return []model.Field{
		{Name: "name", Type: model.TypeString},
		{Name: "artist", Type: model.TypeString, Optional: true},
		{Name: "year", Type: model.TypeInt, Bits: 16},
		{Name: "score", Type: model.TypeFloat},
		{Name: "released", Type: model.TypeTime, Optional: true},
		{Name: "live", Type: model.TypeBool},
		{Name: "label", Type: model.TypeID, Optional: true},
		{Name: "tags", Type: model.TypeJSON},
		{Name: "cover", Type: model.TypeBytes},
		{Name: "plays", Type: model.TypeUint},
		{Name: "length", Type: model.TypeDuration, Optional: true},
	}
}

// albumIndexes has ascending and descending columns, several columns, columns
// that every collection has, covering indexes, and indexes of words.
func albumIndexes() []model.Index {
	column := func(names ...string) []model.IndexColumn {
		s := model.NewSchema(model.Definition{Model: "Album", Collection: "albums", Fields: albumFields()})
		var columns []model.IndexColumn
		for _, name := range names {
			name, desc := strings.CutSuffix(name, " desc")
			n, _ := s.Field(name)
			columns = append(columns, model.IndexColumn{Field: n, Desc: desc})
		}
		return columns
	}
	return []model.Index{
		{Name: "by_name", Columns: column("name desc")},
		{Name: "by_artist", Columns: column("artist", "year desc")},
		{Name: "by_year", Columns: column("year"), Covering: true},
		{Name: "by_score", Columns: column("score desc", "name")},
		{Name: "by_released", Columns: column("released desc")},
		{Name: "by_live", Columns: column("live", "plays desc", "artist desc"), Covering: true},
		{Name: "by_label", Columns: column("label")},
		{Name: "by_cover", Columns: column("cover")},
		{Name: "by_updated", Columns: column("updated desc")},
		{Name: "by_year_again", Columns: column("year"), Covering: true},
		{Name: "words", Columns: column("name"), FullText: true},
		{Name: "artist_words", Columns: column("artist"), FullText: true},
		{Name: "tag_words", Columns: column("tags"), FullText: true},
	}
}

// Albums returns the schema that most cases use, with fields of every type and
// indexes of every kind. Every call makes a new one.
func Albums() *model.Schema {
	return AlbumsWith(albumIndexes()...)
}

// AlbumsWith returns the schema of the same collection with other indexes.
func AlbumsWith(indexes ...model.Index) *model.Schema {
	return model.NewSchema(model.Definition{
		Model: "Album", Collection: "albums", Fields: albumFields(), Indexes: indexes,
	})
}

// Labels returns the schema of a second collection, without indexes.
func Labels() *model.Schema {
	return model.NewSchema(model.Definition{
		Model: "Label", Collection: "labels", Fields: []model.Field{{Name: "name", Type: model.TypeString}},
	})
}

// Ask parses and checks a query.
func (e *Env) Ask(s *model.Schema, text string, args ...any) *query.Checked {
	e.Helper()
	q, err := query.Parse(text)
	if err == nil {
		q, err = q.Bind(args...)
	}
	if err != nil {
		e.Fatalf("query %q: %v", text, err)
	}
	c, err := q.Check(s)
	if err != nil {
		e.Fatalf("query %q: %v", text, err)
	}
	return c
}

// Plan returns the best plan of a query.
func (e *Env) Plan(s *model.Schema, text string, args ...any) *plan.Plan {
	e.Helper()
	return plan.New(e.Ask(s, text, args...), s.Indexes())
}

// pools are the values that random entities have and random queries ask for:
// few, so that they meet, and the awkward ones among them.
var pools = map[string][]any{
	"name":     {"", "a", "ab", "abc", "B", "b", "a\x01", "a b", "B Ab, b.", "%", "_x", "zoë", "\U0010FFFF", strings.Repeat("long ", 60)},
	"artist":   {nil, "", "Kate", "Kate\x01", "Kat", "Prince", "\x7f"},
	"year":     {0, 1, -1, 255, 256, 1985, 1986, 1987, math.MaxInt16, math.MinInt16},
	"score":    {0.0, math.Copysign(0, -1), 0.1, -0.1, 1e300, -1e300, math.Inf(1), math.Inf(-1), math.NaN(), 5e-324},
	"released": {nil, time.Time{}, time.Unix(-1, 0), time.Unix(0, 0), start, start.Add(time.Microsecond)},
	"live":     {true, false},
	"label":    {nil, event.ID{1}, event.ID{1, 0, 0, 1}, event.ID{0xFF, 0xFF}},
	"tags":     {nil, tags(`{}`), tags(`{"color":"red","n":1}`), tags(`{"color":"blue","n":2.5}`), tags(`{"color":null}`), tags(`[1,"x"]`), tags(`"red"`), tags(`{"color":"b red, a","red":["ab","long"]}`)},
	"cover":    {[]byte{}, []byte{0}, []byte{0, 0}, []byte{0, 1}, []byte{0, 0xFF}, []byte{0xFF}, []byte{0xFF, 0xFF}, []byte("cover")},
	"plays":    {0, 1, 255, 256, 1 << 40, model.OfUint(math.MaxUint64)},
	"length":   {nil, model.OfDuration(0), model.OfDuration(time.Second), model.OfDuration(-time.Second)},
}

// searches are what is looked for in names and artists, so that each of their words
// is found by one at least.
var searches = []any{
	"a", "ab", "abc", "b", "_x", "zoe", "Zoë", "long", "large", "c", "kate", "kat", "prince", "nothing", "red", "x",
	"a b", "b ab", `"b ab"`, `"ab b"`, "a -b", "b -ab", "a*", "k*", "l*", `"b a"*`, "a OR ab OR kate", "a b OR z* OR kat", `"long long" b`,
}

func tags(text string) any {
	j, err := model.ParseJSON(text)
	if err != nil {
		panic("storagetest: " + err.Error())
	}
	return model.OfJSON(j)
}

// pick draws a value of a column.
func pick(rng *rand.Rand, column string) any {
	pool := pools[column]
	return pool[rng.IntN(len(pool))]
}

// somePairs draws values for some of the columns.
func somePairs(rng *rand.Rand, share float64) []any {
	var pairs []any
	for _, f := range albumFields() {
		if rng.Float64() < share {
			v := pick(rng, f.Name)
			if v == nil && !f.Optional && f.Type != model.TypeJSON {
				continue
			}
			pairs = append(pairs, f.Name, v)
		}
	}
	return pairs
}

// Step makes a random batch: a few transactions of one or more logs, each with a
// few changes of albums. Now and then it also moves meta values and heads.
func (w *World) Step(s *model.Schema) *storage.Batch {
	d := w.Begin()
	for range 1 + w.Rng.IntN(3) {
		d.At(w.Rng.IntN(len(w.logs)))
		for range 1 + w.Rng.IntN(4) {
			w.randomChange(d, s)
		}
	}
	b := d.Batch()
	for i := range b.States {
		if w.Rng.IntN(3) == 0 {
			b.States[i].Before = nil
		}
	}
	if w.Rng.IntN(4) == 0 {
		key := fmt.Sprintf("key/%d", w.Rng.IntN(6))
		value := []byte(nil)
		if n := w.Rng.IntN(4); n > 0 {
			value = make([]byte, n-1)
		}
		b.Meta = append(b.Meta, storage.MetaChange{Key: key, Value: value})
	}
	if w.Rng.IntN(4) == 0 {
		b.Heads = append(b.Heads, w.SignedHead(w.Rng.IntN(len(w.logs))))
	}
	return b
}

func (w *World) randomChange(d *Draft, s *model.Schema) {
	if len(w.ids) == 0 || w.Rng.IntN(3) == 0 {
		d.Create(s, somePairs(w.Rng, 0.6)...)
		return
	}
	id := w.ids[w.Rng.IntN(len(w.ids))]
	switch w.Rng.IntN(10) {
	case 0, 1:
		d.Delete(id, !d.entity(id).record.Row.Deleted)
	case 2:
		events := d.entity(id).events
		d.Concurrent(id, events[w.Rng.IntN(len(events))], somePairs(w.Rng, 0.2)...)
	default:
		d.Update(id, somePairs(w.Rng, 0.25)...)
	}
}

// RandomQuery makes up a query over albums: its text and arguments.
func RandomQuery(rng *rand.Rand, ids []event.ID) (text string, args []any) {
	g := &queryMaker{rng: rng, ids: ids}
	if rng.IntN(8) > 0 {
		text = g.condition(2)
	}
	if n := rng.IntN(4); n > 0 {
		text += " ORDER BY " + g.order(n)
	}
	if rng.IntN(2) == 0 {
		text += fmt.Sprintf(" LIMIT %d", rng.IntN(12))
		if rng.IntN(3) == 0 {
			text += fmt.Sprintf(" OFFSET %d", rng.IntN(6))
		}
	}
	return strings.TrimSpace(text), g.args
}

type queryMaker struct {
	rng  *rand.Rand
	ids  []event.ID
	args []any
}

func (g *queryMaker) condition(depth int) string {
	if depth > 0 && g.rng.IntN(2) == 0 {
		op := [...]string{" AND ", " AND ", " OR "}[g.rng.IntN(3)]
		text := "(" + g.condition(depth-1) + op + g.condition(depth-1) + ")"
		if g.rng.IntN(5) == 0 {
			return "NOT " + text
		}
		return text
	}
	switch g.rng.IntN(12) {
	case 0:
		g.args = append(g.args, [...]any{"red", "blue"}[g.rng.IntN(2)])
		return "tags.color = ?"
	case 4:
		g.args = append(g.args, searches[g.rng.IntN(len(searches))])
		return "tags" + [...]string{"", ".color", ".red.0"}[g.rng.IntN(3)] + " MATCH ?"
	case 1:
		return "tags.n " + [...]string{"> 1", "<= 2.5", "IS NULL", "IS NOT NULL"}[g.rng.IntN(4)]
	case 2:
		if len(g.ids) > 0 {
			return g.about("id", func() any { return g.ids[g.rng.IntN(len(g.ids))] })
		}
	case 3:
		return g.about([...]string{"created", "updated"}[g.rng.IntN(2)], func() any {
			return start.Add(time.Duration(g.rng.IntN(600)) * time.Millisecond)
		})
	}
	columns := albumFields()
	f := columns[g.rng.IntN(len(columns))]
	if f.Name == "tags" {
		return "tags IS NOT NULL"
	}
	if f.Type == model.TypeBool && g.rng.IntN(2) == 0 {
		return f.Name
	}
	if f.Type == model.TypeString && g.rng.IntN(4) == 0 {
		return f.Name + " LIKE " + [...]string{"'a%'", "'%b'", "'Kat_'", "'%'", "'zo%'"}[g.rng.IntN(5)]
	}
	if f.Type == model.TypeString && g.rng.IntN(3) == 0 {
		g.args = append(g.args, searches[g.rng.IntN(len(searches))])
		return f.Name + [...]string{" MATCH ?", " MATCH ?", " NOT MATCH ?"}[g.rng.IntN(3)]
	}
	if f.Optional && g.rng.IntN(4) == 0 {
		return f.Name + [...]string{" IS NULL", " IS NOT NULL"}[g.rng.IntN(2)]
	}
	return g.about(f.Name, func() any {
		for {
			if v := pick(g.rng, f.Name); v != nil {
				return v
			}
		}
	})
}

// about makes a comparison of a column with values.
func (g *queryMaker) about(column string, value func() any) string {
	switch n := g.rng.IntN(9); n {
	case 0:
		g.args = append(g.args, value(), value(), value())
		return column + " IN (?, ?, ?)"
	case 1:
		g.args = append(g.args, value(), value())
		return column + " BETWEEN ? AND ?"
	default:
		g.args = append(g.args, value())
		return column + " " + [...]string{"=", "=", "!=", "<", "<=", ">", ">="}[n-2] + " ?"
	}
}

// order makes n different order terms.
func (g *queryMaker) order(n int) string {
	names := []string{"id", "created", "updated", "tags.n"}
	for _, f := range albumFields() {
		if f.Type != model.TypeJSON {
			names = append(names, f.Name)
		}
	}
	g.rng.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	terms := names[:n]
	for i := range terms {
		terms[i] += [...]string{"", "", " DESC", " DESC", " ASC NULLS LAST", " DESC NULLS FIRST"}[g.rng.IntN(6)]
	}
	return strings.Join(terms, ", ")
}

// describe writes what a record holds.
func describe(r *storage.Record) string {
	if r == nil {
		return "none"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s head %v deleted %v", r.Collection, r.Row.ID, r.Row.Head, r.Row.Deleted)
	for name := range r.Row.Values.All() {
		v, _ := r.Row.Values.Lookup(name)
		fmt.Fprintf(&b, " %s=%v", name, v)
	}
	fmt.Fprintf(&b, " merge %x", r.Merge)
	return b.String()
}
