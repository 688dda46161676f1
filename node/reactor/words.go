package reactor

import (
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/text"
)

// A predicate that looks for words is entered under those that a text must have to match, the longest
// first, which is as a rule the rarest. A change looks up the distinct words of the text before and after.

// wordBranches are the branches of MATCH: one for each of what it is content with.
func wordBranches(q *query.Checked, c query.Match) []branch {
	alternatives := c.Words.Alternatives()
	all := make([]branch, len(alternatives))
	for i := range alternatives {
		words, exact := alternatives[i].Required()
		terms := make([]term, len(words))
		for k, w := range words {
			t := term{column: c.Column, path: c.Path, json: isJSON(q, c.Column), kind: wordTerm, from: w.Text, to: w.Text}
			if w.Prefix {
				t.kind, t.to = beginTerm, w.Text+greatestText
			}
			terms[k] = t
		}
		sortTerms(terms)
		all[i] = branch{terms, exact}
	}
	return all
}

// wordColumn sorts entries by a word that a column must have.
type wordColumn struct {
	whole map[string]bucket
	begun intervals[string] // by its beginning
}

func (w *wordColumn) empty() bool { return len(w.whole) == 0 && w.begun.empty() }

// change lets f change the bucket of a term.
func (w *wordColumn) change(t *term, f func(*bucket)) {
	if t.kind == wordTerm {
		changeAt(&w.whole, t.from, f)
	} else {
		changeIn(&w.begun, t.from, t.to, f)
	}
}

// words looks up the words of a text.
func (s *search) words(w *wordColumn, v model.Value, sides side) {
	for _, word := range s.cut(v.Text()) {
		if b, ok := w.whole[word]; ok {
			s.bucket(&b, sides)
		}
		w.begun.stab(word, s, sides)
	}
}

// cutText is a text that was cut into its words.
type cutText struct {
	text  string
	words []string
}

// cut returns the distinct words of a text. Of one change each text is cut once, however many cells look
// at it.
func (s *search) cut(x string) []string {
	for i := range s.texts {
		if s.texts[i].text == x {
			return s.texts[i].words
		}
	}
	words := text.Words(x)
	s.texts = append(s.texts, cutText{x, words})
	return words
}
