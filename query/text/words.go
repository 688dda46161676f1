package text

import (
	"slices"
	"strings"
)

// Words returns the distinct tokens of a text, in the order of their bytes: what an
// index of words files the text under.
func Words(s string) []string {
	var all []string
	for t := range Tokens(s) {
		all = append(all, t.Text)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Word is one that a text must have: itself, or with Prefix one that begins so.
type Word struct {
	Text   string // a token
	Prefix bool
}

// Required returns words that every text has in which the alternative is found: at
// least one, each once, and no beginning of another. An index of words finds by
// them a superset of the texts that match, or these themselves if exact is true:
// then a text that has them all matches.
func (a *Alternative) Required() (words []Word, exact bool) {
	exact = len(a.Without) == 0
	for i := range a.With {
		p := &a.With[i]
		exact = exact && len(p.Words) == 1
		for n, w := range p.Words {
			words = add(words, Word{w, p.Prefix && n == len(p.Words)-1})
		}
	}
	return words, exact
}

// add adds a word to others, unless one of them implies it, in place of those that it
// implies.
func add(words []Word, w Word) []Word {
	kept := words[:0]
	for _, o := range words {
		if o.implies(w) {
			return words
		}
		if !w.implies(o) {
			kept = append(kept, o)
		}
	}
	return append(kept, w)
}

// implies reports whether a text that has w has o too.
func (w Word) implies(o Word) bool {
	return w == o || o.Prefix && strings.HasPrefix(w.Text, o.Text)
}
