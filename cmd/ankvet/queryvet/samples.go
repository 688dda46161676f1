package queryvet

import (
	"go/constant"
	"go/types"
	"math"
	"time"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/internal/gomodel"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// The samples are values that hardly stand in a query, so that a message in which
// one of them is shown can say what it stands for instead.
const (
	sampleNumber = 73017301
	sampleText   = "sample 73017301"
)

// A sample is a value that an argument may have.
type sample struct {
	value   any    // as query.Bind takes it
	shown   string // what a message calls the value; "" if the argument is no other
	refused string // the type that an unstorable value stands for
	element bool   // the value is a list of the one that is shown
}

// unstorable is a Go value that no query takes.
type unstorable struct{}

// of is the sample of a value.
func of(value model.Value) sample {
	literal := query.Query{Where: &query.LiteralExpr{Value: value}}
	return sample{value: value, shown: literal.String()}
}

// ints, uints and the others are what a value of a kind of Go types may be. Strings
// may be read as times, durations and IDs, and the empty one as a cursor. That 'NaN'
// is read as a number is no reason to take any string for one.
func ints() []sample   { return []sample{of(model.OfInt(sampleNumber))} }
func uints() []sample  { return []sample{of(model.OfUint(sampleNumber))} }
func floats() []sample { return []sample{of(model.OfFloat(sampleNumber + 0.5))} }
func bools() []sample  { return []sample{of(model.OfBool(true))} }
func bytes() []sample  { return []sample{of(model.OfBytes([]byte(sampleText)))} }
func times() []sample  { return []sample{of(model.OfTime(time.Unix(sampleNumber, 0)))} }
func ids() []sample    { return []sample{of(model.OfID(event.ID{1: 1, 15: 1}))} }

func durations() []sample { return []sample{of(model.OfDuration(sampleNumber * time.Millisecond))} }

func texts() []sample {
	all := []sample{of(model.OfString(sampleText)), of(model.OfString("x"))}
	for _, readable := range [][]sample{times(), durations(), ids()} {
		all = append(all, of(model.OfString(readable[0].shown[1:len(readable[0].shown)-1])))
	}
	return append(all, of(model.OfString("")))
}

// samplesFor are what an expression may be as an argument of a query. There are
// none if it may be anything.
func samplesFor(tv types.TypeAndValue) []sample {
	switch {
	case tv.Type == nil:
		return nil
	case tv.IsNil():
		return []sample{{value: nil}}
	case tv.Value != nil:
		return constantSamples(tv.Type, tv.Value)
	}
	return samplesOf(tv.Type)
}

// samplesOf are what a value of a Go type may be as an argument of a query, by the
// rules of query.Bind. There are none if the type does not tell.
func samplesOf(t types.Type) []sample {
	t = types.Unalias(t)
	if p, ok := t.Underlying().(*types.Pointer); ok {
		return samplesOf(p.Elem())
	}
	if _, ok := t.(*types.TypeParam); ok || types.IsInterface(t) {
		return nil
	}
	if named, ok := t.(*types.Named); ok {
		if samples, ok := namedSamples(named); ok {
			return samples
		}
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return basicSamples(t, u)
	case *types.Slice:
		return sliceSamples(u)
	case *types.Struct:
		if isTimeStruct(u) {
			return times()
		}
	}
	return noSamples(t)
}

// namedSamples knows the types that query.Bind knows by name, and those with a
// method ID.
func namedSamples(t *types.Named) ([]sample, bool) {
	switch {
	case isNamed(t, "time", "Time"):
		return times(), true
	case isNamed(t, "time", "Duration"):
		return durations(), true
	case isNamed(t, gomodel.EventPath, "ID"):
		return ids(), true
	case isNamed(t, gomodel.ModelPath, "Bytes"):
		return bytes(), true
	case isNamed(t, gomodel.ModelPath, "Value"), isNamed(t, gomodel.ModelPath, "JSON"):
		return nil, true
	case identifies(t):
		return ids(), true
	}
	return nil, false
}

// identifies tells whether a type has the method ID() event.ID.
func identifies(t types.Type) bool {
	obj, _, _ := types.LookupFieldOrMethod(t, false, nil, "ID")
	fn, ok := obj.(*types.Func)
	if !ok || fn.Signature().Params().Len() != 0 || fn.Signature().Results().Len() != 1 {
		return false
	}
	id, ok := types.Unalias(fn.Signature().Results().At(0).Type()).(*types.Named)
	return ok && isNamed(id, gomodel.EventPath, "ID")
}

// isTimeStruct tells whether a struct is that of time.Time.
func isTimeStruct(st *types.Struct) bool {
	return st.NumFields() > 0 && st.Field(0).Pkg() != nil && st.Field(0).Pkg().Path() == "time" && st.Field(0).Name() == "wall"
}

func basicSamples(t types.Type, b *types.Basic) []sample {
	switch info := b.Info(); {
	case b.Kind() == types.Invalid:
		return nil
	case info&types.IsBoolean != 0:
		return bools()
	case b.Kind() == types.Uintptr:
		return noSamples(t)
	case info&types.IsUnsigned != 0:
		return uints()
	case b.Kind() == types.Int64 && t != types.Typ[types.Int64]:
		// Nothing tells whether the type was declared over time.Duration.
		return append(ints(), durations()...)
	case info&types.IsInteger != 0:
		return ints()
	case info&types.IsFloat != 0:
		return floats()
	case info&types.IsString != 0:
		return texts()
	}
	return noSamples(t)
}

// sliceSamples are bytes, or lists of one element for IN.
func sliceSamples(s *types.Slice) []sample {
	if b, ok := s.Elem().Underlying().(*types.Basic); ok && b.Kind() == types.Uint8 {
		return bytes()
	}
	// An empty list shows whether a list may stand there at all.
	all := []sample{{value: []any{}}}
	for i, e := range samplesOf(s.Elem()) {
		if i == 0 {
			all = all[:0]
		}
		all = append(all, sample{value: []any{e.value}, shown: e.shown, refused: e.refused, element: true})
	}
	return all
}

// noSamples is what no query takes.
func noSamples(t types.Type) []sample {
	return []sample{{value: unstorable{}, refused: shortType(t)}}
}

// shortType is a type as it is mostly written.
func shortType(t types.Type) string {
	return types.TypeString(t, func(p *types.Package) string { return p.Name() })
}

// constantSamples is the one value that a constant has.
func constantSamples(t types.Type, c constant.Value) []sample {
	samples := samplesOf(t)
	if len(samples) == 0 {
		return nil
	}
	exact, ok := exactly(samples[0].value, c)
	if !ok {
		return samples
	}
	out := []sample{{value: exact}}
	if n, isInt := constant.Int64Val(constant.ToInt(c)); isInt && len(samples) > 1 && exact.Type() == model.TypeInt {
		out = append(out, sample{value: model.OfDuration(time.Duration(n))})
	}
	return out
}

// exactly is the value of a constant, of the type that the sample has.
func exactly(like any, c constant.Value) (model.Value, bool) {
	v, ok := like.(model.Value)
	if !ok {
		return v, false
	}
	switch v.Type() {
	case model.TypeBool:
		return model.OfBool(constant.BoolVal(c)), true
	case model.TypeString:
		return model.OfString(constant.StringVal(c)), true
	case model.TypeInt, model.TypeDuration:
		n, ok := constant.Int64Val(constant.ToInt(c))
		if v.Type() == model.TypeDuration {
			return model.OfDuration(time.Duration(n)), ok
		}
		return model.OfInt(n), ok
	case model.TypeUint:
		n, ok := constant.Uint64Val(constant.ToInt(c))
		return model.OfUint(n), ok
	case model.TypeFloat:
		f, _ := constant.Float64Val(constant.ToFloat(c))
		return model.OfFloat(f), !math.IsInf(f, 0)
	}
	return v, false
}
