package query_test

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// dice returns a number from 0 to n-1. It is the only source of chance in these
// tests: a seeded generator, or rapid, which then can shrink what it finds.
type dice func(n int) int

func (d dice) often() bool  { return d(4) != 0 }
func (d dice) seldom() bool { return d(8) == 0 }

func pick[T any](d dice, list []T) T { return list[d(len(list))] }

// album is a model with a column of every type.
var album = model.NewSchema(model.Definition{
	Model: "Album", Collection: "albums",
	Fields: []model.Field{
		{Name: "name", Type: model.TypeString},
		{Name: "genre", Type: model.TypeString, Optional: true},
		{Name: "year", Type: model.TypeInt},
		{Name: "discs", Type: model.TypeInt, Bits: 8, Optional: true},
		{Name: "plays", Type: model.TypeUint},
		{Name: "rating", Type: model.TypeFloat, Optional: true},
		{Name: "live", Type: model.TypeBool},
		{Name: "signed", Type: model.TypeBool, Optional: true},
		{Name: "released", Type: model.TypeTime, Optional: true},
		{Name: "length", Type: model.TypeDuration},
		{Name: "cover", Type: model.TypeBytes, Optional: true},
		{Name: "artist", Type: model.TypeID, Optional: true, Ref: "artists"},
		{Name: "meta", Type: model.TypeJSON, Was: []string{"info"}},
		{Name: "first", Type: model.TypeInt, Optional: true},
	},
})

// id returns a readable ID: made n seconds after 2024 began.
func id(n int) event.ID {
	ms := uint64(time.Date(2024, 1, 1, 0, 0, n, 0, time.UTC).UnixMilli())
	return event.ID{byte(ms >> 40), byte(ms >> 32), byte(ms >> 24), byte(ms >> 16), byte(ms >> 8), byte(ms), 15: byte(n)}
}

// row returns the row of an entity with some values, by column name.
func row(n int, values map[string]model.Value) *model.Row {
	var b model.TupleBuilder
	for name, v := range values {
		if !v.IsNull() {
			b.Set(name, v.AppendTo(nil))
		}
	}
	return &model.Row{ID: id(n), Head: event.Head{id(n + 100)}, Values: b.Tuple()}
}

// pools hold the values of each type that rows and queries draw from: few, so
// that they meet, and those on whose edges mistakes sit.
var pools = map[model.Type][]model.Value{
	model.TypeBool: {model.OfBool(false), model.OfBool(true)},
	model.TypeInt: {
		model.OfInt(-3), model.OfInt(-1), model.OfInt(0), model.OfInt(1), model.OfInt(2), model.OfInt(100),
		model.OfInt(127), model.OfInt(-128), model.OfInt(1<<53 + 1), model.OfInt(math.MaxInt64), model.OfInt(math.MinInt64),
	},
	model.TypeUint: {
		model.OfUint(0), model.OfUint(1), model.OfUint(2), model.OfUint(100), model.OfUint(1<<53 + 1), model.OfUint(math.MaxInt64),
	},
	model.TypeFloat: {
		model.OfFloat(-2.5), model.OfFloat(-1), model.OfFloat(0), model.OfFloat(0.1), model.OfFloat(1), model.OfFloat(1.5),
		model.OfFloat(1 << 53), model.OfFloat(1e300), model.OfFloat(math.Inf(1)), model.OfFloat(math.Inf(-1)),
	},
	model.TypeString: texts("", "a", "A", "ab", "Ab", "abc", "b", "ä", "äb", "a%b", "a_b", `a\b`, "it's", "\U0001F3B5 b"),
	model.TypeBytes: {
		model.OfBytes(nil), model.OfBytes([]byte{0}), model.OfBytes([]byte{0, 1}), model.OfBytes([]byte("a")), model.OfBytes([]byte{255}),
	},
	model.TypeTime: {
		model.OfTime(time.Time{}), model.OfTime(time.Unix(0, 0)), model.OfTime(time.UnixMicro(1)), model.OfTime(id(3).Time()),
		model.OfTime(id(3).Time().Add(time.Microsecond)), model.OfTime(time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)),
	},
	model.TypeDuration: {
		model.OfDuration(-time.Second), model.OfDuration(0), model.OfDuration(1), model.OfDuration(90 * time.Minute),
	},
	model.TypeID: {model.OfID(event.ID{}), model.OfID(id(1)), model.OfID(id(2)), model.OfID(id(3)), model.OfID(id(40))},
}

func texts(list ...string) []model.Value {
	var all []model.Value
	for _, s := range list {
		all = append(all, model.OfString(s))
	}
	return all
}

var patterns = []string{"A%", "%B", "%", "a%", "%b", "a_", "_", "%_", "a%b", `a\%b`, "", "ä%", "%ä_", "%'%", "a%%b", "_%b%", "abc", "%a%b%"}

