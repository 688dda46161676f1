package query

import "github.com/ankgo/ank/model"

// Columns gives the values of many entities, column by column.
type Columns interface {
	// Column returns the values of a column, which is numbered as in [Source],
	// one for each entity. They are not changed.
	Column(column int) []model.Value
}

// Filter returns the predicate as a filter; it does not know deleted entities.
func (c *Checked) Filter() Filter { return Filter{c.match} }

// Narrow keeps of rows, which are positions in the columns, those for which the
// condition is TRUE. It overwrites rows and returns the beginning of it. It looks
// at a column for all rows before it looks at the next, and not at all at those
// of a conjunction that do not matter any more.
func (f Filter) Narrow(c Columns, rows []int) []int { return narrow(f.m, c, rows) }

func narrow(m matcher, c Columns, rows []int) []int {
	kept := rows[:0]
	switch m := m.(type) {
	case nil:
		return rows
	case all:
		for _, one := range m {
			if rows = narrow(one, c, rows); len(rows) == 0 {
				break
			}
		}
		return rows
	case *leaf:
		return narrowBy(m.tester, c.Column(m.column), rows)
	default:
		for _, i := range rows {
			if m.source(columnsAt{c, i}) {
				kept = append(kept, i)
			}
		}
	}
	return kept
}

// narrowBy keeps the rows whose value passes a test. The two most frequent tests
// have loops of their own, which call nothing that is looked up.
func narrowBy(t tester, values []model.Value, rows []int) []int {
	kept := rows[:0]
	switch t := t.(type) {
	case bothTest:
		return narrowBy(t.second, values, narrowBy(t.first, values, rows))
	case intTest:
		for _, i := range rows {
			if t.test(values[i]) {
				kept = append(kept, i)
			}
		}
	case stringTest:
		for _, i := range rows {
			if t.test(values[i]) {
				kept = append(kept, i)
			}
		}
	default:
		for _, i := range rows {
			if t.test(values[i]) {
				kept = append(kept, i)
			}
		}
	}
	return kept
}

// columnsAt is one entity of many.
type columnsAt struct {
	columns Columns
	row     int
}

func (s columnsAt) Value(column int) model.Value { return s.columns.Column(column)[s.row] }
