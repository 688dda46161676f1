package plan

import (
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// sort decides how much of the query's order the plan's rows come in. Rows of an
// index come in the order of its columns and then of IDs, all of it turned round
// if it is read backwards. Columns in which all rows are equal do not
// count on either side.
func (q *analysis) sort(p *Plan) {
	if q.constant(model.ColumnID) { // there is one row at most
		p.Sorted, p.Prefix = true, len(q.query.Order())
		return
	}
	stream := q.varying(p.columns)
	order := q.query.Order()
	for n, key := range order {
		if q.constant(key.Column) {
			continue
		}
		p.Prefix = n
		if len(stream) == 0 {
			if key.Desc != p.Reverse {
				return
			}
			if key.Column == model.ColumnID {
				p.Sorted = true
				return
			}
			// Times of creation are in the order of IDs, many to one.
			if key.Column != model.ColumnCreated {
				return
			}
			continue
		}
		if !q.follows(key, stream[0], p.Reverse) {
			return
		}
		stream = q.varying(stream[1:])
	}
	p.Prefix = len(order)
	p.Sorted = len(stream) == 0 && !p.Reverse
}

// varying drops the columns at the beginning in which all rows are equal.
func (q *analysis) varying(columns []model.IndexColumn) []model.IndexColumn {
	for len(columns) > 0 && q.constant(columns[0].Field) {
		columns = columns[1:]
	}
	return columns
}

// follows reports whether rows in the order of an index column are in the order
// of the key, NULLs included.
func (q *analysis) follows(key query.OrderKey, c model.IndexColumn, reverse bool) bool {
	desc := c.Desc != reverse
	if key.Column != c.Field || len(key.Path) != 0 || key.Desc != desc {
		return false
	}
	return key.NullsFirst != desc || !q.nullable(c.Field)
}
