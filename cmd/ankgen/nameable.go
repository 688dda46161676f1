package main

import (
	"go/types"
	"strings"
)

// writable tells whether a struct type and its name can be written in the package
// self: what other packages do not export cannot.
func writable(g *guarded, self *types.Package) bool {
	if unnameable(g.typ, self) != nil {
		return false
	}
	for v := range g.under.Fields() {
		if !v.Exported() && v.Pkg() != self || unnameable(v.Type(), self) != nil {
			return false
		}
	}
	return true
}

// unnameable is a type within t that the package self has no name for, or nil.
func unnameable(t types.Type, self *types.Package) *types.TypeName {
	switch t := t.(type) {
	case *types.Named:
		return firstUnnameable(t.Obj(), t.TypeArgs(), self)
	case *types.Alias:
		return firstUnnameable(t.Obj(), t.TypeArgs(), self)
	case interface{ Elem() types.Type }: // pointers, slices, arrays, maps, channels
		if m, ok := t.(*types.Map); ok {
			if obj := unnameable(m.Key(), self); obj != nil {
				return obj
			}
		}
		return unnameable(t.Elem(), self)
	}
	return nil
}

// firstUnnameable looks at a named type and its arguments.
func firstUnnameable(obj *types.TypeName, args *types.TypeList, self *types.Package) *types.TypeName {
	if obj.Pkg() != nil && obj.Pkg() != self && (!obj.Exported() || !importable(obj.Pkg().Path(), self.Path())) {
		return obj
	}
	for arg := range args.Types() {
		if found := unnameable(arg, self); found != nil {
			return found
		}
	}
	return nil
}

// importable tells whether a package may import the one at path, which is not so
// if it is internal to a folder that the package does not stand in.
func importable(path, from string) bool {
	i := strings.LastIndex("/"+path+"/", "/internal/")
	if i < 0 {
		return true
	}
	parent := path[:max(i-1, 0)]
	return from == parent || strings.HasPrefix(from, parent+"/")
}
