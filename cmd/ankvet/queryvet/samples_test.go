package queryvet

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/packages"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// The declarations below stand in this file for the values, and are read by the
// type checker for their types.
type (
	genre    string
	span     time.Duration
	day      time.Time
	small    int8
	raw      []byte
	rawByte  []small8
	small8   uint8
	view     struct{ id event.ID }
	named    string
	deep     **int
	artist   struct{}
	embedded struct{ view }
)

func (v view) ID() event.ID  { return v.id }
func (n named) ID() event.ID { return event.ID{} }
func (p *artist) ID() string { return "" }

var (
	number  = 5
	pointer = &number
	moment  = time.Unix(1, 0)
)

// goValues are arguments with the expressions that make them.
var goValues = []struct {
	expr  string
	value any
}{
	{"nil", nil},
	{"true", true},
	{"1985", 1985},
	{"'x'", 'x'},
	{"1.5", 1.5},
	{`"text"`, "text"},
	{"number", number},
	{"pointer", pointer},
	{"deep(&pointer)", deep(&pointer)},
	{"int64(number)", int64(number)},
	{"small(number)", small(number)},
	{"uint(number)", uint(number)},
	{"uint64(number)", uint64(number)},
	{"small8(number)", small8(number)},
	{"float32(number)", float32(number)},
	{"number > 1", number > 1},
	{"genre(named(\"x\"))", genre(named("x"))},
	{"named(\"x\")", named("x")},
	{"span(number)", span(number)},
	{"time.Duration(number)", time.Duration(number)},
	{"time.Second", time.Second},
	{"moment", moment},
	{"&moment", &moment},
	{"day(moment)", day(moment)},
	{"[]byte{1}", []byte{1}},
	{"raw{1}", raw{1}},
	{"rawByte{1}", rawByte{1}},
	{"model.BytesOf(nil)", model.BytesOf(nil)},
	{"event.ID{}", event.ID{}},
	{"model.RefTo[artist](event.ID{})", model.RefTo[artist](event.ID{})},
	{"view{}", view{}},
	{"&view{}", &view{}},
	{"embedded{}", embedded{}},
	{"artist{}", artist{}},
	{"&artist{}", &artist{}},
	{"struct{}{}", struct{}{}},
	{"map[string]int{}", map[string]int{}},
	{"[2]int{}", [2]int{}},
	{"[]int{1}", []int{1}},
	{"[]genre{\"x\"}", []genre{"x"}},
	{"[][]byte{{1}}", [][]byte{{1}}},
	{"[]artist{{}}", []artist{{}}},
	{"[]*int{pointer}", []*int{pointer}},
	{"uintptr(number)", uintptr(number)},
	{"complex(1, float64(number))", complex(1, float64(number))},
	{"func() {}", func() {}},
	{"make(chan int)", make(chan int)},
}

// typesHere type-checks the expressions of goValues in this file's package.
func typesHere(t *testing.T) (*types.Info, []ast.Expr) {
	t.Helper()
	cfg := &packages.Config{Mode: packages.LoadSyntax, Tests: true}
	list, err := packages.Load(cfg, ".")
	require.NoError(t, err)
	var here *packages.Package
	for _, p := range list {
		if p.Name == "queryvet" && strings.HasSuffix(p.ID, ".test]") {
			here = p
		}
	}
	require.NotNil(t, here)
	info := &types.Info{
		Types: make(map[ast.Expr]types.TypeAndValue), Uses: make(map[*ast.Ident]types.Object),
		Selections: make(map[*ast.SelectorExpr]*types.Selection), Instances: make(map[*ast.Ident]types.Instance),
	}
	pos := token.NoPos
	for _, file := range here.Syntax {
		if strings.HasSuffix(here.Fset.Position(file.Package).Filename, "samples_test.go") {
			pos = file.End() - 1
		}
	}
	var exprs []ast.Expr
	for _, v := range goValues {
		e, err := parser.ParseExpr(v.expr)
		require.NoError(t, err, v.expr)
		require.NoError(t, types.CheckExpr(here.Fset, here.Types, pos, e, info), v.expr)
		exprs = append(exprs, e)
	}
	return info, exprs
}

// TestSamplesAreWhatBindMakes compares what is said of Go types with what
// query.Bind does with values of them.
func TestSamplesAreWhatBindMakes(t *testing.T) {
	info, exprs := typesHere(t)
	q, err := query.Parse("x IN (?)")
	require.NoError(t, err)
	single, err := query.Parse("x = ?")
	require.NoError(t, err)
	for i, v := range goValues {
		samples := samplesFor(info.Types[exprs[i]])
		want, refused := boundType(q, v.value)
		var got []model.Type
		for _, s := range samples {
			typ, no := boundType(q, s.value)
			require.Equal(t, refused, no, "%s: %v", v.expr, s.value)
			got = append(got, typ)
		}
		require.NotEmpty(t, got, v.expr)
		require.Contains(t, got, want, v.expr)
		_, asOne := single.Bind(v.value)
		_, sampleAsOne := single.Bind(samples[0].value)
		require.Equal(t, asOne == nil, sampleAsOne == nil, "%s outside of IN", v.expr)
	}
}

// boundType is the type that an argument has once it is bound.
func boundType(q *query.Query, arg any) (typ model.Type, refused bool) {
	bound, err := q.Bind(arg)
	if err != nil {
		return model.TypeNull, true
	}
	list := bound.Where.(*query.InExpr).List
	return list[0].(*query.LiteralExpr).Value.Type(), false
}

// TestTypesThatDoNotTell have no samples: whatever stands there may be right.
func TestTypesThatDoNotTell(t *testing.T) {
	anything := types.Universe.Lookup("any").Type()
	require.Empty(t, samplesOf(anything))
	require.Empty(t, samplesOf(types.NewPointer(anything)))
	require.Empty(t, samplesOf(types.Typ[types.Invalid]))
	require.Empty(t, samplesOf(types.NewTypeParam(types.NewTypeName(0, nil, "T", nil), anything)))
	list := samplesOf(types.NewSlice(anything))
	require.Len(t, list, 1)
	require.Empty(t, list[0].value)
}

// TestConstantsAreExact: what a constant is, its sample is.
func TestConstantsAreExact(t *testing.T) {
	int64Type, floatType, duration := types.Typ[types.Int64], types.Typ[types.Float64], types.NewNamed(
		types.NewTypeName(0, types.NewPackage("time", "time"), "Duration", nil), types.Typ[types.Int64], nil)
	big := constant.MakeUint64(1<<64 - 1)
	for _, test := range []struct {
		typ   types.Type
		value constant.Value
		want  model.Value
	}{
		{types.Typ[types.String], constant.MakeString("it's"), model.OfString("it's")},
		{types.Typ[types.Bool], constant.MakeBool(false), model.OfBool(false)},
		{int64Type, constant.MakeInt64(-5), model.OfInt(-5)},
		{types.Typ[types.Uint64], big, model.OfUint(1<<64 - 1)},
		{floatType, constant.MakeFloat64(0.1), model.OfFloat(0.1)},
		{floatType, constant.MakeInt64(2), model.OfFloat(2)},
		{duration, constant.MakeInt64(1500), model.OfDuration(1500)},
	} {
		samples := constantSamples(test.typ, test.value)
		require.Equal(t, []sample{{value: test.want}}, samples)
	}
	length := types.NewNamed(types.NewTypeName(0, nil, "Length", nil), int64Type, nil)
	require.Equal(t, []sample{{value: model.OfInt(7)}, {value: model.OfDuration(7)}},
		constantSamples(length, constant.MakeInt64(7)))
}
