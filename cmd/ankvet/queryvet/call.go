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
// collection, as its receiver or as a parameter, and ends in the parameters
// text string, args ...any. So methods that are still to come are among them.
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
	collection := receiverOf(fn)
	for p := range sig.Params().Variables() {
		if collection == nil {
			collection = collectionOf(p.Type())
		}
	}
	at := sig.Params().Len() - 2
	if collection == nil || len(e.Args) <= at {
		return call{}, false
	}
	c := call{expr: e, text: e.Args[at], args: e.Args[at+1:], spread: e.Ellipsis.IsValid(), groups: strings.Contains(fn.Name(), "Groups")}
	if declared, ok := types.Unalias(collection.TypeArgs().At(collection.TypeArgs().Len() - 1)).(*types.Named); ok {
		c.model = declared.Obj()
	}
	return c, true
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

// receiverOf is the collection that a function is a method of, or nil.
func receiverOf(fn *types.Func) *types.Named {
	if recv := fn.Signature().Recv(); recv != nil {
		return collectionOf(recv.Type())
	}
	return nil
}

// collectionOf is the entity.Collection that t is, or points to; or nil.
func collectionOf(t types.Type) *types.Named {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	named, ok := types.Unalias(t).(*types.Named)
	if !ok || !isNamed(named, gomodel.EntityPath, "Collection") || named.TypeArgs().Len() == 0 {
		return nil
	}
	return named
}

// isNamed tells whether a type is the one of that name at a path, or an instance
// of it.
func isNamed(t *types.Named, path, name string) bool {
	obj := t.Obj()
	return obj.Pkg() != nil && obj.Pkg().Path() == path && obj.Name() == name
}
