package plan_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// dice returns a number from 0 to n-1: rapid's, so that failures shrink.
type dice func(n int) int

func pick[T any](d dice, list []T) T { return list[d(len(list))] }

// id returns a readable ID: several are made in the same millisecond.
func id(n int) event.ID {
	ms := uint64(1_700_000_000_000 + n/4)
	return event.ID{byte(ms >> 40), byte(ms >> 32), byte(ms >> 24), byte(ms >> 16), byte(ms >> 8), byte(ms), 15: byte(n)}
}

func row(n int, values map[string]model.Value) *model.Row {
	var b model.TupleBuilder
	for name, v := range values {
		if !v.IsNull() {
			b.Set(name, v.AppendTo(nil))
		}
	}
	return &model.Row{ID: id(n), Head: event.Head{id(n)}, Values: b.Tuple()}
}

// literals are what columns hold and queries say, as the language writes them.
var literals = map[model.Type][]string{
	model.TypeBool:     {"TRUE", "FALSE"},
	model.TypeInt:      {"-1", "0", "1", "2", "1.5", "1e300", "9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-0.0"},
	model.TypeFloat:    {"-0.5", "-0.0", "0", "1", "1.5", "'NaN'", "'Infinity'", "'-Infinity'", "5e-324", "9007199254740993", "18446744073709551615"},
	model.TypeString:   {"''", "'a'", "'aa'", "'ab'", "'b'", "'ä'", "'a\x01'", "'a, b'", "'b ab a'", "'AB ba b'", "'" + strings.Repeat("ab ", 100) + "'", "'ſ K İ ς'"},
	model.TypeTime:     {"'0001-01-01'", "'2023-11-14T22:13:20Z'", "'2023-11-14T22:13:20.001Z'", "'2023-11-14T22:13:20.0015Z'", "'9999-12-31'"},
	model.TypeDuration: {"'-1s'", "'0s'", "'1h'"},
	model.TypeBytes:    {"x''", "x'00'", "x'0001'", "x'ff'"},
	model.TypeID:       {"'" + id(1).String() + "'", "'" + id(2).String() + "'", "'" + id(5).String() + "'"},
	model.TypeJSON:     {"1", "2", "'a'", "'b'", "TRUE", "NULL", "-0.0", "1.0", "9007199254740993", "9007199254740992.0", "'1'", "''", "18446744073709551615"},
}

// documents have no order, so that queries do not compare with them.
var documents = []string{`json'{"n": "b ab", "a": 1}'`, `json'{"n": "a", "l": ["b", "ab \"ba"]}'`, `json'[]'`, `json'{}'`, `json'[1, "a", null]'`, `json'null'`}

// searches are what MATCH looks for.
var searches = []string{
	"'a'", "'ab b'", "'a b ba'", `'"b ab"'`, `'"a b"'`, "'a*'", "'a OR ba'", "'b*'", "'b -ab'", "'a OR b* OR ab ba'", `'"ab b"*'`, "'z'",
}

// world makes random schemas with indexes, rows and queries.
type world struct {
	dice
	schema *model.Schema
}

// everyType is what fields may be of.
var everyType = []model.Type{
	model.TypeBool, model.TypeInt, model.TypeFloat, model.TypeString, model.TypeTime,
	model.TypeDuration, model.TypeBytes, model.TypeID, model.TypeJSON,
}

func newWorld(d dice, types []model.Type) world {
	def := model.Definition{Model: "Thing", Collection: "things"}
	for i := range 4 {
		def.Fields = append(def.Fields, model.Field{
			Name: "f" + strconv.Itoa(i), Type: pick(d, types), Optional: d(2) == 0,
		})
	}
	for i, f := range def.Fields {
		if (f.Type == model.TypeString || f.Type == model.TypeJSON) && d(3) > 0 {
			def.Indexes = append(def.Indexes, model.Index{
				Name: "w" + strconv.Itoa(i), Columns: []model.IndexColumn{{Field: i}}, FullText: true,
			})
		}
	}
	for i := range 1 + d(4) {
		index := model.Index{Name: "i" + strconv.Itoa(i), Covering: d(2) == 0}
		columns := []int{0, 1, 2, 3, model.ColumnID, model.ColumnCreated}
		for range 1 + d(3) {
			c := d(len(columns))
			index.Columns = append(index.Columns, model.IndexColumn{Field: columns[c], Desc: d(2) == 0})
			columns = append(columns[:c], columns[c+1:]...)
		}
		def.Indexes = append(def.Indexes, index)
	}
	return world{d, model.NewSchema(def)}
}

