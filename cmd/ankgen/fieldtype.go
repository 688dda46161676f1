package main

import (
	"fmt"
	"go/types"

	"github.com/ankgo/ank/internal/gomodel"
	"github.com/ankgo/ank/model"
)

// A valueType is what a Go type means as the type of a field.
type valueType struct {
	kind     *kind
	bits     int
	optional bool
	typ      types.Type      // without the pointer
	target   *types.TypeName // of a model.Ref
}

// A typeError says why a type cannot be that of a field, and what can.
type typeError struct{ reason string }

func (e typeError) Error() string { return e.reason }

func refuse(format string, args ...any) (valueType, error) {
	return valueType{}, typeError{fmt.Sprintf(format, args...)}
}

// valueTypeOf classifies the type of a field.
func (d *describer) valueTypeOf(t types.Type) (valueType, error) {
	pointer, ok := types.Unalias(t).(*types.Pointer)
	if !ok {
		return d.plainType(t)
	}
	if _, twice := types.Unalias(pointer.Elem()).(*types.Pointer); twice {
		return refuse("a pointer to a pointer; one pointer makes a field optional")
	}
	v, err := d.plainType(pointer.Elem())
	if err == nil && v.kind == kindJSON {
		return refuse("a pointer to model.JSON; model.JSON holds null itself")
	}
	v.optional = true
	return v, err
}

// plainType classifies a type that is no pointer.
func (d *describer) plainType(t types.Type) (valueType, error) {
	if named, ok := types.Unalias(t).(*types.Named); ok {
		if v, known, err := d.namedType(named); known {
			return v, err
		}
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return basicType(t, u)
	case *types.Slice:
		return d.sliceType(t, u)
	case *types.Map:
		return refuse("a map; model.JSON holds objects")
	case *types.Array:
		return refuse("an array; use []byte for bytes and model.JSON for lists")
	case *types.Struct:
		return refuse("a struct; embed it to make its fields columns, or use model.JSON")
	case *types.Interface:
		return refuse("an interface; model.JSON holds values of any type")
	default:
		return refuse("no value that can be stored; exclude it with `ank:\"-\"`")
	}
}

// namedType classifies the types that are known by name.
func (d *describer) namedType(named *types.Named) (_ valueType, known bool, _ error) {
	obj := named.Obj()
	switch qualified(obj) {
	case "time.Time":
		return valueType{kind: kindTime, typ: named}, true, nil
	case "time.Duration":
		return valueType{kind: kindDuration, typ: named}, true, nil
	case gomodel.ModelPath + ".JSON":
		return valueType{kind: kindJSON, typ: named}, true, nil
	case gomodel.ModelPath + ".Ref":
		return d.refType(named)
	case gomodel.ModelPath + ".Bytes":
		v, err := refuse("model.Bytes, which views return; in the struct use []byte")
		return v, true, err
	case gomodel.ModelPath + ".Value":
		v, err := refuse("model.Value; use the Go type of the value, or model.JSON for any")
		return v, true, err
	case gomodel.EventPath + ".ID":
		v, err := refuse("event.ID; use model.Ref of the model that it identifies")
		return v, true, err
	case "encoding/json.RawMessage":
		v, err := refuse("json.RawMessage; use model.JSON")
		return v, true, err
	}
	if d.isModel(obj) {
		v, err := refuse("a model; use model.Ref[%s] to refer to one", types.TypeString(named, d.shortQualifier))
		return v, true, err
	}
	switch {
	case d.sources.declaredOver(obj) == "time.Duration":
		return valueType{kind: kindDuration, typ: named}, true, nil
	case d.isTime(named):
		return valueType{kind: kindTime, typ: named}, true, nil
	case structOf(named, gomodel.ModelPath):
		v, err := refuse("declared over a type of package model; use that type itself, or an alias of it")
		return v, true, err
	}
	return valueType{}, false, nil
}

// isTime tells whether a type is declared over time.Time.
func (d *describer) isTime(named *types.Named) bool {
	return structOf(named, "time") && d.sources.declaredOver(named.Obj()) == "time.Time"
}

// structOf tells whether a type is a struct of the package at path, whose fields
// remember where they come from.
func structOf(named *types.Named, path string) bool {
	st, ok := named.Underlying().(*types.Struct)
	return ok && st.NumFields() > 0 && st.Field(0).Pkg() != nil && st.Field(0).Pkg().Path() == path
}

// refType classifies model.Ref[T].
func (d *describer) refType(named *types.Named) (valueType, bool, error) {
	v, err := valueType{kind: kindID, typ: named}, error(nil)
	target, ok := types.Unalias(named.TypeArgs().At(0)).(*types.Named)
	switch {
	case !ok:
		v, err = refuse("a model.Ref of %s, which is no model", types.TypeString(named.TypeArgs().At(0), d.shortQualifier))
	case !d.isModel(target.Obj()):
		v, err = refuse("a model.Ref of %s, which is no model; put //ank:model above type %s",
			types.TypeString(target, d.shortQualifier), target.Obj().Name())
	default:
		v.target = target.Obj()
	}
	return v, true, err
}

// numberKinds are the kinds of numbers.
var numberKinds = map[model.Type]*kind{
	model.TypeInt: kindInt, model.TypeUint: kindUint, model.TypeFloat: kindFloat,
}

// basicType classifies the predeclared types and types declared over them.
func basicType(t types.Type, b *types.Basic) (valueType, error) {
	if number, bits := gomodel.Number(t); bits > 0 {
		return valueType{kind: numberKinds[number], bits: bits, typ: t}, nil
	}
	switch b.Kind() {
	case types.Bool:
		return valueType{kind: kindBool, typ: t}, nil
	case types.String:
		return valueType{kind: kindString, typ: t}, nil
	case types.Uintptr:
		return refuse("uintptr; use uint64")
	case types.Complex64, types.Complex128:
		return refuse("a complex number; use two fields of float64")
	default:
		return refuse("no value that can be stored; exclude it with `ank:\"-\"`")
	}
}

// sliceType accepts slices of bytes.
func (d *describer) sliceType(t types.Type, s *types.Slice) (valueType, error) {
	if types.Identical(s.Elem(), types.Typ[types.Byte]) {
		return valueType{kind: kindBytes, typ: t}, nil
	}
	if d.isModelType(s.Elem()) {
		return refuse("a list of models; let each of them refer to this one with a model.Ref")
	}
	return refuse("a list; model.JSON holds lists")
}

// isModelType tells whether a type is a model, a pointer to one, or a Ref to one.
func (d *describer) isModelType(t types.Type) bool {
	t = types.Unalias(t)
	if p, ok := t.(*types.Pointer); ok {
		t = types.Unalias(p.Elem())
	}
	named, ok := t.(*types.Named)
	return ok && (d.isModel(named.Obj()) || qualified(named.Obj()) == gomodel.ModelPath+".Ref")
}

// qualified is the import path and name of a type.
func qualified(obj *types.TypeName) string {
	if obj.Pkg() == nil {
		return obj.Name()
	}
	return obj.Pkg().Path() + "." + obj.Name()
}
