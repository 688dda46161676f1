package queryvet

import (
	"go/ast"
	"go/constant"
	"go/types"
	"strings"
	"unicode/utf8"

	"github.com/ankgo/ank/internal/gomodel"
	"github.com/ankgo/ank/query"
)

// arguments are what a call passes for the parameters of a query, as far as its
// types tell.
type arguments struct {
	positional []argument
	named      map[string]argument // nil if no argument has a name
	// unseen says that there may be others, so that they cannot be counted; maybeNamed
	// that one of the positional ones may turn out to be a query.Named.
	unseen, maybeNamed bool
}

// An argument is one of them.
type argument struct {
	expr    ast.Expr
	typ     types.Type
	samples []sample // values it may have, tried in turn; none if it may be anything
}

// arguments looks at the arguments of a call.
func (v *vetter) arguments(c call) arguments {
	if c.spread {
		return arguments{unseen: true}
	}
	var out arguments
	for _, e := range c.args {
		t := v.pass.TypesInfo.TypeOf(e)
		if named, ok := types.Unalias(t).(*types.Named); ok && isNamed(named, gomodel.QueryPath, "Named") {
			v.named(&out, e)
			continue
		}
		if t == nil || types.IsInterface(t) {
			out.maybeNamed = true
		}
		out.positional = append(out.positional, v.argument(e))
	}
	return out
}

// named adds the arguments of a query.Named, which are seen in a literal only.
func (v *vetter) named(out *arguments, e ast.Expr) {
	lit, ok := ast.Unparen(e).(*ast.CompositeLit)
	if !ok {
		out.unseen = true
		return
	}
	if out.named == nil {
		out.named = make(map[string]argument)
	}
	for _, element := range lit.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok || !v.isText(pair.Key) {
			out.unseen = true
			continue
		}
		name := constant.StringVal(v.pass.TypesInfo.Types[pair.Key].Value)
		if _, twice := out.named[name]; !twice { // the first Named that has it counts
			out.named[name] = v.argument(pair.Value)
		}
	}
}

// argument looks at one argument.
func (v *vetter) argument(e ast.Expr) argument {
	tv := v.pass.TypesInfo.Types[e]
	return argument{expr: e, typ: tv.Type, samples: samplesFor(tv)}
}

// longestName bounds how an argument is shown in a message.
const longestName = 40

// mention makes an error speak of the argument instead of the sample of it.
func (a *argument) mention(e *query.Error, s sample) *query.Error {
	name := types.ExprString(a.expr)
	if utf8.RuneCountInString(name) > longestName || strings.Contains(name, "\n") {
		name = "the argument"
	}
	if s.element {
		name = "an element of " + name
	}
	meant := []string{"queryvet.unstorable", s.refused, "[]interface {}", shortType(a.typ)}
	if s.shown != "" {
		meant = append(meant, s.shown, name)
	}
	out := *e
	out.Reason = strings.NewReplacer(meant...).Replace(e.Reason)
	if s.shown != "" {
		out.Suggestion = "" // it is for the value of the sample
	}
	return &out
}
