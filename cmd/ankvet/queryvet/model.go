package queryvet

import (
	"go/constant"
	"go/types"
	"reflect"
	"strings"

	"github.com/ankgo/ank/model"
)

// models knows the schemas of models by their structs.
//
// What a schema consists of is read from what ankgen generated: for each field of
// the struct Album that is stored there is a constant like
//
//	AlbumYear query.Number[Album, int] = "year"
//
// whose value is the column and whose type is that of its values. Constants are
// part of what the compiler exports, so that a model in another package needs
// neither its source nor ankgen's rules. A struct that lacks one of them, because
// its collection was written by hand, is not known.
type models struct {
	known map[*types.TypeName]*model.Schema
	// lost is set when a query follows a reference to a model that is not known.
	lost bool
}

func newModels() *models { return &models{known: make(map[*types.TypeName]*model.Schema)} }

// of is the schema of the model that a struct declares, nil if it is not known.
func (m *models) of(obj *types.TypeName) *model.Schema {
	if obj == nil {
		return nil
	}
	s, ok := m.known[obj]
	if !ok {
		s = m.read(obj)
		m.known[obj] = s
	}
	return s
}

func (m *models) read(obj *types.TypeName) *model.Schema {
	r := modelReader{obj: obj, targets: make(map[int]*types.TypeName)}
	st, ok := obj.Type().Underlying().(*types.Struct)
	if !ok || obj.Pkg() == nil || !r.fields(st) {
		return nil
	}
	return model.NewSchema(model.Definition{
		Model: obj.Name(), Collection: collectionName(obj), Fields: r.columns,
		Targets: model.TargetFunc(func(field int) *model.Schema {
			s := m.of(r.targets[field])
			m.lost = m.lost || s == nil
			return s
		}),
	})
}

// collectionName stands for the name of a collection, which types do not tell: it
// is in the directive above the struct.
func collectionName(obj *types.TypeName) string {
	if name := strings.ToLower(obj.Name()); model.ValidName(name) {
		return name
	}
	return "entities"
}

// A modelReader collects the columns of a model.
type modelReader struct {
	obj     *types.TypeName
	columns []model.Field
	targets map[int]*types.TypeName // what references lead to, by the number of the column
}

// fields reads the fields of a struct, and those of structs that it embeds. It
// tells whether all of them are understood.
func (r *modelReader) fields(st *types.Struct) bool {
	for i := range st.NumFields() {
		v := st.Field(i)
		tag := reflect.StructTag(st.Tag(i)).Get("ank")
		if v.Name() == "_" || tag == "-" {
			continue
		}
		if v.Embedded() {
			inner, ok := v.Type().Underlying().(*types.Struct)
			if !ok || !r.fields(inner) {
				return false
			}
			continue
		}
		f, ok := r.field(v)
		if !ok {
			return false
		}
		f.Was = formerNames(tag)
		if target := targetOf(v.Type()); target != nil && f.Type == model.TypeID {
			f.Ref = collectionName(target)
			r.targets[len(r.columns)] = target
		}
		r.columns = append(r.columns, f)
	}
	return true
}

// targetOf is the struct that a model.Ref or a pointer to one refers to, nil if t
// is neither.
func targetOf(t types.Type) *types.TypeName {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	ref, ok := types.Unalias(t).(*types.Named)
	if !ok || !isNamed(ref, modelPath, "Ref") || ref.TypeArgs().Len() != 1 {
		return nil
	}
	target, ok := types.Unalias(ref.TypeArgs().At(0)).(*types.Named)
	if !ok {
		return nil
	}
	return target.Obj()
}

// formerNames are the columns that a field's tag says it was renamed from.
func formerNames(tag string) []string {
	var all []string
	for option := range strings.SplitSeq(tag, ",") {
		if was, ok := strings.CutPrefix(strings.TrimSpace(option), "renamed-from="); ok {
			all = append(all, was)
		}
	}
	return all
}

// field reads the constant that stands for a field.
func (r *modelReader) field(v *types.Var) (model.Field, bool) {
	c, ok := r.obj.Pkg().Scope().Lookup(r.obj.Name() + v.Name()).(*types.Const)
	if !ok || c.Val().Kind() != constant.String {
		return model.Field{}, false
	}
	column, ok := types.Unalias(c.Type()).(*types.Named)
	if !ok || column.TypeArgs().Len() != 2 || !types.Identical(column.TypeArgs().At(0), r.obj.Type()) {
		return model.Field{}, false
	}
	f := model.Field{Name: constant.StringVal(c.Val()), Go: v.Name()}
	_, f.Optional = types.Unalias(v.Type()).(*types.Pointer)
	return f, columnType(&f, column)
}

// columnType sets the type of a field to that of its column.
func columnType(f *model.Field, column *types.Named) bool {
	value := column.TypeArgs().At(1)
	switch {
	case isNamed(column, queryPath, "Bool"):
		f.Type = model.TypeBool
	case isNamed(column, queryPath, "Number"):
		f.Type, f.Bits = numberType(value)
	case isNamed(column, queryPath, "Text"):
		f.Type = model.TypeString
	case isNamed(column, queryPath, "Bytes"):
		f.Type = model.TypeBytes
	case isNamed(column, queryPath, "Time"):
		f.Type = model.TypeTime
	case isNamed(column, queryPath, "Duration"):
		f.Type = model.TypeDuration
	case isNamed(column, queryPath, "ID"):
		f.Type = model.TypeID
	case isNamed(column, queryPath, "JSON"):
		f.Type = model.TypeJSON
	}
	return f.Type != model.TypeNull
}

// numberType is the type of the values of a Go type, and its bits. It is
// model.TypeNull for one that is no number.
func numberType(t types.Type) (model.Type, uint8) {
	basic, ok := t.Underlying().(*types.Basic)
	if !ok {
		return model.TypeNull, 0
	}
	switch basic.Kind() {
	case types.Int, types.Int64:
		return model.TypeInt, 64
	case types.Int8:
		return model.TypeInt, 8
	case types.Int16:
		return model.TypeInt, 16
	case types.Int32:
		return model.TypeInt, 32
	case types.Uint, types.Uint64:
		return model.TypeUint, 64
	case types.Uint8:
		return model.TypeUint, 8
	case types.Uint16:
		return model.TypeUint, 16
	case types.Uint32:
		return model.TypeUint, 32
	case types.Float32:
		return model.TypeFloat, 32
	case types.Float64:
		return model.TypeFloat, 64
	}
	return model.TypeNull, 0
}
