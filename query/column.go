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

// column is a column of a row or a group, or a path in one of JSON.
type column struct {
	index    int
	path     []string
	field    *model.Field
	nullable bool
	dynamic  bool // holds numbers of any type
}

// operand resolves a node that is to be a column or a value.
func (k *checker) operand(e Expr) (operand, bool) {
	if k.group != nil {
		if o, ok := k.groupColumn(e); ok {
			return o, true
		}
	}
	switch e := e.(type) {
	case *ColumnExpr:
		if k.group != nil {
			k.notGrouped(e)
			return operand{}, false
		}
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
	case *ArithExpr, *CallExpr:
		return k.computed(e)
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

// column resolves the name of a column, along the references before it.
func (k *checker) column(e *ColumnExpr) *column {
	schema, path := k.schema, e.Path
	var via []int
	for {
		index, ok := schema.Field(path[0])
		if !ok {
			k.unknownColumn(e, schema, len(via))
			return nil
		}
		field := schema.Column(index)
		if len(path) == 1 || field.Type == model.TypeJSON {
			c := k.named(schema, index, via, e.At)
			if c == nil {
				return nil
			}
			c.path = path[1:]
			if len(c.path) == 0 {
				c.path = nil
			}
			return k.checkPath(c, e.At)
		}
		target := schema.Target(index)
		switch {
		case field.Ref == "":
			k.fail(Mismatch, e.At, "column "+field.Name+" of "+schema.Model()+" is "+article(field.Type)+
				", which has nothing called "+path[1])
			return nil
		case target == nil:
			k.fail(Mismatch, e.At, "column "+field.Name+" of "+schema.Model()+" refers to "+field.Ref+
				", of which nothing is known here")
			return nil
		case len(via) == MaxFollow:
			k.fail(Limit, e.At, followLimit)
			return nil
		}
		via = append(via, index)
		schema, path = target, path[1:]
	}
}

// named returns a column of a schema to which references lead, if any; nil if it is
// one too many.
func (k *checker) named(schema *model.Schema, index int, via []int, at Span) *column {
	if len(via) > 0 {
		return k.extra(joined(k.schema, via, schema, index), at)
	}
	f := schema.Column(index)
	return &column{index: index, field: f, nullable: f.Optional || f.Type == model.TypeJSON}
}

// columnAt returns the extra column with a number.
func (s *space) columnAt(index int) *column {
	x := s.extraAt(index)
	return &column{index: index, field: &x.field, nullable: true, dynamic: x.dynamic}
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

// unknownColumn reports a name that a schema does not have, after some
// references.
func (k *checker) unknownColumn(e *ColumnExpr, schema *model.Schema, followed int) {
	name := e.Path[followed]
	err := k.fail(Unknown, e.At, schema.Model()+" has no column "+describe(name))
	if current := schema.Current(name); current != name {
		err.Reason += "; it was renamed"
		err.Suggestion = current
	} else {
		err.Suggestion = model.Nearest(name, schema.Names())
	}
	if err.Suggestion != "" && len(e.Path) > 1 {
		path := slices.Clone(e.Path)
		path[followed] = err.Suggestion
		var p printer
		p.column(path)
		err.Suggestion = string(p.b)
	}
	if strings.HasPrefix(err.Token, `"`) && len(e.Path) == 1 {
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
	return o.short() + " is " + article(o.typ)
}

// short names an operand.
func (o operand) short() string {
	var p printer
	if c, ok := o.expr.(*ColumnExpr); ok && o.column != nil {
		return "column " + strings.Join(c.Path, ".")
	} else if o.column != nil {
		p.expr(o.expr, powerCompare)
	} else {
		p.value(o.value)
	}
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
