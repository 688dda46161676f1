package queryvet

import (
	"go/ast"
	"go/constant"
	"go/token"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"

	"github.com/ankgo/ank/query"
)

// Analyzer checks the constant texts of queries. It needs no facts, so that a
// driver need not look into what a package imports. It makes do with packages that
// do not compile yet. It is not changed by running, and must not be changed.
var Analyzer = &analysis.Analyzer{
	Name: "ankvet",
	Doc: `check the queries that are passed to collections of Ank

The text of a query that is constant is parsed and checked against the model of
the collection that it is passed to, with the types of its arguments.`,
	URL:              "https://pkg.go.dev/github.com/ankgo/ank/cmd/ankvet",
	Requires:         []*analysis.Analyzer{inspect.Analyzer},
	RunDespiteErrors: true,
	Run:              run,
}

func run(pass *analysis.Pass) (any, error) {
	v := &vetter{pass: pass, models: newModels(), reported: make(map[place]bool)}
	find := pass.ResultOf[inspect.Analyzer].(*inspector.Inspector)
	find.Preorder([]ast.Node{(*ast.CallExpr)(nil)}, func(n ast.Node) {
		if c, ok := v.call(n.(*ast.CallExpr)); ok {
			v.check(c)
		}
	})
	return nil, nil
}

// A vetter checks the queries of one package.
type vetter struct {
	pass     *analysis.Pass
	models   *models
	consts   constants
	reported map[place]bool
}

// A place is what a finding is known by: a constant that is used twice is
// complained of once.
type place struct {
	pos, end token.Pos
	message  string
}

// check checks one call.
func (v *vetter) check(c call) {
	if !v.isText(c.text) {
		return
	}
	text := constant.StringVal(v.pass.TypesInfo.Types[c.text].Value)
	source := v.source(c.text, text)
	for _, f := range v.models.examine(text, v.models.of(c.model), v.arguments(c), c.groups) {
		v.report(c, source, f)
	}
}

// report reports a finding where it stands in the text's source.
func (v *vetter) report(c call, source source, f finding) {
	at := source.locate(f.err.Span)
	d := analysis.Diagnostic{Pos: at.pos, End: at.end, Message: f.err.Error()}
	if at.pos < c.expr.Pos() || c.expr.End() < at.pos {
		d.Related = []analysis.RelatedInformation{{Pos: c.expr.Pos(), End: c.expr.End(), Message: "the query is passed here"}}
	}
	if f.fix != "" && at.literal != nil {
		d.SuggestedFixes = []analysis.SuggestedFix{{
			Message:   "Replace " + f.err.Token + " by " + f.fix,
			TextEdits: []analysis.TextEdit{{Pos: at.pos, End: at.end, NewText: inside(at.literal, f.fix)}},
		}}
	}
	if p := (place{d.Pos, d.End, d.Message}); !v.reported[p] {
		v.reported[p] = true
		v.pass.Report(d)
	}
}

// A finding is a mistake in a query.
type finding struct {
	err *query.Error
	fix string // what may replace the error's token, "" if nothing may
}
