package query

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// token is a piece of a query's text. It carries no copy of the text: its span
// is enough.
type token struct {
	kind tokenKind
	at   Span
}

type tokenKind uint8

const (
	tokEnd tokenKind = iota
	tokName
	tokQuoted // "name"
	tokString // 'text'
	tokBytes  // x'0aff'
	tokJSON   // json'{}'
	tokNumber
	tokQuestion // ?
	tokNamed    // :name
	tokOpen
	tokClose
	tokComma
	tokDot
	tokMinus
	tokPlus
	tokStar
	tokSlash
	tokPercent
	tokOpenIndex  // [
	tokCloseIndex // ]
	tokEq
	tokNe
	tokLt
	tokLe
	tokGt
	tokGe

	// The reserved words; a column of that name is written in double quotes.
	keyAnd
	keyAsc
	keyBetween
	keyBy
	keyDesc
	keyDistinct
	keyFalse
	keyIn
	keyIs
	keyLike
	keyLimit
	keyNot
	keyNull
	keyOffset
	keyOr
	keyOrder
	keySelect
	keyTrue
)

// keywordKind returns the kind of a reserved word, or tokName.
func keywordKind(word string) tokenKind {
	const longest = len("DISTINCT")
	var upper [longest]byte
	if len(word) > longest {
		return tokName
	}
	for i := range len(word) {
		c := word[i]
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		upper[i] = c
	}
	switch string(upper[:len(word)]) {
	case "AND":
		return keyAnd
	case "ASC":
		return keyAsc
	case "BETWEEN":
		return keyBetween
	case "BY":
		return keyBy
	case "DESC":
		return keyDesc
	case "DISTINCT":
		return keyDistinct
	case "FALSE":
		return keyFalse
	case "IN":
		return keyIn
	case "IS":
		return keyIs
	case "LIKE":
		return keyLike
	case "LIMIT":
		return keyLimit
	case "NOT":
		return keyNot
	case "NULL":
		return keyNull
	case "OFFSET":
		return keyOffset
	case "OR":
		return keyOr
	case "ORDER":
		return keyOrder
	case "SELECT":
		return keySelect
	case "TRUE":
		return keyTrue
	}
	return tokName
}

// Reserved reports whether a name is a reserved word of the language, in upper
// or lower case, so that a column of that name has to be written in double quotes.
func Reserved(name string) bool { return keywordKind(name) != tokName }

// lexer cuts a text into tokens, one at a time.
type lexer struct {
	text string
	pos  int
}

// next returns the next token; at the end of the text it returns tokEnd forever.
func (l *lexer) next() (token, error) {
	for l.pos < len(l.text) && isSpace(l.text[l.pos]) {
		l.pos++
	}
	start := l.pos
	if start == len(l.text) {
		return token{tokEnd, Span{start, start}}, nil
	}
	switch c := l.text[start]; {
	case c == '\'':
		return l.quoted(tokString, start, '\'')
	case c == '"':
		return l.quoted(tokQuoted, start, '"')
	case isDigit(c), c == '.' && l.digitAt(start+1):
		return l.number()
	case c == ':':
		return l.named()
	case isNameByte(c):
		return l.word()
	default:
		return l.symbol()
	}
}

func (l *lexer) symbol() (token, error) {
	start := l.pos
	kind, size := tokEnd, 1
	two := byte(0)
	if start+1 < len(l.text) {
		two = l.text[start+1]
	}
	switch c := l.text[start]; c {
	case '(':
		kind = tokOpen
	case ')':
		kind = tokClose
	case ',':
		kind = tokComma
	case '.':
		kind = tokDot
	case '-':
		kind = tokMinus
	case '+':
		kind = tokPlus
	case '*':
		kind = tokStar
	case '/':
		kind = tokSlash
	case '%':
		kind = tokPercent
	case '[':
		kind = tokOpenIndex
	case ']':
		kind = tokCloseIndex
	case '?':
		kind = tokQuestion
	case '=':
		kind = tokEq
		switch two {
		case '=':
			return l.unknown(2, "=")
		case '<', '>':
			return l.unknown(2, string(two)+"=")
		}
	case '<', '>':
		kind, size = angle(c, two)
	case '!':
		if two != '=' {
			return l.unknown(1, "NOT")
		}
		kind, size = tokNe, 2
	case '&', '|':
		return l.unknownLogic(c, two)
	default:
		_, size := utf8.DecodeRuneInString(l.text[start:])
		return l.unknown(size, elsewhere(c))
	}
	l.pos += size
	return token{kind, Span{start, l.pos}}, nil
}

// elsewhere returns what is written here for a character that other languages
// have, empty if nothing is.
func elsewhere(c byte) string {
	switch c {
	case '`':
		return "'"
	case '$', '@', '#':
		return "?"
	}
	return ""
}

