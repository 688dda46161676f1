package postgres

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/text"
)

// sqlType is the type of a field's column.
func sqlType(t model.Type) string {
	switch t {
	case model.TypeBool:
		return "boolean"
	case model.TypeInt, model.TypeDuration:
		return "bigint"
	case model.TypeUint:
		return "numeric"
	case model.TypeFloat:
		return "double precision"
	case model.TypeBytes:
		return "bytea"
	case model.TypeTime:
		return "timestamp with time zone"
	case model.TypeJSON:
		return "jsonb"
	}
	return "text"
}

// definitionOf is a type as it is declared.
func definitionOf(sqlType string) string {
	if sqlType == "text" {
		return `text COLLATE "C"`
	}
	return sqlType
}

// arrayType is the type of the parameter in which the values of a column are sent, and
// cast what the column makes of one.
func arrayType(sqlType string) (array, cast string) {
	switch sqlType {
	case "numeric", "jsonb":
		return "text[]", "::" + sqlType
	}
	return sqlType + "[]", ""
}

// argument is a value as a parameter of its column's type.
func argument(v model.Value) any {
	switch v.Type() {
	case model.TypeBool:
		return v.Bool()
	case model.TypeInt:
		return v.Int()
	case model.TypeDuration:
		return int64(v.Duration())
	case model.TypeUint:
		return strconv.FormatUint(v.Uint(), 10)
	case model.TypeFloat:
		return v.Float()
	case model.TypeString:
		return v.Text()
	case model.TypeBytes:
		return v.Bytes().Clone()
	case model.TypeTime:
		return v.Time()
	case model.TypeID:
		return v.ID().String()
	case model.TypeJSON:
		return v.JSON().String()
	}
	return nil
}

// values gathers what one column gets in many rows.
type values interface {
	add(v model.Value)
	array() any
}

func newValues(sqlType string) values {
	switch sqlType {
	case "boolean":
		return &valuesOf[bool]{of: model.Value.Bool}
	case "bigint":
		return &valuesOf[int64]{of: integer}
	case "double precision":
		return &valuesOf[float64]{of: model.Value.Float}
	case "bytea":
		return &bytesValues{}
	case "timestamp with time zone":
		return &valuesOf[time.Time]{of: model.Value.Time}
	}
	return &valuesOf[string]{of: written}
}

// integer is what a bigint holds of a value.
func integer(v model.Value) int64 {
	if v.Type() == model.TypeDuration {
		return int64(v.Duration())
	}
	return v.Int()
}

// written is what a text, a numeric or a jsonb is sent as.
func written(v model.Value) string {
	switch v.Type() {
	case model.TypeString:
		return v.Text()
	case model.TypeUint:
		return strconv.FormatUint(v.Uint(), 10)
	case model.TypeID:
		return v.ID().String()
	}
	return v.JSON().String()
}

type valuesOf[T any] struct {
	of  func(model.Value) T
	all []*T
}

func (c *valuesOf[T]) add(v model.Value) {
	if v.IsNull() {
		c.all = append(c.all, nil)
		return
	}
	t := c.of(v)
	c.all = append(c.all, &t)
}

func (c *valuesOf[T]) array() any { return c.all }

type bytesValues struct{ all [][]byte }

func (c *bytesValues) add(v model.Value) {
	if v.IsNull() {
		c.all = append(c.all, nil)
		return
	}
	c.all = append(c.all, v.Bytes().AppendTo([]byte{}))
}

func (c *bytesValues) array() any { return c.all }

// layoutOf describes everything in a schema that decides what the columns of its
// collection hold. It is "" only for no schema.
func layoutOf(s *model.Schema) string {
	if s == nil {
		return ""
	}
	var b strings.Builder
	for _, f := range s.Fields() {
		fmt.Fprintf(&b, "%s %s %d", f.Name, f.Type, f.Bits)
		if f.Optional {
			b.WriteString(" optional")
		}
		for _, was := range f.Was {
			b.WriteString(" was " + was)
		}
		b.WriteString("; ")
	}
	for _, column := range wordColumns(s) {
		fmt.Fprintf(&b, "words of %s by %d; ", s.Fields()[column].Name, text.Version)
	}
	b.WriteString("1") // the version of what columns make of values
	return b.String()
}

// wordColumns are the columns of full-text indexes, in order.
func wordColumns(s *model.Schema) []int {
	has := make([]bool, len(s.Fields()))
	for _, x := range s.Indexes() {
		if x.FullText {
			has[x.Columns[0].Field] = true
		}
	}
	var columns []int
	for i := range has {
		if has[i] {
			columns = append(columns, i)
		}
	}
	return columns
}

// wordsOf returns the words of a row as one array of texts, each after the name of
// its field, in PostgreSQL's notation; nil if it has none.
func wordsOf(s *model.Schema, columns []int, r *model.Row) *string {
	if r.Deleted {
		return nil
	}
	var b strings.Builder
	for _, column := range columns {
		for _, word := range query.Words(s.Value(r, column)) {
			if b.Len() == 0 {
				b.WriteByte('{')
			} else {
				b.WriteByte(',')
			}
			appendElement(&b, fieldWord(s.Fields()[column].Name, word))
		}
	}
	if b.Len() == 0 {
		return nil
	}
	b.WriteByte('}')
	words := b.String()
	return &words
}

// fieldWord is a word as it stands among those of other fields.
func fieldWord(field, word string) string { return field + ":" + word }

func appendElement(b *strings.Builder, s string) {
	b.WriteByte('"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	b.WriteByte('"')
}