func (w world) rows(n int) []*model.Row {
	all := make([]*model.Row, n)
	for i := range all {
		values := map[string]model.Value{}
		for j := range w.schema.Fields() {
			f := &w.schema.Fields()[j]
			if w.dice(4) == 0 {
				continue
			}
			choices := literals[f.Type]
			if f.Type == model.TypeJSON {
				choices = append(slices.Clip(choices), documents...)
			}
			parsed, err := query.Parse(pick(w.dice, choices))
			if err != nil {
				panic(fmt.Sprint("the test's own literal: ", err))
			}
			v := parsed.Where.(*query.LiteralExpr).Value
			if v, inexact, err := model.Convert(v, f); err == nil && inexact == 0 {
				values[f.Name] = v
			}
		}
		all[i] = row(i, values)
		all[i].Deleted = w.dice(10) == 0
	}
	return all
}

func (w world) column() (string, model.Type) {
	name := pick(w.dice, w.schema.Names())
	c, _ := w.schema.Field(name)
	return name, w.schema.Column(c).Type
}

// predicate writes a predicate of at most that depth.
func (w world) predicate(depth int) string {
	if depth > 0 && w.dice(4) != 0 {
		switch w.dice(6) {
		case 0:
			return "NOT (" + w.predicate(depth-1) + ")"
		case 1:
			return "(" + w.predicate(depth-1) + " OR " + w.predicate(depth-1) + ")"
		default:
			return "(" + w.predicate(depth-1) + " AND " + w.predicate(depth-1) + ")"
		}
	}
	return w.leaf()
}

func (w world) leaf() string {
	name, typ := w.column()
	literal := func() string { return pick(w.dice, literals[typ]) }
	switch w.dice(10) {
	case 0:
		return name + pick(w.dice, []string{" IS NULL", " IS NOT NULL"})
	case 1:
		return name + pick(w.dice, []string{" IN (", " NOT IN ("}) + literal() + ", " + literal() + ")"
	case 2:
		return name + " BETWEEN " + literal() + " AND " + literal()
	case 3:
		if typ == model.TypeString || typ == model.TypeJSON {
			return name + pick(w.dice, []string{" LIKE 'a%'", " LIKE 'a_'", " NOT LIKE 'a%'", " LIKE '%b'", " LIKE 'ä%'"})
		}
	case 4:
		return name + " = " + name
	case 5, 6, 7:
		if typ == model.TypeString || typ == model.TypeJSON {
			if typ == model.TypeJSON {
				name += pick(w.dice, []string{"", ".n", ".l.1"})
			}
			return name + pick(w.dice, []string{" MATCH ", " MATCH ", " NOT MATCH "}) + pick(w.dice, searches)
		}
	}
	return name + pick(w.dice, []string{" = ", " = ", " = ", " != ", " < ", " <= ", " > ", " >= "}) + literal()
}

func (w world) text() string {
	text := ""
	if w.dice(6) != 0 {
		text = w.predicate(w.dice(4))
	}
	for i := range w.dice(4) {
		if i == 0 {
			text += " ORDER BY "
		} else {
			text += ", "
		}
		name, _ := w.column()
		text += name + pick(w.dice, []string{"", " ASC", " DESC"}) + pick(w.dice, []string{"", "", " NULLS FIRST", " NULLS LAST"})
	}
	if w.dice(2) == 0 {
		text += " LIMIT " + strconv.Itoa(w.dice(6))
	}
	if w.dice(3) == 0 {
		text += " OFFSET " + strconv.Itoa(w.dice(4))
	}
	return text
}
