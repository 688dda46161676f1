package text

import (
	"strings"
)

// Match reports whether a text matches.
func (q *Query) Match(s string) bool {
	matched, _ := q.evaluate(s, false)
	return matched
}

// Score says how well a text matches: more than 0 if it does, 0 if it does not.
func (q *Query) Score(s string) float64 {
	_, score := q.evaluate(s, true)
	return score
}

// The constants of the score.
const (
	saturation    = 1.2
	lengthWeight  = 0.75
	averageLength = 32
)

// evaluate counts how often each phrase occurs, and derives the rest from that.
func (q *Query) evaluate(s string, scored bool) (matched bool, score float64) {
	if q.Empty() {
		return false, 0
	}
	s = Fold(s)
	if !q.possible(s) {
		return false, 0
	}
	c := counter{query: q}
	c.read(s)
	n := 0
	for _, a := range q.alternatives {
		counts := c.counts[n : n+len(a.With)+len(a.Without)]
		n += len(counts)
		if !a.holds(counts) {
			continue
		}
		matched = true
		if !scored {
			return true, 0
		}
		for i := range a.With {
			score += weight(counts[i], c.length) * float64(len(a.With[i].Words))
		}
	}
	return matched, score
}

// possible reports whether a folded text may match: whether it has the characters of
// all words of an alternative, which are quicker to find than words. Tokens are
// parts of the text.
func (q *Query) possible(folded string) bool {
	for i := range q.alternatives {
		if q.alternatives[i].possible(folded) {
			return true
		}
	}
	return false
}

func (a *Alternative) possible(folded string) bool {
	for i := range a.With {
		for _, w := range a.With[i].Words {
			if !strings.Contains(folded, w) {
				return false
			}
		}
	}
	return true
}

// holds reports whether all of With and none of Without occur.
func (a *Alternative) holds(counts []int) bool {
	for i, n := range counts {
		if (n > 0) != (i < len(a.With)) {
			return false
		}
	}
	return true
}

// weight is what a phrase is worth that occurs n times in a text of some length.
func weight(n, length int) float64 {
	relative := 1 - lengthWeight + lengthWeight*float64(length)/averageLength
	return float64(n) * (saturation + 1) / (float64(n) + saturation*relative)
}

// counter counts the phrases of a search in a text.
type counter struct {
	query  *Query
	counts []int // of the phrases of all alternatives in turn
	length int   // of the text in tokens
}

// read counts in a folded text.
func (c *counter) read(folded string) {
	longest := 1
	for _, a := range c.query.alternatives {
		for _, list := range [][]Phrase{a.With, a.Without} {
			for _, p := range list {
				c.counts = append(c.counts, 0)
				longest = max(longest, len(p.Words))
			}
		}
	}
	last := make([]string, 0, longest)
	for t := range cut(folded) {
		c.length++
		if len(last) == longest {
			copy(last, last[1:])
			last = last[:longest-1]
		}
		last = append(last, t.Text)
		c.token(last)
	}
}

// token counts the phrases that end with the last of some tokens.
func (c *counter) token(last []string) {
	n := 0
	for _, a := range c.query.alternatives {
		for _, list := range [...][]Phrase{a.With, a.Without} {
			for i := range list {
				if list[i].endsWith(last) {
					c.counts[n]++
				}
				n++
			}
		}
	}
}

// endsWith reports whether tokens end with the phrase.
func (p *Phrase) endsWith(tokens []string) bool {
	if len(tokens) < len(p.Words) {
		return false
	}
	tokens = tokens[len(tokens)-len(p.Words):]
	last := len(tokens) - 1
	for i, t := range tokens {
		switch {
		case i == last && p.Prefix:
			if !strings.HasPrefix(t, p.Words[i]) {
				return false
			}
		case t != p.Words[i]:
			return false
		}
	}
	return true
}
