package text

import (
	"slices"
	"strings"
)

// MaxTerms is the greatest number of words of a search; those beyond are passed
// over.
const MaxTerms = 64

// Query is what is searched for. It is immutable and safe for concurrent use.
type Query struct {
	alternatives []Alternative
}

// Alternative is one of the things a search is content with: a text matches when
// it has all of With and none of Without.
type Alternative struct {
	With, Without []Phrase
}

// Phrase is words that follow each other: one, mostly.
type Phrase struct {
	Words  []string // tokens
	Prefix bool     // the last one is the beginning of a word
}

// Parse reads a search.
func Parse(search string) *Query {
	p := parser{rest: search}
	q := &Query{}
	var a Alternative
	end := func() {
		if len(a.With) > 0 {
			sortFew(a.With, comparePhrases)
			sortFew(a.Without, comparePhrases)
			a.With = slices.CompactFunc(a.With, samePhrase)
			a.Without = slices.CompactFunc(a.Without, samePhrase)
			q.alternatives = append(q.alternatives, a)
		}
		a = Alternative{}
	}
	for p.next() {
		switch {
		case p.or:
			end()
		case len(p.phrase.Words) == 0:
		case p.negated:
			a.Without = append(a.Without, p.phrase)
		default:
			a.With = append(a.With, p.phrase)
		}
	}
	end()
	sortFew(q.alternatives, compareAlternatives)
	q.alternatives = slices.CompactFunc(q.alternatives, func(a, b Alternative) bool { return compareAlternatives(a, b) == 0 })
	return q
}

// Empty reports whether nothing is looked for, so that nothing matches.
func (q *Query) Empty() bool { return len(q.alternatives) == 0 }

// Alternatives returns the things the search is content with, in an order that
// does not depend on how it was written. They must not be changed.
func (q *Query) Alternatives() []Alternative { return q.alternatives }

// String returns the search in its canonical spelling: searches that mean the
// same by the rules of this package have one.
func (q *Query) String() string {
	var b strings.Builder
	for i, a := range q.alternatives {
		if i > 0 {
			b.WriteString(" OR ")
		}
		for j, p := range a.With {
			if j > 0 {
				b.WriteByte(' ')
			}
			p.write(&b)
		}
		for _, p := range a.Without {
			b.WriteString(" -")
			p.write(&b)
		}
	}
	return b.String()
}

func (p Phrase) write(b *strings.Builder) {
	text := strings.Join(p.Words, " ")
	if len(p.Words) > 1 || strings.ContainsAny(text, `"*-`) {
		text = `"` + text + `"`
	}
	b.WriteString(text)
	if p.Prefix {
		b.WriteByte('*')
	}
}

// sortFew sorts some few items: at most MaxTerms. What the standard library has for
// many weighs kilobytes for each type, which a web page would load.
func sortFew[T any](list []T, compare func(a, b T) int) {
	for i := range list {
		for ; i > 0 && compare(list[i], list[i-1]) < 0; i-- {
			list[i], list[i-1] = list[i-1], list[i]
		}
	}
}

func compareAlternatives(a, b Alternative) int {
	if c := slices.CompareFunc(a.With, b.With, comparePhrases); c != 0 {
		return c
	}
	return slices.CompareFunc(a.Without, b.Without, comparePhrases)
}

func comparePhrases(a, b Phrase) int {
	switch c := slices.Compare(a.Words, b.Words); {
	case c != 0 || a.Prefix == b.Prefix:
		return c
	case b.Prefix:
		return -1
	}
	return 1
}

func samePhrase(a, b Phrase) bool { return comparePhrases(a, b) == 0 }

// parser reads a search piece by piece.
type parser struct {
	rest  string
	terms int

	or      bool // the piece is OR
	negated bool
	phrase  Phrase
}

// next reads the next piece, and reports false at the end.
func (p *parser) next() bool {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	if p.rest == "" || p.terms >= MaxTerms {
		return false
	}
	p.or, p.negated, p.phrase = false, false, Phrase{}
	if p.rest[0] == '-' {
		p.negated = true
		p.rest = p.rest[1:]
	}
	piece, quoted := p.piece()
	if !p.negated && !quoted && piece == "OR" {
		p.or = true
		return true
	}
	if strings.HasPrefix(p.rest, "*") {
		p.phrase.Prefix = true
		p.rest = p.rest[1:]
	}
	for t := range Tokens(piece) {
		if p.terms++; p.terms > MaxTerms {
			break
		}
		p.phrase.Words = append(p.phrase.Words, t.Text)
	}
	return true
}

// piece takes what stands in quotes, or up to the next space, quote or asterisk.
// A quote that is not closed ends with the text.
func (p *parser) piece() (piece string, quoted bool) {
	if strings.HasPrefix(p.rest, `"`) {
		piece, p.rest, _ = strings.Cut(p.rest[1:], `"`)
		return piece, true
	}
	end := strings.IndexAny(p.rest, " \t\r\n\"*")
	if end < 0 {
		end = len(p.rest)
	}
	piece, p.rest = p.rest[:end], p.rest[end:]
	return piece, false
}
