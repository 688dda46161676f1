package queryvet

import (
	"go/constant"
	"go/types"
	"reflect"
	"strings"

	"github.com/ankgo/ank/internal/gomodel"
	"github.com/ankgo/ank/model"
)

// models knows the schemas of models by their structs.
//
// What a schema consists of is read from what ankgen generated: for each field of
// the struct Album that is stored there is a constant like
//
//	AlbumYear query.Number[Album, int] = "year"
//
// whose value is the column and whose type is that of its values. The compiler exports
// constants to whoever imports their package, so that a model in another package
// needs no source. A struct that lacks one of them, because its collection was written
// by hand, is not known. Of a package that is imported only by one that is imported,
// the compiler exports no more than the struct: then the field itself tells, by
// ankgen's rules.
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
		f := model.Field{Go: v.Name()}
		if v.Name() == "_" || readTag(&f, st.Tag(i)) {
			continue
		}
		if v.Embedded() {
			inner, ok := v.Type().Underlying().(*types.Struct)
			if !ok || !r.fields(inner) {
				return false
			}
			continue
		}
		if !r.field(&f, v) {
			return false
		}
		r.columns = append(r.columns, f)
	}
	return true
}

// readTag takes the names of a field's column from its tag, and tells whether it is
// excluded.
func readTag(f *model.Field, tag string) (excluded bool) {
	for o := range gomodel.Options(reflect.StructTag(tag).Get(gomodel.TagKey)) {
		switch o.Key {
		case gomodel.Excluded:
			return true
		case gomodel.Name:
			f.Name = o.Value
		case gomodel.RenamedFrom:
			f.Was = append(f.Was, o.Value)
		}
	}
	return false
}

// field reads a field, and tells whether it is understood.
func (r *modelReader) field(f *model.Field, v *types.Var) bool {
	t := types.Unalias(v.Type())
	if p, ok := t.(*types.Pointer); ok {
		t, f.Optional = p.Elem(), true
	}
	if f.Name == "" {
		f.Name = gomodel.Snake(v.Name())
	}
	switch column := r.column(v); {
	case column != nil:
		f.Name = constant.StringVal(column.Val())
		f.Type = columnType(column.Type().(*types.Named))
	case !r.obj.Pkg().Complete():
		f.Type = typeOf(t)
	}
	if number, bits := gomodel.Number(t); number == f.Type {
		f.Bits = uint8(bits)
	}
	if target := targetOf(t); target != nil {
		f.Ref = collectionName(target)
		r.targets[len(r.columns)] = target
	}
	return f.Type != model.TypeNull
}

// column is the constant that stands for a field, nil if there is none.
func (r *modelReader) column(v *types.Var) *types.Const {
	c, ok := r.obj.Pkg().Scope().Lookup(r.obj.Name() + v.Name()).(*types.Const)
	if !ok || c.Val().Kind() != constant.String {
		return nil
	}
	column, ok := c.Type().(*types.Named)
	if !ok || column.TypeArgs().Len() != 2 || !types.Identical(column.TypeArgs().At(0), r.obj.Type()) {
		return nil
	}
	return c
}

// columnType is the type of the values of a column, model.TypeNull if the column is
// none of package query.
func columnType(column *types.Named) model.Type {
	switch {
	case isNamed(column, gomodel.QueryPath, "Bool"):
		return model.TypeBool
	case isNamed(column, gomodel.QueryPath, "Number"):
		number, _ := gomodel.Number(column.TypeArgs().At(1))
		return number
	case isNamed(column, gomodel.QueryPath, "Text"):
		return model.TypeString
	case isNamed(column, gomodel.QueryPath, "Bytes"):
		return model.TypeBytes
	case isNamed(column, gomodel.QueryPath, "Time"):
		return model.TypeTime
	case isNamed(column, gomodel.QueryPath, "Duration"):
		return model.TypeDuration
	case isNamed(column, gomodel.QueryPath, "ID"), isNamed(column, gomodel.QueryPath, "Ref"):
		return model.TypeID
	case isNamed(column, gomodel.QueryPath, "JSON"):
		return model.TypeJSON
	}
	return model.TypeNull
}

// typeOf is the type of the values of a Go type, model.TypeNull if that does not tell:
// of a type over int64, nothing tells whether it was declared over time.Duration.
func typeOf(t types.Type) model.Type {
	if named, ok := types.Unalias(t).(*types.Named); ok && isNamed(named, gomodel.ModelPath, "JSON") {
		return model.TypeJSON
	}
	typ := model.TypeNull
	for _, s := range samplesOf(t) {
		value, ok := s.value.(model.Value)
		if !ok || typ != model.TypeNull && typ != value.Type() {
			return model.TypeNull
		}
		typ = value.Type()
	}
	return typ
}

// targetOf is the struct that a model.Ref refers to, nil if t is none.
func targetOf(t types.Type) *types.TypeName {
	ref, ok := types.Unalias(t).(*types.Named)
	if !ok || !isNamed(ref, gomodel.ModelPath, "Ref") || ref.TypeArgs().Len() != 1 {
		return nil
	}
	target, ok := types.Unalias(ref.TypeArgs().At(0)).(*types.Named)
	if !ok {
		return nil
	}
	return target.Obj()
}
