package query

import (
	"slices"
	"strings"

	"github.com/ankgo/ank/model"
)

// operand is a side of a comparison: a column, or a value if column is nil.
type operand struct {
	expr   Expr
	typ    model.Type
	column *column
	value  model.Value
}

// column is a column of the schema, or a path in a JSON column.
type column struct {
	index    int
	path     []string
	field    *model.Field
	nullable bool
}

// operand resolves a node that is to be a column or a value.
func (k *checker) operand(e Expr) (operand, bool) {
	switch e := e.(type) {
	case *ColumnExpr:
		c := k.column(e)
		if c == nil {
			return operand{}, false
		}
		return operand{expr: e, typ: c.field.Type, column: c}, true
	case *LiteralExpr:
		if err := e.Value.Validate(); err != nil {
			k.fail(Argument, e.At, err.Error())
			return operand{}, false
		}
		return operand{expr: e, typ: e.Value.Type(), value: e.Value}, true
	case *ParamExpr:
		name := "?"
		if e.Name != "" {
			name = ":" + e.Name
		}
		k.fail(Argument, e.At, "no argument was bound to "+name)
	case *invalidExpr:
		k.fail(Argument, Span{}, "an argument "+e.reason)
	default:
		k.fail(Mismatch, e.Span(), "a predicate is no value to compare; join predicates with AND, OR and NOT")
	}
	return operand{}, false
}

func (k *checker) column(e *ColumnExpr) *column {
	index, ok := k.schema.Field(e.Path[0])
	if !ok {
		k.unknownColumn(e)
		return nil
	}
	c := &column{index: index, field: k.schema.Column(index)}
	c.nullable = c.field.Optional || c.field.Type == model.TypeJSON
	if len(e.Path) == 1 {
		return c
	}
	if c.field.Type != model.TypeJSON {
		k.fail(Mismatch, e.At, "column "+c.field.Name+" of "+k.schema.Model()+" is "+article(c.field.Type)+
			", which has nothing called "+e.Path[1])
		return nil
	}
	c.path = e.Path[1:]
	return k.checkPath(c, e.At)
}

// checkPath looks at what the parser has looked at, unless the query was built.
func (k *checker) checkPath(c *column, at Span) *column {
	if len(c.path) >= MaxPath {
		k.fail(Limit, at, pathLimit)
		return nil
	}
	for _, name := range c.path {
		if err := model.OfString(name).Validate(); err != nil {
			k.fail(Argument, at, "in the path: "+err.Error())
			return nil
		}
	}
	return c
}

func (k *checker) unknownColumn(e *ColumnExpr) {
	name := e.Path[0]
	err := k.fail(Unknown, e.At, k.schema.Model()+" has no column "+describe(name))
	if current := k.schema.Current(name); current != name {
		err.Reason += "; it was renamed"
		err.Suggestion = current
		return
	}
	err.Suggestion = model.Nearest(name, k.schema.Names())
	if strings.HasPrefix(err.Token, `"`) {
		err.quoteIt(name)
	}
}

// quoteIt says how a string is written, in the error of a name that may be meant
// as one.
func (e *Error) quoteIt(name string) {
	e.Reason += "; a string stands in single quotes"
	if e.Suggestion == "" && len(name) <= longestShown {
		var p printer
		p.quote(name, '\'')
		e.Suggestion = string(p.b)
	}
}

// right resolves the right side of a comparison, where strings are more often
// meant than columns.
func (k *checker) right(e Expr) (operand, bool) {
	o, ok := k.operand(e)
	if c, is := e.(*ColumnExpr); !ok && is && len(c.Path) == 1 {
		if err := k.err; err.Kind == Unknown && err.Suggestion == "" && err.Span == c.At {
			err.quoteIt(c.Path[0])
		}
	}
	return o, ok
}

// describe says what an operand is, as the beginning of a sentence.
func (o operand) describe() string {
	if o.column == nil {
		return o.short() + " is " + article(o.typ)
	}
	name := strings.Join(o.expr.(*ColumnExpr).Path, ".")
	return "column " + name + " is " + article(o.typ)
}

// short names an operand.
func (o operand) short() string {
	if o.column != nil {
		return "column " + strings.Join(o.expr.(*ColumnExpr).Path, ".")
	}
	var p printer
	p.value(o.value)
	if text := []rune(string(p.b)); len(text) > longestShown {
		return string(text[:longestShown]) + "..."
	}
	return string(p.b)
}

// article returns the name of a type with its article, if it takes one.
func article(t model.Type) string {
	switch t {
	case model.TypeNull:
		return "NULL"
	case model.TypeBytes:
		return "bytes"
	case model.TypeJSON:
		return "JSON"
	case model.TypeID:
		return "an ID"
	case model.TypeInt:
		return "an int"
	}
	return "a " + t.String()
}

// kind groups the types whose values can be compared with each other.
type kind uint8

const (
	kindNull kind = iota
	kindBool
	kindNumber
	kindString
	kindBytes
	kindTime
	kindDuration
	kindID
	kindJSON
)

func kindOf(t model.Type) kind {
	switch t {
	case model.TypeBool:
		return kindBool
	case model.TypeInt, model.TypeUint, model.TypeFloat:
		return kindNumber
	case model.TypeString:
		return kindString
	case model.TypeBytes:
		return kindBytes
	case model.TypeTime:
		return kindTime
	case model.TypeDuration:
		return kindDuration
	case model.TypeID:
		return kindID
	case model.TypeJSON:
		return kindJSON
	}
	return kindNull
}

// inJSON reports whether JSON can hold values of the kind.
func (k kind) inJSON() bool {
	return k == kindBool || k == kindNumber || k == kindString || k == kindJSON
}

func samePath(a, b []string) bool { return slices.Equal(a, b) }
