package query

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Kind classifies an [Error].
type Kind uint8

// The kinds of errors.
const (
	Syntax   Kind = iota + 1 // the text is no query
	Unknown                  // a column that the schema does not have
	Mismatch                 // types that cannot be compared, or a value out of place
	Argument                 // a parameter without an argument, or the other way round
	Limit                    // longer, deeper or wider than a query may be
)

// String returns the kind's name, in lower case.
func (k Kind) String() string {
	return [...]string{"error", "syntax", "unknown column", "mismatch", "argument", "limit"}[k]
}

// Error says what is wrong with a query, and where.
type Error struct {
	Kind       Kind
	Text       string // the whole query
	Span       Span   // the offending part of Text
	Line       int    // of Span.Start, from 1
	Column     int    // of Span.Start in characters, from 1
	Token      string // the offending part; empty at the end of the text
	Reason     string
	Suggestion string // what may have been meant by Token: a name, a keyword, a value; may be empty
}

func newError(kind Kind, text string, at Span, reason string) *Error {
	at.Start = min(max(at.Start, 0), len(text))
	at.End = min(max(at.End, at.Start), len(text))
	before := text[:at.Start]
	start := strings.LastIndexByte(before, '\n') + 1
	return &Error{
		Kind: kind, Text: text, Span: at,
		Line:   1 + strings.Count(before, "\n"),
		Column: 1 + utf8.RuneCountInString(before[start:]),
		Token:  text[at.Start:at.End],
		Reason: reason,
	}
}

// Error returns the error on one line: its position, its reason and what may
// have been meant.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("query ")
	b.WriteString(strconv.Itoa(e.Line))
	b.WriteByte(':')
	b.WriteString(strconv.Itoa(e.Column))
	b.WriteString(": ")
	b.WriteString(e.Reason)
	if e.Suggestion != "" {
		b.WriteString(" (did you mean ")
		b.WriteString(e.Suggestion)
		b.WriteString("?)")
	}
	return b.String()
}

// Caret returns two lines: the line of the query where the error is, and marks
// under the offending part of it.
//
//	year > 1985 AN genre = 'Funk'
//	            ^^
func (e *Error) Caret() string {
	start := strings.LastIndexByte(e.Text[:e.Span.Start], '\n') + 1
	end := len(e.Text)
	if n := strings.IndexByte(e.Text[start:], '\n'); n >= 0 {
		end = start + n
	}
	var b strings.Builder
	b.WriteString(strings.TrimSuffix(e.Text[start:end], "\r"))
	b.WriteByte('\n')
	for _, r := range e.Text[start:e.Span.Start] {
		if r != '\t' {
			r = ' '
		}
		b.WriteRune(r)
	}
	marks := utf8.RuneCountInString(e.Text[e.Span.Start:max(e.Span.Start, min(e.Span.End, end))])
	b.WriteString(strings.Repeat("^", max(marks, 1)))
	return b.String()
}
