package main

import (
	"go/ast"
	"go/token"
	"regexp"
	"strings"

	"github.com/ankgo/ank/model"
)

// directivePrefix begins the comments that ankgen reads.
const directivePrefix = "//ank:"

// A modelDirective is a parsed //ank:model line.
type modelDirective struct {
	pos        token.Position
	collection word
	plural     word
}

// An indexDirective is a parsed //ank:index line.
type indexDirective struct {
	pos      token.Position
	columns  []directiveColumn
	covering bool
	unique   bool
	fullText word // its place; text is "" when absent
}

type directiveColumn struct {
	word
	desc bool
}

// A word is a piece of a directive or tag and where it stands.
type word struct {
	text string
	pos  token.Position
}

// directives are the //ank: lines above one declaration.
type directives struct {
	model   *modelDirective
	indexes []indexDirective
	known   []*ast.Comment // every line that was understood or complained of
}

// parseDirectives reads the //ank: lines of a doc comment. Lines it cannot read
// become findings.
func parseDirectives(fset *token.FileSet, doc *ast.CommentGroup, diag *diagnostics) directives {
	var out directives
	if doc == nil {
		return out
	}
	for _, c := range doc.List {
		pos := fset.Position(c.Slash)
		text, ok := strings.CutPrefix(c.Text, directivePrefix)
		if ok {
			out.known = append(out.known, c)
		}
		if verb := meantVerb(c.Text); verb != "" && (!ok || !strings.HasPrefix(text, verb)) {
			diag.errorf(pos, "this is a comment and no directive: did you mean //ank:%s?", verb)
			continue
		}
		if !ok {
			continue
		}
		pos.Column += len(directivePrefix)
		pos.Offset += len(directivePrefix)
		out.read(splitWords(text, pos), fset.Position(c.Slash), diag)
	}
	return out
}

// verbs are the directives that exist.
var verbs = []string{"model", "index"}

// almost finds comments that look like a directive of somebody.
var almost = regexp.MustCompile(`(?m)^\s*(?://|/\*)[\s+@]*([A-Za-z]{2,4})\s*:\s*(model|index)\b`)

// meantVerb is the verb of a comment that is, or was meant to be, a directive of
// ours: with a space in it, in other brackets, with another prefix.
func meantVerb(text string) string {
	m := almost.FindStringSubmatch(text)
	if m == nil || model.Nearest(m[1], []string{"ank"}) == "" {
		return ""
	}
	return m[2]
}

// read adds the directive of these words.
func (d *directives) read(words []word, pos token.Position, diag *diagnostics) {
	verb := ""
	if len(words) > 0 {
		verb = words[0].text
	}
	switch verb {
	case "model":
		if d.model != nil {
			diag.errorf(pos, "a second //ank:model: one line says it all")
			return
		}
		d.model = parseModel(words[1:], pos, diag)
	case "index":
		if index, ok := parseIndex(words[1:], pos, diag); ok {
			d.indexes = append(d.indexes, index)
		}
	case "unique", "fulltext":
		diag.errorf(pos, "there is no directive //ank:%s: write %[1]s at the end of //ank:index, behind all columns", verb)
	default:
		diag.errorf(pos, "unknown directive //ank:%s: %s", verb, didYouMean(verb, verbs))
	}
}

// parseModel reads what follows //ank:model.
func parseModel(words []word, pos token.Position, diag *diagnostics) *modelDirective {
	m := &modelDirective{pos: pos}
	for _, w := range words {
		if strings.HasPrefix(w.text, "//") {
			diag.errorf(w.pos, "a directive has its line to itself: move the comment above it")
			break
		}
		key, value, ok := strings.Cut(w.text, "=")
		at := w.pos
		at.Column += len(key) + 1
		var target *word
		switch key {
		case "collection":
			target = &m.collection
		case "plural":
			target = &m.plural
		default:
			diag.errorf(w.pos, "unknown setting %q of //ank:model: %s", key, didYouMean(key, []string{"collection", "plural"}))
			continue
		}
		switch {
		case !ok || value == "":
			diag.errorf(w.pos, "setting %s of //ank:model has no value: write %s=%s", key, key,
				map[string]string{"collection": "albums", "plural": "Albums"}[key])
		case target.text != "":
			diag.errorf(w.pos, "setting %s of //ank:model stands twice", key)
		default:
			*target = word{text: value, pos: at}
		}
	}
	return m
}

