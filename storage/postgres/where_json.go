package postgres

import (
	"strings"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// at returns what stands at a path of a jsonb column, NULL if that is null or
// nothing. ok is false for steps that PostgreSQL reads in another way.
func (p *pushdown) at(name string, path []string) (sql string, ok bool) {
	whole, ok := p.place(name, path)
	return "NULLIF(" + whole + ", 'null')", ok
}

// place returns what stands at a path, which may be the JSON null.
func (p *pushdown) place(name string, path []string) (sql string, ok bool) {
	if len(path) == 0 {
		return name, true
	}
	for _, step := range path {
		if !plainStep(step) {
			return name, false
		}
	}
	return "(" + name + " #> " + p.param(path, "text[]") + ")", true
}

// plainStep reports whether a step is a key that is no number, or a position as both
// sides write it.
func plainStep(s string) bool {
	if s == "" {
		return false
	}
	digits := strings.Trim(s, "0123456789") == ""
	if digits {
		return len(s) < 10 && (s == "0" || s[0] != '0')
	}
	first := s[0]
	return first == '_' || first >= 'a' && first <= 'z' || first >= 'A' && first <= 'Z'
}

// compareJSON compares what stands at a path. Values of two kinds are not equal, and
// have no order.
func (p *pushdown) compareJSON(name string, c query.Compare) (string, bool) {
	at, ok := p.at(name, c.Path)
	if !ok {
		return "", false
	}
	operator := operators[c.Op]
	if c.Op == query.Eq || c.Op == query.Ne {
		return at + " " + operator + " " + p.param(c.Value.JSON().String(), "text") + "::jsonb", true
	}
	switch {
	case c.Value.Type().IsNumber():
		// numeric of the digits that JSON has keeps the order of the floats that they
		// stand for, as every one has the fewest digits.
		return "CASE jsonb_typeof(" + at + ") WHEN 'number' THEN " + at + "::numeric " + operator + " " +
			p.param(c.Value.JSON().String(), "text") + "::numeric ELSE FALSE END", true
	case c.Value.Type() == model.TypeString:
		return "CASE jsonb_typeof(" + at + ") WHEN 'string' THEN (" + at + " #>> '{}') COLLATE \"C\" " + operator + " " +
			p.param(c.Value.Text(), "text") + " ELSE FALSE END", true
	}
	return "", false
}

func (p *pushdown) isMissing(c query.IsMissing) (string, bool) {
	name, typ := p.column(c.Column)
	if name == "" || typ != "jsonb" {
		return "", false
	}
	place, ok := p.place(name, c.Path)
	switch {
	case !ok:
		return "", false
	case c.Negated:
		return place + " IS NOT NULL", true
	}
	return place + " IS NULL", true
}

// contains looks for scalars in an array.
func (p *pushdown) contains(c query.Contains) (string, bool) {
	name, typ := p.column(c.Column)
	if name == "" || typ != "jsonb" {
		return "", false
	}
	at, ok := p.at(name, c.Path)
	if !ok {
		return "", false
	}
	var found []string
	for _, v := range c.Values {
		if v.Type() == model.TypeJSON {
			return "", false
		}
		found = append(found, at+" @> "+p.param("["+v.JSON().String()+"]", "text")+"::jsonb")
	}
	between := " OR "
	if c.All {
		between = " AND "
	}
	sql := "(" + strings.Join(found, between) + ")"
	if c.Negated {
		sql = "NOT " + sql
	}
	return "(jsonb_typeof(" + at + ") = 'array' AND " + sql + ")", true
}

// match looks for words in those of a column that has a full-text index. Phrases, what
// must not occur, and where words stand in JSON is tested on rows.
func (p *pushdown) match(c query.Match) (string, bool) {
	fields := p.query.Schema().Fields()
	if !p.derived || c.Column < 0 || c.Column >= len(fields) || !p.hasWords(c.Column) {
		return "", false
	}
	field := &fields[c.Column]
	exact := field.Type == model.TypeString
	var any []string
	alternatives := c.Words.Alternatives()
	for i := range alternatives {
		words, whole := alternatives[i].Required()
		exact = exact && whole
		var each []string
		var all []string
		for _, w := range words {
			if w.Prefix {
				each = append(each, "EXISTS (SELECT FROM unnest(_words) AS w WHERE starts_with(w, "+p.param(fieldWord(field.Name, w.Text), "text")+"))")
			} else {
				all = append(all, fieldWord(field.Name, w.Text))
			}
		}
		if len(all) > 0 {
			each = append([]string{"_words @> " + p.param(all, "text[]")}, each...)
		}
		any = append(any, "("+strings.Join(each, " AND ")+")")
	}
	sql := "(" + strings.Join(any, " OR ") + ")"
	if !c.Negated {
		return sql, exact
	}
	if name, _ := p.column(c.Column); exact && name != "" {
		return "(" + name + " IS NOT NULL AND " + sql + " IS NOT TRUE)", true
	}
	return "", false
}

func (p *pushdown) hasWords(column int) bool {
	for _, n := range wordColumns(p.query.Schema()) {
		if n == column {
			return true
		}
	}
	return false
}