// world makes random schemas, rows and queries.
type world struct {
	dice
	schema *model.Schema
	typed  bool // literals may be values that have no literal of their own

	others []*model.Row // that rows refer to, and each other
}

// newWorld makes a world of albums, or of things that refer to others.
func newWorld(d dice) world {
	if d(3) == 0 {
		return world{dice: d, schema: album}
	}
	t := &thingTargets{}
	t.other = newSchema(d, "others", t)
	w := world{dice: d, schema: t.other}
	w.others = w.rows(6)
	w.others[1].Deleted = true
	w.schema = newSchema(d, "things", t)
	return w
}

// thingTargets knows where the references of random schemas lead.
type thingTargets struct{ other *model.Schema }

func (t *thingTargets) Target(int) *model.Schema { return t.other }

// Row implements [query.Lookup].
func (w world) Row(_ *model.Schema, id event.ID) (*model.Row, error) {
	for _, r := range w.others {
		if r.ID == id {
			return r, nil
		}
	}
	return nil, nil
}

// newSchema makes a schema of a few columns, of which the last is a reference.
func newSchema(d dice, collection string, t model.Targets) *model.Schema {
	def := model.Definition{Model: "Thing", Collection: collection, Targets: t}
	types := []model.Type{
		model.TypeBool, model.TypeInt, model.TypeUint, model.TypeFloat, model.TypeString,
		model.TypeBytes, model.TypeTime, model.TypeDuration, model.TypeID, model.TypeJSON,
	}
	for i := range 3 + d(5) {
		f := model.Field{Name: "f" + strconv.Itoa(i), Type: pick(d, types), Optional: d(2) == 0}
		if i < 3 { // most of the language is about these
			f.Type = []model.Type{model.TypeString, model.TypeJSON, model.TypeInt}[i]
		}
		def.Fields = append(def.Fields, f)
	}
	def.Fields = append(def.Fields, model.Field{Name: "ref", Type: model.TypeID, Optional: d(2) == 0, Ref: "others"})
	return model.NewSchema(def)
}

// fits returns a value of the pool that a field can hold.
func (w world) fits(f *model.Field) model.Value {
	if f.Type == model.TypeJSON {
		return w.json()
	}
	v := pick(w.dice, pools[f.Type])
	for f.Check(v) != nil {
		v = pick(w.dice, pools[f.Type])
	}
	return v
}

// json makes an object whose member n is always a number, s a string and b a
// boolean, if they are there.
func (w world) json() model.Value {
	object := map[string]any{}
	if w.often() {
		object["n"] = pick(w.dice, []any{-1, 0, 1, 1.5, 100, nil})
	}
	if w.often() {
		object["s"] = pick(w.dice, []any{"", "a", "ab", "b", "ä", nil})
	}
	if w.often() {
		object["a"] = pick(w.dice, []any{[]any{}, []any{1, "a"}, []any{"a", "ab", nil}, []any{100, 1.5, 1}, "a", nil})
	}
	if w.often() {
		object["o"] = map[string]any{"deep": w.dice(3)}
	}
	j, err := model.JSONOf(object)
	if err != nil {
		panic(fmt.Sprint("the test's own JSON: ", err))
	}
	return model.OfJSON(j)
}

// rows makes rows with distinct IDs.
func (w world) rows(n int) []*model.Row {
	all := make([]*model.Row, n)
	for i := range all {
		values := map[string]model.Value{}
		for j := range w.schema.Fields() {
			f := &w.schema.Fields()[j]
			if w.often() {
				values[f.Name] = w.fits(f)
			}
		}
		all[i] = row(i, values)
	}
	return all
}

// operand is a column or a path with the type of what is there.
type operand struct {
	expr *query.ColumnExpr
	typ  model.Type
	json bool
}

func (w world) column() operand {
	schema, path := w.schema, []string{}
	for schema.Fields()[len(schema.Fields())-1].Name == "ref" && len(path) < 3 && w.dice(4) == 0 {
		path = append(path, "ref")
		schema = schema.Target(len(schema.Fields()) - 1)
	}
	name := pick(w.dice, schema.Names())
	c, _ := schema.Field(name)
	o := operand{expr: &query.ColumnExpr{Path: append(path, name)}, typ: schema.Column(c).Type}
	if o.typ == model.TypeJSON {
		o.json, o.typ = true, model.TypeInt
		path := pick(w.dice, [][]string{{"n"}, {"s"}, {"o", "deep"}, {"missing"}})
		o.expr.Path = append(o.expr.Path, path...)
		if path[0] == "s" {
			o.typ = model.TypeString
		}
	}
	return o
}

