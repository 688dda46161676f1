package queryvet

import (
	"go/ast"
	"go/types"
	"strings"

	"github.com/ankgo/ank/internal/gomodel"
)

// A call passes the text of a query to a collection.
type call struct {
	expr   *ast.CallExpr
	text   ast.Expr
	args   []ast.Expr
	spread bool            // the last of args is a slice of arguments
	groups bool            // a query with SELECT is asked for
	model  *types.TypeName // the struct of the collection's model, nil if that is not known here
}

// call tells whether a call is one: whatever package entity declares that takes a
// collection or a live query, as its receiver or as a parameter, and ends in the
// parameters text string, args ...any. So methods that are still to come are among them.
func (v *vetter) call(e *ast.CallExpr) (call, bool) {
	fn := v.callee(e.Fun)
	if fn == nil || fn.Pkg() == nil || fn.Pkg().Path() != gomodel.EntityPath {
		return call{}, false
	}
	// Of a method expression the receiver is the first of these parameters.
	sig, ok := v.pass.TypesInfo.TypeOf(e.Fun).(*types.Signature)
	if !ok || !takesText(sig) {
		return call{}, false
	}
	asked := subjectOf(fn.Signature().Recv())
	for p := range sig.Params().Variables() {
		if asked == nil {
			asked = subjectOf(p)
		}
	}
	at := sig.Params().Len() - 2
	if asked == nil || len(e.Args) <= at {
		return call{}, false
	}
	c := call{expr: e, text: e.Args[at], args: e.Args[at+1:], spread: e.Ellipsis.IsValid(), groups: strings.Contains(fn.Name(), "Groups")}
	declared, ok := types.Unalias(asked.TypeArgs().At(asked.TypeArgs().Len() - 1)).(*types.Named)
	switch {
	case isNamed(asked, gomodel.EntityPath, "Live"):
		if !ok { // items of any sort
			return call{}, false
		}
		c.groups, c.model = isNamed(declared, gomodel.EntityPath, "Group"), modelOfView(declared)
	case ok:
		c.model = declared.Obj()
	}
	return c, true
}

// modelOfView is the struct of the model that a generated type of views is for, as its
// method Ref tells; nil if it has none.
func modelOfView(view *types.Named) *types.TypeName {
	found, _, _ := types.LookupFieldOrMethod(view, false, view.Obj().Pkg(), "Ref")
	ref, ok := found.(*types.Func)
	if !ok || ref.Signature().Results().Len() != 1 {
		return nil
	}
	return targetOf(ref.Signature().Results().At(0).Type())
}

// callee is the function or method that an expression names, of a generic type the
// method of the instance; or nil.
func (v *vetter) callee(e ast.Expr) *types.Func {
	switch x := ast.Unparen(e).(type) {
	case *ast.Ident:
		fn, _ := v.pass.TypesInfo.Uses[x].(*types.Func)
		return fn
	case *ast.SelectorExpr:
		return v.callee(x.Sel)
	case *ast.IndexExpr:
		return v.callee(x.X)
	case *ast.IndexListExpr:
		return v.callee(x.X)
	}
	return nil
}

// takesText tells whether the last parameters are a text and its arguments.
func takesText(sig *types.Signature) bool {
	n := sig.Params().Len()
	if !sig.Variadic() || n < 2 {
		return false
	}
	text, isBasic := sig.Params().At(n - 2).Type().(*types.Basic)
	args, isSlice := sig.Params().At(n - 1).Type().(*types.Slice)
	return isBasic && text.Kind() == types.String && isSlice && isAny(args.Elem())
}

func isAny(t types.Type) bool {
	i, ok := t.Underlying().(*types.Interface)
	return ok && i.Empty()
}

// subjectOf is the entity.Collection or entity.Live that a receiver or a parameter is, or
// points to; or nil.
func subjectOf(v *types.Var) *types.Named {
	if v == nil {
		return nil
	}
	t := v.Type()
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	named, ok := types.Unalias(t).(*types.Named)
	if !ok || named.TypeArgs().Len() == 0 {
		return nil
	}
	if isNamed(named, gomodel.EntityPath, "Collection") || isNamed(named, gomodel.EntityPath, "Live") {
		return named
	}
	return nil
}

// isNamed tells whether a type is the one of that name at a path, or an instance
// of it.
func isNamed(t *types.Named, path, name string) bool {
	obj := t.Obj()
	return obj.Pkg() != nil && obj.Pkg().Path() == path && obj.Name() == name
}
