package queryvet

import (
	"errors"
	"time"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// maxTried bounds how often a query is tried; the arguments of one with more
// parameters are counted only.
const maxTried = 256

// examine finds the mistakes in a query: in its text, or else in the names and
// types in it, in the number of its arguments, and in the type of each of them.
// The schema is nil if the model is not known; groups says that the query is to
// have SELECT.
func (m *models) examine(text string, schema *model.Schema, args arguments, groups bool) []finding {
	q, err := query.Parse(text)
	if e := asError(err); e != nil {
		return []finding{{err: e, fix: m.fix(schema, e)}}
	}
	t := m.trial(q, schema)
	wrong := t.settle()
	if m.gaveUp(wrong) {
		return nil
	}
	var all []finding
	for _, e := range []*query.Error{wrong, miscounted(q, t, args), misplaced(q, text, groups)} {
		if e != nil {
			all = append(all, finding{err: e, fix: m.fix(schema, e)})
		}
	}
	if wrong == nil && len(t.slots) <= maxTried {
		all = append(all, t.arguments(args)...)
	}
	return all
}

// misplaced finds a query for groups where entities are asked for, and the other way
// round.
func misplaced(q *query.Query, text string, groups bool) *query.Error {
	if (q.Select != nil) == groups {
		return nil
	}
	e := &query.Error{
		Kind: query.Mismatch, Text: text, Span: query.Span{End: len(text)}, Line: 1, Column: 1, Token: text,
		Reason: entity.ErrGroups.Error(),
	}
	if groups {
		e.Reason = entity.ErrNoGroups.Error()
	}
	return e
}

// asError is the error of package query that err is, nil if it is none.
func asError(err error) *query.Error {
	var e *query.Error
	if !errors.As(err, &e) {
		return nil
	}
	return e
}

// gaveUp tells whether an error is that of a reference that cannot be followed: what
// the model it leads to has, the compiler did not export to this package.
func (m *models) gaveUp(e *query.Error) bool {
	return m.lost && e != nil && e.Kind == query.Mismatch
}

// fix is what an error suggests, if the query is better with it: then it can be
// parsed, and what is wrong with it still, if anything, comes later.
func (m *models) fix(schema *model.Schema, e *query.Error) string {
	if e.Suggestion == "" {
		return ""
	}
	q, err := query.Parse(e.Text[:e.Span.Start] + e.Suggestion + e.Text[e.Span.End:])
	if err != nil {
		return ""
	}
	still := m.trial(q, schema).settle()
	if still != nil && still.Span.Start <= e.Span.Start && !m.gaveUp(still) {
		return ""
	}
	return e.Suggestion
}

// miscounted finds parameters without arguments and arguments without parameters.
func miscounted(q *query.Query, t *trial, args arguments) *query.Error {
	if args.unseen || args.maybeNamed && t.hasNames() {
		return nil
	}
	list := make([]any, len(args.positional))
	if args.named != nil {
		named := make(query.Named, len(args.named))
		for name := range args.named {
			named[name] = nil
		}
		list = append(list, named)
	}
	_, err := q.Bind(list...)
	return asError(err)
}

// A trial checks a query with values that its arguments may have.
type trial struct {
	query  *query.Query
	schema *model.Schema // nil if the model is not known
	slots  []slot
}

// A slot is what one argument fills: a parameter ?, or all of one name.
type slot struct {
	param *query.ParamExpr
	spans []query.Span
	tried int // of neutral values
	value any
}

func (m *models) trial(q *query.Query, schema *model.Schema) *trial {
	m.lost = false
	t := &trial{query: q, schema: schema}
	byName := make(map[string]int)
	for _, p := range q.Params() {
		if at, known := byName[p.Name]; known && p.Name != "" {
			t.slots[at].spans = append(t.slots[at].spans, p.At)
			continue
		}
		byName[p.Name] = len(t.slots)
		t.slots = append(t.slots, slot{param: p, spans: []query.Span{p.At}})
	}
	return t
}

func (t *trial) hasNames() bool {
	for _, s := range t.slots {
		if s.param.Name != "" {
			return true
		}
	}
	return false
}

// run binds the values of all slots and checks the query.
func (t *trial) run() *query.Error {
	var list []any
	named := make(query.Named)
	for _, s := range t.slots {
		if s.param.Name == "" {
			list = append(list, s.value)
		} else {
			named[s.param.Name] = s.value
		}
	}
	bound, err := t.query.Bind(append(list, named)...)
	if err == nil && t.schema != nil {
		_, err = bound.Check(t.schema)
	}
	return asError(err)
}

// neutral values stand for arguments that are not looked at: the first that is
// accepted. NULL stands nearly everywhere.
func neutral() []any {
	return []any{
		nil, 1, "x", "", true, 1.5, []byte("x"), time.Unix(0, 0), time.Second, event.ID{1: 1}, []any{}, model.JSON{},
	}
}

// settle fills the slots with values that say nothing, and returns what is wrong
// whatever the arguments are.
func (t *trial) settle() *query.Error {
	first := t.run()
	e := first
	for left := t.budget(); e != nil; left-- {
		switch {
		case e.Kind == query.Unknown:
			return e
		case left == 0 || !t.next(e.Span):
			return first
		}
		e = t.run()
	}
	return nil
}

// budget is how often it may take to settle: less often where each time takes long.
func (t *trial) budget() int {
	if len(t.slots) > maxTried {
		return len(neutral())
	}
	return maxTried
}

// next tries another value in a slot that an error at a place may be due to: one
// that stands there or else, because what a value decides may be missed elsewhere,
// any.
func (t *trial) next(at query.Span) bool {
	elsewhere := true
	for i := range t.slots {
		elsewhere = elsewhere && !t.slots[i].within(at)
	}
	values := neutral()
	for i := range t.slots {
		s := &t.slots[i]
		if s.tried+1 < len(values) && (elsewhere || s.within(at)) {
			s.tried++
			s.value = values[s.tried]
			return true
		}
	}
	return false
}

func (s *slot) within(at query.Span) bool {
	for _, span := range s.spans {
		if at.Start <= span.Start && span.End <= at.End {
			return true
		}
	}
	return false
}

// arguments tries each argument in its slot.
func (t *trial) arguments(args arguments) []finding {
	var all []finding
	for i := range t.slots {
		if a, ok := args.of(t.slots[i].param); ok {
			if e := t.try(&t.slots[i], a); e != nil {
				all = append(all, finding{err: e})
			}
		}
	}
	return all
}

// of is the argument of a parameter.
func (args *arguments) of(p *query.ParamExpr) (argument, bool) {
	if p.Name != "" {
		a, ok := args.named[p.Name]
		return a, ok
	}
	if p.Index >= len(args.positional) {
		return argument{}, false
	}
	return args.positional[p.Index], true
}

// try leaves in a slot the first sample of an argument that is accepted there. If
// none is, it returns why the first is not.
func (t *trial) try(s *slot, a argument) *query.Error {
	var first *query.Error
	before := s.value
	for _, sample := range a.samples {
		s.value = sample.value
		e := t.run()
		if e == nil {
			return nil
		}
		if first == nil {
			first = a.mention(e, sample)
		}
	}
	s.value = before
	return first
}