// literal makes a constant to compare with an operand.
func (w world) literal(o operand) query.Expr {
	if w.seldom() {
		return &query.LiteralExpr{}
	}
	t := o.typ
	if t.IsNumber() {
		t = pick(w.dice, []model.Type{model.TypeInt, model.TypeUint, model.TypeFloat})
	}
	v := pick(w.dice, pools[t])
	if o.json && v.Type() == model.TypeFloat && math.IsInf(v.Float(), 0) {
		v = model.OfFloat(0.5)
	}
	if w.typed && w.often() {
		return &query.LiteralExpr{Value: v}
	}
	return &query.LiteralExpr{Value: w.written(v)}
}

// written returns the value as its literal is read.
func (w world) written(v model.Value) model.Value {
	switch v.Type() {
	case model.TypeTime:
		t := v.Time()
		if w.seldom() {
			t = t.Add(500) // between two microseconds
		}
		return model.OfString(t.Format(time.RFC3339Nano))
	case model.TypeDuration:
		return model.OfString(v.Duration().String())
	case model.TypeID:
		return model.OfString(v.ID().String())
	case model.TypeUint:
		return model.OfInt(v.Int())
	case model.TypeFloat:
		if math.IsInf(v.Float(), 1) {
			return model.OfString("Infinity")
		} else if math.IsInf(v.Float(), -1) {
			return model.OfString("-Infinity")
		}
	}
	return v
}

// predicate makes a predicate of at most that depth.
func (w world) predicate(depth int) query.Expr {
	if depth > 0 && w.often() {
		switch w.dice(3) {
		case 0:
			return &query.NotExpr{X: w.predicate(depth - 1)}
		case 1:
			return query.Conjunction(w.predicate(depth-1), w.predicate(depth-1))
		default:
			return query.Disjunction(w.predicate(depth-1), w.predicate(depth-1), w.predicate(depth-1))
		}
	}
	return w.leaf()
}

func (w world) leaf() query.Expr {
	o := w.column()
	if w.dice(4) == 0 {
		if e := w.computed(o); e != nil {
			return &query.CompareExpr{Op: query.Op(w.dice(6)), X: e, Y: &query.LiteralExpr{Value: model.OfInt(int64(w.dice(5) - 1))}}
		}
	}
	var x query.Expr = o.expr
	negated := w.dice(2) == 0
	if o.json && w.dice(2) == 0 {
		return w.array(o.expr, negated)
	}
	switch w.dice(8) {
	case 0:
		return &query.NullExpr{X: x, Negated: negated}
	case 1:
		list := []query.Expr{w.literal(o)}
		for range w.dice(4) {
			list = append(list, w.literal(o))
		}
		return &query.InExpr{X: x, List: list, Negated: negated}
	case 2:
		return &query.BetweenExpr{X: x, Low: w.literal(o), High: w.literal(o), Negated: negated}
	case 3:
		if o.typ == model.TypeString {
			return w.like(x, negated)
		}
	case 4:
		if other := w.column(); comparable(o, other) {
			return &query.CompareExpr{Op: query.Op(w.dice(6)), X: x, Y: other.expr}
		}
	case 5:
		if o.typ == model.TypeBool {
			return x
		}
	case 6:
		return &query.CompareExpr{Op: query.Op(w.dice(6)), X: w.literal(o), Y: x}
	}
	return &query.CompareExpr{Op: query.Op(w.dice(6)), X: x, Y: w.literal(o)}
}

// computed makes arithmetic or a length of a column, nil if there is none. Numbers
// are kept small, for SQLite's to be as exact as they should.
func (w world) computed(o operand) query.Expr {
	number := func(n int) query.Expr { return &query.LiteralExpr{Value: model.OfInt(int64(n))} }
	var e query.Expr = o.expr
	switch {
	case o.typ == model.TypeString:
		return &query.CallExpr{Func: query.FuncLen, Arg: e}
	case o.json:
	case o.typ == model.TypeInt, o.typ == model.TypeUint:
		e = &query.ArithExpr{Op: query.Modulo, X: e, Y: number(7)}
	case o.typ == model.TypeFloat:
		return &query.ArithExpr{Op: pick(w.dice, []query.Arith{query.Plus, query.Minus, query.Times}), X: e, Y: number(2)}
	default:
		return nil
	}
	for range w.dice(3) {
		e = &query.ArithExpr{Op: pick(w.dice, []query.Arith{query.Plus, query.Minus, query.Times, query.Over}), X: e, Y: number(w.dice(6) - 2)}
	}
	return &query.ArithExpr{Op: query.Minus, X: number(w.dice(3)), Y: e}
}

