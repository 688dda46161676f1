package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ankgo/ank/entity"
	characters "github.com/ankgo/ank/examples/explore/unicode"
)

// table prints rows in columns, the first ones of many.
type table struct {
	rows   [][]string
	widths []int
	more   int
}

func (t *table) add(row []string) {
	if len(t.rows) == shownRows {
		t.more++
		return
	}
	t.rows = append(t.rows, row)
	for i, cell := range row {
		if i == len(t.widths) {
			t.widths = append(t.widths, 0)
		}
		t.widths[i] = max(t.widths[i], utf8.RuneCountInString(cell))
	}
}

func (t *table) print(out io.Writer, indent string) {
	for _, row := range t.rows {
		line := indent
		for i, cell := range row {
			line += cell + strings.Repeat(" ", t.widths[i]-utf8.RuneCountInString(cell)+2)
		}
		fmt.Fprintln(out, strings.TrimRight(line, " "))
	}
	switch {
	case t.more > 0:
		fmt.Fprintf(out, "%s... and %d more\n", indent, t.more)
	case len(t.rows) == 0:
		fmt.Fprintln(out, indent+"nothing")
	}
}

func (sh *shell) characterRow(c characters.CharacterView) []string {
	return []string{
		fmt.Sprintf("U+%04X", c.Code()), glyph(rune(c.Code())), c.Category(), sh.scripts[c.ScriptRef().ID()], c.Name(),
	}
}

// glyph shows a character in quotes. One that is not seen by itself, or that would
// join with the quote before it, stands there as an escape.
func glyph(r rune) string {
	if unicode.IsPrint(r) && !unicode.IsMark(r) {
		return strconv.QuoteRune(r)
	}
	return strconv.QuoteRuneToASCII(r)
}

func (sh *shell) groupRow(g entity.Group) []string {
	row := make([]string, g.Len())
	for i := range row {
		row[i] = g.At(i).String()
	}
	return row
}
