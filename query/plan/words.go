package plan

import (
	"slices"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/text"
)

// A search is answered by an index of words. Of what it is content with, each
// alternative is an intersection of its words, or of the rarest by guess, and all of
// them are a union. A phrase is its words, and whether they follow each other is
// tested on the row; so is what must not occur.

// eachSearch calls yield with a plan for each part of the predicate that looks for
// words, if they have an index, assessed.
func (q *analysis) eachSearch(indexes []model.Index, backwards bool, yield func(Plan)) {
	if f := q.fact(model.ColumnID); q.empty || f != nil && f.finite {
		return
	}
	for i := range indexes {
		for _, t := range q.searchesIn(&indexes[i]) {
			p := q.search(i, &indexes[i], t)
			q.yieldSearch(p, false, t, yield)
			if backwards {
				q.yieldSearch(p, true, t, yield)
			}
		}
	}
}

// yieldSearch assesses what was found for a term. The entries of one word are in the
// order of IDs and no row has two of them, so that they can be read as any index;
// all else has to be put in order first.
func (q *analysis) yieldSearch(found *Plan, reverse bool, t *term, yield func(Plan)) {
	p := *found
	p.Reverse = reverse
	switch {
	case p.Access == Seek && !p.several:
		p.searched, p.whole = t.number, q.isOneWord(t)
		yield(q.assess(p, fetchWeight))
		return
	case p.Access == Seek:
		p = Plan{
			Query: q.query, Access: Union, Index: -1, Parts: []*Plan{found}, Reverse: reverse, Residual: true,
			keys: p.keys, passed: p.passed, cost: p.cost,
		}
	}
	p.searched = t.number
	yield(q.assessParts(p))
}

// searches reports whether a condition looks for words.
func searches(c query.Condition) bool {
	switch c := c.(type) {
	case query.Match:
		return !c.Negated
	case query.And:
		return slices.ContainsFunc(c, searches)
	}
	return false
}

// isOneWord reports whether all that a term asks is a word of a column; in JSON it
// asks where it stands.
func (q *analysis) isOneWord(t *term) bool {
	m, ok := t.condition.(query.Match)
	if !ok || m.Negated || q.query.Column(m.Column).Type != model.TypeString {
		return false
	}
	alternatives := m.Words.Alternatives()
	words, exact := alternatives[0].Required()
	return exact && len(alternatives) == 1 && len(words) == 1 && !words[0].Prefix
}

// searchesIn returns the terms that look for words in the column of an index of words:
// of many those that are expected to find least.
func (q *analysis) searchesIn(x *model.Index) (all []*term) {
	if !x.FullText {
		return nil
	}
	for i := range q.terms {
		if m, ok := q.terms[i].condition.(query.Match); ok && !m.Negated && m.Column == x.Columns[0].Field {
			all = append(all, &q.terms[i])
		}
	}
	if len(all) > maxSearches {
		slices.SortStableFunc(all, func(a, b *term) int { return order(b.part < a.part, a.part < b.part) })
		all = all[:maxSearches]
	}
	return all
}

// search returns a part that has the rows of a term which looks for words in the
// column of an index of words.
func (q *analysis) search(index int, x *model.Index, t *term) *Plan {
	m := t.condition.(query.Match)
	for _, f := range q.found {
		if f.index == index && f.number == t.number {
			p := *f.plan
			return &p
		}
	}
	var g gathering
	alternatives := m.Words.Alternatives()
	for i := range alternatives {
		words, _ := alternatives[i].Required()
		g.add(q.withAll(index, words))
	}
	p := g.union(q)
	if len(p.Parts) == 1 {
		p = p.Parts[0]
		p.several = p.several || len(p.Ranges) > 1
	}
	p.covers = []query.Condition{m}
	return p
}

// withAll returns a part of the rows that have all of some words, or more: the rarest
// word is looked up, and others as long as that takes less time than getting the
// rows which they leave out.
func (q *analysis) withAll(index int, words []text.Word) *Plan {
	parts := make([]*Plan, len(words))
	for i, w := range words {
		parts[i] = q.withWord(index, w)
	}
	rarest := func(a, b *Plan) int { return order(b.keys < a.keys, a.keys < b.keys) }
	slices.SortStableFunc(parts, rarest)
	if parts = parts[:min(len(parts), manyTests)]; q.counter != nil {
		q.countWords(parts)
		slices.SortStableFunc(parts, rarest)
	}
	best := q.intersect(parts[:1])
	for _, p := range parts[1:] {
		next := q.intersect(append(slices.Clip(best.Parts), p))
		if len(next.Parts) <= maxPartner && next.cost < best.cost {
			best = next
		}
	}
	if len(best.Parts) == 1 {
		return parts[0]
	}
	best.sure = parts[0].sure
	return best
}

// withWord returns a part of the rows that have a word.
func (q *analysis) withWord(index int, w text.Word) *Plan {
	set := point(model.OfString(w.Text))
	if w.Prefix {
		set = beginning(w.Text)
	}
	keys := q.rows * wordPart(w)
	return &Plan{
		Query: q.query, Access: Seek, Index: index, Ranges: []Range{set.Intervals[0].keys(nil, false)}, Residual: true,
		several: w.Prefix, keys: keys, passed: keys, cost: rangeCost + keys*(keyCost+fetchWeight),
	}
}

// found is what was found for a term that looks for words, and counted.
type found struct {
	index, number int
	plan          *Plan
}

// countSearches finds the parts of all terms that look for words, and counts the
// entries of these words, unless there is nothing to choose.
func (q *analysis) countSearches(indexes []model.Index, s Statistics) {
	if _, limited := q.query.Limit(); limited || len(q.terms) > 1 || len(q.terms) == 1 && !q.isOneWord(&q.terms[0]) {
		q.counter = s
	}
	var all []found
	for i := range indexes {
		for _, t := range q.searchesIn(&indexes[i]) {
			p := q.search(i, &indexes[i], t)
			all = append(all, found{i, t.number, p})
			switch part := p.passed / q.rows; {
			case p.sure:
				t.part = min(t.part, part)
			case q.counter != nil: // there are as many at least
				t.part = max(t.part, part)
			}
		}
	}
	q.found = all
}

// manyMore is how many times as many entries a word is taken to have as were counted,
// if there are more.
const manyMore = 4

// countWords counts the entries of words: not far if one is rare.
func (q *analysis) countWords(parts []*Plan) {
	for _, most := range [...]int{shortDive, deepDive} {
		rare := false
		for _, p := range parts {
			var n counted
			if n.keys, n.whole = q.counter.Keys(p.Index, p.Ranges, most); !n.whole {
				n.keys *= manyMore
			}
			keys := q.likely(n, p.keys)
			p.keys, p.passed, p.sure = keys, keys, n.whole
			p.cost = rangeCost + keys*(keyCost+fetchWeight)
			if rare = rare || n.whole; n.whole && n.keys < noneFewer {
				return
			}
		}
		if rare {
			return
		}
	}
}

// wordPart guesses which part of all rows has a word: the longer, the fewer.
func wordPart(w text.Word) float64 {
	const one, begun = 0.03, 0.06 // of a letter, by guess
	if w.Prefix {
		return begun / float64(len(w.Text))
	}
	return one / float64(len(w.Text))
}

// matchPart guesses which part of all rows a search finds.
func matchPart(m query.Match) (part float64) {
	if m.Negated {
		return otherPart
	}
	for i := range m.Words.Alternatives() {
		words, _ := m.Words.Alternatives()[i].Required()
		all := 1.0
		for _, w := range words {
			all *= wordPart(w)
		}
		part += all
	}
	return min(part, 1)
}
