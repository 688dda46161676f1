package queryvet

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ankgo/ank/query"
)

// A source is where the text of a query comes from: pieces that were added to one
// another, in the order of the text. There is at least one.
type source struct {
	fset   *token.FileSet
	pieces []piece
}

// A piece is a part of the text: what a literal says or, without one, the value of
// an expression whose inside cannot be shown.
type piece struct {
	start   int // in the text
	text    string
	literal *ast.BasicLit
	expr    ast.Expr
}

// source takes a constant expression apart. If its parts do not make up the text,
// which takes a package that does not compile, it is one piece.
func (v *vetter) source(e ast.Expr, text string) source {
	s := source{fset: v.pass.Fset}
	v.pieces(&s, e)
	var whole strings.Builder
	for _, p := range s.pieces {
		whole.WriteString(p.text)
	}
	if len(s.pieces) == 0 || whole.String() != text {
		s.pieces = []piece{{text: text, expr: e}}
	}
	return s
}

// pieces adds the pieces of an expression to s.
func (v *vetter) pieces(s *source, e ast.Expr) {
	if !v.isText(e) {
		return
	}
	switch x := e.(type) {
	case *ast.ParenExpr:
		v.pieces(s, x.X)
		return
	case *ast.BinaryExpr:
		v.pieces(s, x.X)
		v.pieces(s, x.Y)
		return
	case *ast.CallExpr: // a conversion
		if len(x.Args) == 1 && v.isText(x.Args[0]) {
			v.pieces(s, x.Args[0])
			return
		}
	case *ast.Ident:
		if declared := v.declared(x); declared != nil {
			v.pieces(s, declared)
			return
		}
	case *ast.SelectorExpr:
		if declared := v.declared(x.Sel); declared != nil {
			v.pieces(s, declared)
			return
		}
	}
	p := piece{text: constant.StringVal(v.pass.TypesInfo.Types[e].Value), expr: e}
	if n := len(s.pieces); n > 0 {
		p.start = s.pieces[n-1].end()
	}
	p.literal, _ = e.(*ast.BasicLit)
	s.pieces = append(s.pieces, p)
}

// isText tells whether an expression is a constant string.
func (v *vetter) isText(e ast.Expr) bool {
	value := v.pass.TypesInfo.Types[e].Value
	return value != nil && value.Kind() == constant.String
}

func (p *piece) end() int { return p.start + len(p.text) }

// constants are the expressions that the constants of a package were declared
// with; they are collected when first asked for.
type constants map[types.Object]ast.Expr

// declared is the expression that a constant of this package was declared with, or
// nil.
func (v *vetter) declared(id *ast.Ident) ast.Expr {
	if v.consts == nil {
		v.consts = make(constants)
		for _, file := range v.pass.Files {
			ast.Inspect(file, v.declare)
		}
	}
	return v.consts[v.pass.TypesInfo.Uses[id]]
}

func (v *vetter) declare(n ast.Node) bool {
	if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Names) == len(spec.Values) {
		for i, name := range spec.Names {
			if c, ok := v.pass.TypesInfo.Defs[name].(*types.Const); ok {
				v.consts[c] = spec.Values[i]
			}
		}
	}
	return true
}

// A location is where a part of the text stands in a file. The literal is nil
// unless all of it stands in one.
type location struct {
	pos, end token.Pos
	literal  *ast.BasicLit
}

// locate finds a part of the text.
func (s *source) locate(at query.Span) location {
	first := s.pieces[len(s.pieces)-1]
	for _, p := range s.pieces {
		if at.Start < p.end() {
			first = p
			break
		}
	}
	if first.literal == nil {
		return location{pos: first.expr.Pos(), end: first.expr.End()}
	}
	loc := location{
		pos: s.position(first, at.Start-first.start),
		end: s.position(first, min(at.End, first.end())-first.start),
	}
	if at.End <= first.end() {
		loc.literal = first.literal
	}
	return loc
}

// position is where the byte of a piece at an offset stands in the file.
func (s *source) position(p piece, offset int) token.Pos {
	lit := p.literal
	if lit.Value[0] != '`' {
		return lit.Pos() + 1 + token.Pos(escaped(lit.Value[1:], offset))
	}
	lines := strings.Count(p.text[:offset], "\n")
	if lines == 0 {
		return lit.Pos() + 1 + token.Pos(offset)
	}
	// A raw literal is without the carriage returns that its file may have at the
	// ends of its lines, so that only the beginnings of lines are where they seem.
	file := s.fset.File(lit.Pos())
	line := file.PositionFor(lit.Pos(), false).Line + lines
	if line > file.LineCount() {
		return lit.Pos()
	}
	return file.LineStart(line) + token.Pos(offset-1-strings.LastIndexByte(p.text[:offset], '\n'))
}

// escaped is how many bytes of an interpreted literal, without its first quote,
// come before the byte at an offset of its value.
func escaped(literal string, offset int) int {
	rest := literal
	for offset > 0 && rest != "" {
		r, multibyte, tail, err := strconv.UnquoteChar(rest, '"')
		if err != nil {
			break
		}
		size := 1
		if multibyte {
			size = utf8.RuneLen(r)
		}
		offset -= size
		rest = tail
	}
	return len(literal) - len(rest)
}

// inside is a text as it is written inside a literal like lit.
func inside(lit *ast.BasicLit, text string) []byte {
	if lit.Value[0] == '`' {
		return []byte(text)
	}
	quoted := strconv.Quote(text)
	return []byte(quoted[1 : len(quoted)-1])
}
