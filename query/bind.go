package query

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/ankgo/ank/model"
)

// Named holds the arguments of named parameters: :artist takes Named{"artist": v}.
type Named map[string]any

// Bind returns the query with arguments in the place of its parameters. They
// become values of the tree, never text: nothing in a string can change what a
// query means. Arguments fill the parameters ? in order; one that is [Named]
// fills parameters by name instead. Every parameter needs an argument and every
// argument a parameter.
//
// An argument is nil (NULL); a bool, an integer, a float, a string, a []byte, a
// [time.Time], a [time.Duration] or of a type declared over one of these; an
// event.ID, a model.Value, model.Bytes or model.JSON; anything with an ID method (a
// reference, a view); or a pointer to one of them. A slice that is an item of IN
// stands for its elements. Beside a duration, an argument of any type declared over
// int64 is a duration, while an int64 itself is a number.
//
// The error, if any, is an [*Error] of kind [Argument], or [Limit].
func (q *Query) Bind(args ...any) (*Query, error) {
	b := binder{text: q.text}
	for _, a := range args {
		if named, ok := a.(Named); ok {
			b.named = append(b.named, named)
			b.used = make(map[string]bool, len(named))
		} else {
			b.positional = append(b.positional, a)
		}
	}
	bound := *q
	bound.Select = nil
	for _, item := range q.Select {
		item.X = b.expr(item.X)
		bound.Select = append(bound.Select, item)
	}
	bound.Where = b.expr(q.Where)
	bound.GroupBy = b.list(q.GroupBy)
	bound.Having = b.expr(q.Having)
	bound.Order = nil
	for _, term := range q.Order {
		term.X = b.expr(term.X)
		bound.Order = append(bound.Order, term)
	}
	bound.After = b.expr(q.After)
	bound.Limit = b.expr(q.Limit)
	bound.Offset = b.expr(q.Offset)
	bound.AsOf = b.expr(q.AsOf)
	b.checkUse()
	if b.err != nil {
		return nil, b.err
	}
	return &bound, nil
}

// Params returns the parameters in the text that was parsed, in its order. A query
// that was built has none.
func (q *Query) Params() []*ParamExpr {
	p := parser{lexer: lexer{text: q.text}}
	var all []*ParamExpr
	for {
		if p.advance() != nil || p.tok.kind == tokEnd {
			return all
		}
		if p.tok.kind == tokQuestion || p.tok.kind == tokNamed {
			all = append(all, p.parameter())
		}
	}
}

// binder copies a tree with its parameters replaced. After the first error it
// changes nothing more.
type binder struct {
	text       string
	positional []any
	named      []Named
	questions  int
	used       map[string]bool // named parameters; nil if no argument has a name
	err        error
}

func (b *binder) fail(at Span, reason string) *Error {
	e := newError(Argument, b.text, at, reason)
	if b.err == nil {
		b.err = e
	}
	return e
}

// expr returns e with its parameters replaced.
func (b *binder) expr(e Expr) Expr {
	return rewriter{param: b.param, items: b.items}.expr(e)
}

func (b *binder) list(terms []Expr) []Expr {
	return rewriter{param: b.param, items: b.items}.list(terms)
}

// items binds the items of an IN, where a slice stands for its elements.
func (b *binder) items(items []Expr) []Expr {
	var out []Expr
	for _, item := range items {
		param, ok := item.(*ParamExpr)
		if !ok {
			out = append(out, b.expr(item))
			continue
		}
		arg, ok := b.argument(param)
		if !ok {
			continue
		}
		elements, ok := elementsOf(arg)
		if !ok {
			elements = []any{arg}
		}
		if len(out)+len(elements) > MaxItems {
			b.fail(param.At, itemsLimit).Kind = Limit
			return out
		}
		for i, element := range elements {
			what := ""
			if ok {
				what = "element " + strconv.Itoa(i+1) + " of "
			}
			out = append(out, b.literal(param, element, what))
		}
	}
	return out
}

// param returns the value of a parameter.
func (b *binder) param(e *ParamExpr) Expr {
	arg, ok := b.argument(e)
	if !ok {
		return e
	}
	return b.literal(e, arg, "")
}

// argument looks up what a parameter stands for.
func (b *binder) argument(e *ParamExpr) (any, bool) {
	if e.Name == "" {
		b.questions++
		if e.Index < len(b.positional) {
			return b.positional[e.Index], true
		}
		b.fail(e.At, fmt.Sprintf("no argument for parameter %d: %d given", e.Index+1, len(b.positional)))
		return nil, false
	}
	if b.used != nil {
		b.used[e.Name] = true
	}
	for _, named := range b.named {
		if arg, ok := named[e.Name]; ok {
			return arg, true
		}
	}
	err := b.fail(e.At, "no argument for :"+e.Name)
	if near := model.Nearest(e.Name, b.names()); near != "" {
		err.Suggestion = ":" + near
	}
	return nil, false
}

func (b *binder) literal(e *ParamExpr, arg any, what string) Expr {
	what += "argument "
	if e.Name == "" {
		what += strconv.Itoa(e.Index + 1)
	} else {
		what += ":" + e.Name
	}
	c, err := constant(arg, e.At)
	if err != nil {
		if _, ok := elementsOf(arg); ok {
			err = fmt.Errorf("%w; a slice stands for the items of IN (?)", err)
		}
		b.fail(e.At, what+" "+err.Error())
		return e
	}
	if err := c.Value.Validate(); err != nil {
		b.fail(e.At, what+": "+err.Error())
		return e
	}
	return c
}

func (b *binder) names() []string {
	var all []string
	for _, named := range b.named {
		for name := range named {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// checkUse reports arguments that no parameter took.
func (b *binder) checkUse() {
	end := Span{len(b.text), len(b.text)}
	if n := len(b.positional); n > b.questions {
		b.fail(end, fmt.Sprintf("%s for %s", plural(n, "argument"), plural(b.questions, "parameter")))
	}
	for _, name := range b.names() {
		if !b.used[name] {
			b.fail(end, "no parameter :"+name+" for the argument of that name")
		}
	}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