// array asks something about a place in JSON that may be an array.
func (w world) array(e *query.ColumnExpr, negated bool) query.Expr {
	e.Path = append(e.Path[:len(e.Path)-1:len(e.Path)-1], pick(w.dice, []string{"a", "n", "o", "missing"}))
	switch w.dice(4) {
	case 0:
		return &query.NullExpr{X: e, Missing: true, Negated: negated}
	case 1:
		return &query.CompareExpr{Op: query.Op(w.dice(6)), X: &query.CallExpr{Func: query.FuncLen, Arg: e}, Y: &query.LiteralExpr{Value: model.OfInt(int64(w.dice(4)))}}
	}
	c := &query.ContainsExpr{X: e, Quantity: query.Quantity(w.dice(3)), Negated: negated}
	elements := []any{1, 100, 1.5, "a", "ab", "b", nil}
	c.List = append(c.List, element(pick(w.dice, elements)))
	if c.Quantity != query.One {
		c.List = c.List[:w.dice(2)]
		for range w.dice(3) {
			c.List = append(c.List, element(pick(w.dice, elements)))
		}
	}
	return c
}

func element(v any) query.Expr {
	switch v := v.(type) {
	case int:
		return &query.LiteralExpr{Value: model.OfInt(int64(v))}
	case float64:
		return &query.LiteralExpr{Value: model.OfFloat(v)}
	case string:
		return &query.LiteralExpr{Value: model.OfString(v)}
	}
	return &query.LiteralExpr{}
}

func comparable(a, b operand) bool { return a.typ == b.typ || a.typ.IsNumber() && b.typ.IsNumber() }

func (w world) like(x query.Expr, negated bool) query.Expr {
	e := &query.LikeExpr{X: x, Negated: negated, Pattern: &query.LiteralExpr{Value: model.OfString(pick(w.dice, patterns))}}
	e.Kind = query.LikeKind(w.dice(3))
	if e.Kind != query.LikePrefix && w.dice(2) == 0 {
		e.Escape = &query.LiteralExpr{Value: model.OfString(`\`)}
	}
	return e
}

// query makes a query.
func (w world) query() *query.Query {
	q := &query.Query{}
	if w.often() {
		q.Where = w.predicate(w.dice(4))
	}
	for range w.dice(4) {
		o := w.column()
		var x query.Expr = o.expr
		if e := w.computed(o); e != nil && w.seldom() {
			x = &query.ArithExpr{Op: query.Plus, X: o.expr, Y: &query.LiteralExpr{Value: model.OfInt(1)}}
			if o.typ == model.TypeString {
				x = e
			}
		}
		q.Order = append(q.Order, query.OrderTerm{
			X: x, Desc: w.dice(2) == 0, Nulls: query.Nulls(w.dice(3)),
		})
	}
	if w.dice(3) == 0 {
		q.Limit = &query.LiteralExpr{Value: model.OfInt(int64(w.dice(12)))}
	}
	if w.dice(3) == 0 {
		q.Offset = &query.LiteralExpr{Value: model.OfInt(int64(w.dice(6)))}
	}
	return q
}

// groups makes a query for groups.
func (w world) groups() *query.Query {
	q := &query.Query{}
	if w.often() {
		q.Where = w.predicate(w.dice(3))
	}
	for range w.dice(3) {
		o := w.column()
		var by query.Expr = o.expr
		if o.typ == model.TypeString && w.seldom() {
			by = w.computed(o)
		}
		q.GroupBy = append(q.GroupBy, by)
		if w.often() {
			q.Select = append(q.Select, query.SelectItem{X: by})
		}
	}
	for range 1 + w.dice(3) {
		q.Select = append(q.Select, query.SelectItem{X: w.aggregate()})
	}
	if w.dice(3) == 0 {
		q.Having = &query.CompareExpr{
			Op: query.Op(w.dice(6)), X: &query.CallExpr{Func: query.FuncCount}, Y: &query.LiteralExpr{Value: model.OfInt(int64(w.dice(4)))},
		}
	}
	for range w.dice(3) {
		q.Order = append(q.Order, query.OrderTerm{X: w.aggregate(), Desc: w.dice(2) == 0})
	}
	return q
}

// aggregate makes an aggregate. Sums are of small whole numbers, for SQLite's to be
// exact.
func (w world) aggregate() query.Expr {
	f := query.FuncCount + query.Func(w.dice(5))
	e := &query.CallExpr{Func: f, Distinct: w.dice(3) == 0}
	for {
		switch o := w.column(); {
		case f == query.FuncCount && w.seldom():
			return &query.CallExpr{Func: f}
		case f == query.FuncSum, f == query.FuncAvg:
			if o.typ == model.TypeInt && !o.json {
				e.Arg = &query.ArithExpr{Op: query.Modulo, X: o.expr, Y: &query.LiteralExpr{Value: model.OfInt(100)}}
				return e
			} else if o.json && o.expr.Path[len(o.expr.Path)-1] == "deep" {
				e.Arg = o.expr
				return e
			} else if w.seldom() {
				return &query.CallExpr{Func: query.FuncCount}
			}
		default:
			e.Arg = o.expr
			return e
		}
	}
}
