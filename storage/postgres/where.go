package postgres

import (
	"fmt"
	"strings"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// pushdown is what the server is asked of a query, and what it is not.
type pushdown struct {
	query      *query.Checked
	collection *collection
	derived    bool // the columns of fields hold what the query's schema reads

	args     []any
	tested   []query.Condition // parts of the predicate that the server tests
	residual []query.Condition // those that are tested on rows, also
}

// param adds a parameter and returns what it is called.
func (p *pushdown) param(v any, sqlType string) string {
	p.args = append(p.args, v)
	return fmt.Sprintf("$%d::%s", len(p.args), sqlType)
}

// where returns the predicate as far as the server can tell, which holds for every
// row that matches.
func (p *pushdown) where() string {
	terms := []string{"NOT _deleted"}
	for _, c := range conjuncts(p.query.Where()) {
		before := len(p.args)
		sql, exact := p.condition(c)
		if sql == "" {
			p.args = p.args[:before]
		} else if terms = append(terms, sql); c != query.Condition(query.Const(true)) {
			p.tested = append(p.tested, c)
		}
		if !exact {
			p.residual = append(p.residual, c)
		}
	}
	return strings.Join(terms, " AND ")
}

func conjuncts(c query.Condition) []query.Condition {
	if and, ok := c.(query.And); ok {
		return and
	}
	return []query.Condition{c}
}

// condition returns a condition in SQL, "" if the server cannot test it. If exact is
// false, rows may pass that do not match.
func (p *pushdown) condition(c query.Condition) (sql string, exact bool) {
	switch c := c.(type) {
	case query.Const:
		return map[bool]string{true: "TRUE", false: "FALSE"}[bool(c)], true
	case query.And:
		return p.and(c)
	case query.Or:
		return p.or(c)
	case query.Compare:
		return p.compare(c)
	case query.CompareColumns:
		return p.compareColumns(c)
	case query.In:
		return p.in(c)
	case query.Like:
		return p.like(c)
	case query.Match:
		return p.match(c)
	case query.Contains:
		return p.contains(c)
	case query.IsNull:
		return p.isNull(c)
	case query.IsMissing:
		return p.isMissing(c)
	case query.After:
		return p.after(c)
	}
	return "", false
}

// and leaves out terms that the server cannot test.
func (p *pushdown) and(terms query.And) (string, bool) {
	var all []string
	exact := true
	for _, t := range terms {
		before := len(p.args)
		sql, ok := p.condition(t)
		if sql == "" {
			p.args = p.args[:before]
		} else {
			all = append(all, sql)
		}
		exact = exact && ok
	}
	if len(all) == 0 {
		return "", false
	}
	return "(" + strings.Join(all, " AND ") + ")", exact
}

// or needs all terms: a row may match by any of them.
func (p *pushdown) or(terms query.Or) (string, bool) {
	var all []string
	exact := true
	for _, t := range terms {
		sql, ok := p.condition(t)
		if sql == "" {
			return "", false
		}
		all = append(all, sql)
		exact = exact && ok
	}
	return "(" + strings.Join(all, " OR ") + ")", exact
}

// column returns a column of the table and its type, "" if the table has none that
// holds what the query reads.
func (p *pushdown) column(n int) (name, typ string) {
	switch n {
	case model.ColumnID:
		return "id", "text"
	case model.ColumnCreated:
		return "created", "timestamp with time zone"
	case model.ColumnUpdated:
		return "updated", "timestamp with time zone"
	}
	fields := p.query.Schema().Fields()
	if !p.derived || n < 0 || n >= len(fields) {
		return "", ""
	}
	name = p.collection.column(&fields[n])
	if name == "" {
		return "", ""
	}
	return quote(name), sqlType(fields[n].Type)
}

var operators = [...]string{query.Eq: "=", query.Ne: "<>", query.Lt: "<", query.Le: "<=", query.Gt: ">", query.Ge: ">="}

func (p *pushdown) compare(c query.Compare) (string, bool) {
	name, typ := p.column(c.Column)
	switch {
	case name == "":
		return "", false
	case typ == "jsonb":
		return p.compareJSON(name, c)
	}
	return p.compareWith(name, typ, operators[c.Op], c.Value), true
}

// compareWith compares a column with a value. Texts and bytes are indexed by how they
// begin, so that is compared too.
func (p *pushdown) compareWith(name, typ, operator string, v model.Value) string {
	sql := name + " " + operator + " " + p.param(argument(v), typ)
	begin, ok := beginning(v)
	if !ok || operator == "<>" {
		return sql
	}
	if operator == "<" || operator == ">" {
		operator += "="
	}
	return "(" + sql + " AND " + begins(name, typ) + " " + operator + " " + p.param(begin, typ) + ")"
}

// indexed is how many characters of a text, or bytes, are indexed: an entry of an
// index has room for 2,700 bytes.
const indexed = 128

// maxLong is how many texts or bytes an index has at most.
const maxLong = 5

// begins is the beginning of a text or bytes, as it is indexed.
func begins(name, typ string) string {
	switch typ {
	case "text":
		return fmt.Sprintf("left(%s, %d)", name, indexed)
	case "bytea":
		return fmt.Sprintf("substr(%s, 1, %d)", name, indexed)
	}
	return name
}

// beginning is the beginning of a value of a column that is indexed by it.
func beginning(v model.Value) (begin any, ok bool) {
	switch v.Type() {
	case model.TypeString:
		n := 0
		for i := range v.Text() {
			if n++; n > indexed {
				return v.Text()[:i], true
			}
		}
		return v.Text(), true
	case model.TypeBytes:
		b := v.Bytes().Clone()
		return b[:min(len(b), indexed)], true
	}
	return nil, false
}

// compareColumns compares columns of one type. Numbers of two types PostgreSQL would
// round before it compares them.
func (p *pushdown) compareColumns(c query.CompareColumns) (string, bool) {
	x, xt := p.column(c.Column)
	y, yt := p.column(c.Other)
	if x == "" || y == "" || xt != yt || xt == "jsonb" || p.query.Column(c.Column).Type != p.query.Column(c.Other).Type {
		return "", false
	}
	return x + " " + operators[c.Op] + " " + y, true
}

func (p *pushdown) in(c query.In) (string, bool) {
	name, typ := p.column(c.Column)
	if name == "" || typ == "jsonb" {
		return "", false
	}
	list, begin := newValues(typ), newValues(typ)
	long := false
	for _, v := range c.Values {
		list.add(v)
		if b, ok := beginning(v); ok {
			long = true
			switch b := b.(type) {
			case string:
				begin.add(model.OfString(b))
			case []byte:
				begin.add(model.OfBytes(b))
			}
		}
	}
	array, cast := arrayType(typ)
	if cast != "" {
		cast += "[]"
	}
	param := p.param(list.array(), array) + cast
	if c.Negated {
		return name + " <> ALL(" + param + ")", true
	}
	sql := name + " = ANY(" + param + ")"
	if long {
		sql = "(" + sql + " AND " + begins(name, typ) + " = ANY(" + p.param(begin.array(), array) + "))"
	}
	return sql, true
}

// like matches a pattern of LIKE, which PostgreSQL reads alike. The folding of ILIKE
// is another one than PostgreSQL's.
func (p *pushdown) like(c query.Like) (string, bool) {
	name, typ := p.column(c.Column)
	if name == "" || typ == "jsonb" || c.Pattern.Folded() {
		return "", false
	}
	pattern, escape := c.Pattern.String()
	operator := " LIKE "
	if c.Negated {
		operator = " NOT LIKE "
	}
	sql := name + operator + p.param(pattern, "text") + " ESCAPE "
	if escape == 0 {
		sql += "''"
	} else {
		sql += `'\'`
	}
	prefix, _ := c.Pattern.Prefix()
	if c.Negated || prefix == "" {
		return sql, true
	}
	begin, _ := beginning(model.OfString(prefix))
	sql += " AND " + begins(name, typ) + " >= " + p.param(begin, "text")
	if end, ok := afterText(begin.(string)); ok {
		sql += " AND " + begins(name, typ) + " < " + p.param(end, "text")
	}
	return "(" + sql + ")", true
}

// afterText returns a text that is greater than all that begin with s.
func afterText(s string) (string, bool) {
	r := []rune(s)
	for len(r) > 0 {
		last := &r[len(r)-1]
		switch {
		case *last == 0xD7FF:
			*last = 0xE000
			return string(r), true
		case *last < 0x10FFFF:
			*last++
			return string(r), true
		}
		r = r[:len(r)-1]
	}
	return "", false
}

func (p *pushdown) isNull(c query.IsNull) (string, bool) {
	name, typ := p.column(c.Column)
	if name == "" {
		return "", false
	}
	if typ == "jsonb" {
		at, ok := p.at(name, c.Path)
		if !ok {
			return "", false
		}
		name = at
	}
	if c.Negated {
		return name + " IS NOT NULL", true
	}
	return name + " IS NULL", true
}

// after says that a row comes after a place: it is greater in some key, and equal in
// those before.
func (p *pushdown) after(c query.After) (string, bool) {
	var branches []string
	equal := ""
	for i := range c.Keys {
		k, v := &c.Keys[i], c.Values[i]
		name, typ := p.column(k.Column)
		if name == "" || typ == "jsonb" {
			return "", false
		}
		if beyond := p.beyond(k, name, typ, v); beyond != "" {
			branches = append(branches, equal+beyond)
		}
		if v.IsNull() {
			equal += name + " IS NULL AND "
		} else {
			equal += name + " = " + p.param(argument(v), typ) + " AND "
		}
	}
	branches = append(branches, equal+"id > "+p.param(c.ID.String(), "text"))
	return "(" + strings.Join(branches, " OR ") + ")", true
}

// beyond says that a column comes after a value, "" if nothing does.
func (p *pushdown) beyond(k *query.OrderKey, name, typ string, v model.Value) string {
	switch {
	case v.IsNull() && k.NullsFirst:
		return name + " IS NOT NULL"
	case v.IsNull():
		return ""
	}
	operator := " > "
	if k.Desc {
		operator = " < "
	}
	sql := name + operator + p.param(argument(v), typ)
	if !k.NullsFirst {
		sql = "(" + sql + " OR " + name + " IS NULL)"
	}
	return sql
}

// order returns the query's order in SQL, "" if the server has another one.
func (p *pushdown) order() string {
	var terms []string
	for _, k := range p.query.Order() {
		name, typ := p.column(k.Column)
		if name == "" || typ == "jsonb" {
			return ""
		}
		direction := " ASC"
		if k.Desc {
			direction = " DESC"
		}
		if k.NullsFirst {
			direction += " NULLS FIRST"
		} else {
			direction += " NULLS LAST"
		}
		if begin := begins(name, typ); begin != name {
			terms = append(terms, begin+direction)
		}
		terms = append(terms, name+direction)
	}
	return strings.Join(append(terms, "id ASC"), ", ")
}