func angle(c, two byte) (tokenKind, int) {
	switch {
	case c == '<' && two == '>':
		return tokNe, 2
	case c == '<' && two == '=':
		return tokLe, 2
	case c == '<':
		return tokLt, 1
	case two == '=':
		return tokGe, 2
	default:
		return tokGt, 1
	}
}

func (l *lexer) unknownLogic(c, two byte) (token, error) {
	size := 1
	if two == c {
		size = 2
	}
	if c == '&' {
		return l.unknown(size, "AND")
	}
	return l.unknown(size, "OR")
}

func (l *lexer) unknown(size int, suggestion string) (token, error) {
	e := l.fail(l.pos, l.pos+size, "")
	e.Reason = "unexpected " + describe(e.Token)
	e.Suggestion = suggestion
	return token{}, e
}

func (l *lexer) fail(start, end int, reason string) *Error {
	return newError(Syntax, l.text, Span{start, end}, reason)
}

// word reads a name, a keyword, or a literal that is introduced by a name.
func (l *lexer) word() (token, error) {
	start := l.pos
	for l.pos < len(l.text) && isNameByte(l.text[l.pos]) {
		l.pos++
	}
	word := l.text[start:l.pos]
	if l.pos < len(l.text) && l.text[l.pos] == '\'' {
		switch {
		case strings.EqualFold(word, "x"):
			return l.quoted(tokBytes, start, '\'')
		case strings.EqualFold(word, "json"):
			return l.quoted(tokJSON, start, '\'')
		}
	}
	for i, r := range word {
		if r >= utf8.RuneSelf && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
			l.pos = start + i
			suggestion := ""
			if strings.ContainsRune("‘’‚‛“”„«»", r) {
				suggestion = "'"
			}
			return l.unknown(utf8.RuneLen(r), suggestion)
		}
	}
	return token{keywordKind(word), Span{start, l.pos}}, nil
}

// quoted reads up to the closing quote; a doubled quote is one that belongs to
// the text. A prefix between start and the opening quote was read already.
func (l *lexer) quoted(kind tokenKind, start int, quote byte) (token, error) {
	l.pos++
	for l.pos < len(l.text) {
		switch c := l.text[l.pos]; {
		case c == 0:
			return token{}, l.fail(l.pos, l.pos+1, "a string cannot contain U+0000")
		case c != quote:
			l.pos++
		case l.pos+1 < len(l.text) && l.text[l.pos+1] == quote:
			l.pos += 2
		default:
			l.pos++
			return token{kind, Span{start, l.pos}}, nil
		}
	}
	if quote == '"' {
		return token{}, l.fail(start, len(l.text), "a quoted name is not closed")
	}
	return token{}, l.fail(start, len(l.text), "a string is not closed")
}

func (l *lexer) number() (token, error) {
	start := l.pos
	l.digits()
	if l.pos < len(l.text) && l.text[l.pos] == '.' {
		l.pos++
		l.digits()
	}
	if l.pos < len(l.text) && l.text[l.pos]|0x20 == 'e' {
		exp := l.pos + 1
		if exp < len(l.text) && (l.text[exp] == '+' || l.text[exp] == '-') {
			exp++
		}
		if l.digitAt(exp) {
			l.pos = exp
			l.digits()
		}
	}
	if l.pos < len(l.text) && isNameByte(l.text[l.pos]) {
		for l.pos < len(l.text) && isNameByte(l.text[l.pos]) {
			l.pos++
		}
		return token{}, l.fail(start, l.pos, "a number cannot contain letters")
	}
	return token{tokNumber, Span{start, l.pos}}, nil
}

func (l *lexer) named() (token, error) {
	start := l.pos
	l.pos++
	for l.pos < len(l.text) && isNameByte(l.text[l.pos]) {
		l.pos++
	}
	if l.pos == start+1 || isDigit(l.text[start+1]) {
		return token{}, l.fail(start, l.pos, "a named parameter needs a name after its colon")
	}
	return token{tokNamed, Span{start, l.pos}}, nil
}

func (l *lexer) digits() {
	for l.digitAt(l.pos) {
		l.pos++
	}
}

func (l *lexer) digitAt(i int) bool { return i < len(l.text) && isDigit(l.text[i]) }

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isNameByte accepts every byte beyond ASCII: which letters those are is
// decided once the whole word is known.
func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || isDigit(c) || c >= utf8.RuneSelf
}

// unquote returns the text inside a pair of quotes, of which prefix bytes stand
// before the first.
func unquote(token string, prefix int) string {
	quote := token[prefix]
	inner := token[prefix+1 : len(token)-1]
	if strings.IndexByte(inner, quote) < 0 {
		return inner
	}
	pair := string([]byte{quote, quote})
	return strings.ReplaceAll(inner, pair, pair[:1])
}