// indexWords may follow a column.
var indexWords = []string{"ASC", "DESC", "covering", "fulltext", "unique"}

// parseIndex reads what follows //ank:index: columns between commas, each with
// ASC or DESC if wanted, and at the end the words covering and unique, or fulltext.
func parseIndex(words []word, pos token.Position, diag *diagnostics) (indexDirective, bool) {
	index := indexDirective{pos: pos}
	ok := true
	fail := func(at token.Position, format string, args ...any) {
		diag.errorf(at, format, args...)
		ok = false
	}
	wantColumn := true // at the beginning and after a comma
	ended := false     // after covering, fulltext or unique
	for _, w := range words {
		switch lower := strings.ToLower(w.text); {
		case w.text == ",":
			switch {
			case ended:
				fail(w.pos, "covering, fulltext and unique stand at the end of //ank:index, behind all columns")
			case wantColumn:
				fail(w.pos, "a comma in //ank:index that no column precedes")
			}
			wantColumn = true
		case wantColumn:
			index.columns = append(index.columns, directiveColumn{word: w})
			wantColumn = false
		case (lower == "asc" || lower == "desc") && !ended:
			index.columns[len(index.columns)-1].desc = lower == "desc"
		case lower == "covering":
			index.covering, ended = true, true
		case lower == "unique":
			index.unique, ended = true, true
		case lower == "fulltext":
			index.fullText, ended = w, true
		case model.Nearest(w.text, indexWords) != "":
			fail(w.pos, "unknown word %q in //ank:index: did you mean %s?", w.text, model.Nearest(w.text, indexWords))
		default:
			fail(w.pos, "unexpected %q after column %s in //ank:index: put commas between columns; "+
				"ASC, DESC, covering, fulltext and unique may follow one", w.text, index.columns[len(index.columns)-1].text)
		}
	}
	switch {
	case !ok:
	case wantColumn && len(index.columns) > 0:
		fail(pos, "//ank:index ends with a comma: name a column behind it, or remove it")
	case wantColumn:
		fail(pos, "//ank:index lacks a column: write for example //ank:index artist, year DESC")
	default:
		index.checkFullText(fail)
	}
	return index, ok
}

// checkFullText finds what does not go with fulltext.
func (x *indexDirective) checkFullText(fail func(at token.Position, format string, args ...any)) {
	at := x.fullText.pos
	switch {
	case x.fullText.text == "":
	case x.unique || x.covering:
		fail(at, "an index of words in //ank:index is neither unique nor covering: write a line for each")
	case len(x.columns) > 1:
		fail(at, "an index of words in //ank:index is of one column, not of %d: write a line for each", len(x.columns))
	case x.columns[0].desc:
		fail(at, "an index of words in //ank:index has no direction: leave DESC out")
	}
}

// splitWords cuts text, which begins at pos, at spaces; a comma is a word.
func splitWords(text string, pos token.Position) []word {
	var out []word
	start := -1
	add := func(from, to int) {
		at := pos
		at.Column += from
		at.Offset += from
		out = append(out, word{text: text[from:to], pos: at})
	}
	for i, r := range text + " " {
		space := r == ' ' || r == '\t' || r == ','
		if space && start >= 0 {
			add(start, i)
			start = -1
		}
		if r == ',' {
			add(i, i+1)
		}
		if !space && start < 0 {
			start = i
		}
	}
	return out
}
