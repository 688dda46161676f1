package query

import "github.com/ankgo/ank/model"

// Ref is a column of references from the model S to the model R. Conditions and
// orders of R are followed through it:
//
//	music.AlbumArtist.Where(music.ArtistName.Eq("Prince"))   // artist.name = 'Prince'
//	music.AlbumArtist.Order(music.ArtistName.Asc())          // ORDER BY artist.name
type Ref[S, R any] string

// Where holds where p does of the entity that is referred to. Where there is none,
// its columns are NULL.
func (c Ref[S, R]) Where(p Predicate[R]) Predicate[S] {
	return Predicate[S]{behind(string(c), p.expr)}
}

// Order orders by the entity that is referred to.
func (c Ref[S, R]) Order(o Order[R]) Order[S] {
	o.term.X = behind(string(c), o.term.X)
	return Order[S](o)
}

// Column is a column of the entity that is referred to, for groups.
func (c Ref[S, R]) Column(of Column[R]) Column[S] {
	return followed[S]{behind(string(c), of.column(nil))}
}

// followed is a column behind references.
type followed[S any] struct{ e Expr }

func (f followed[S]) column(*S) Expr { return f.e }

// behind returns a node with every column in it after a reference.
func behind(ref string, e Expr) Expr {
	return mapColumns(e, func(c *ColumnExpr) Expr {
		return &ColumnExpr{Path: append([]string{ref}, c.Path...), At: c.At}
	})
}

// Eq is column = v.
func (c Ref[S, R]) Eq(v model.Ref[R]) Predicate[S] { return compare[S](string(c), Eq, v) }

// Ne is column != v.
func (c Ref[S, R]) Ne(v model.Ref[R]) Predicate[S] { return compare[S](string(c), Ne, v) }

// In is column IN (values...); no value, no match.
func (c Ref[S, R]) In(values ...model.Ref[R]) Predicate[S] { return in[S](string(c), values, false) }

// NotIn is column NOT IN (values...).
func (c Ref[S, R]) NotIn(values ...model.Ref[R]) Predicate[S] { return in[S](string(c), values, true) }

// IsNull holds where the column is not set.
func (c Ref[S, R]) IsNull() Predicate[S] { return null[S](string(c), false) }

// IsNotNull holds where the column is set.
func (c Ref[S, R]) IsNotNull() Predicate[S] { return null[S](string(c), true) }

// Asc orders by the column, ascending.
func (c Ref[S, R]) Asc() Order[S] { return order[S](string(c), false) }

// Desc orders by the column, descending.
func (c Ref[S, R]) Desc() Order[S] { return order[S](string(c), true) }
