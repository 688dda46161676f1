package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	runes "unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/runenames"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/examples/explore/unicode"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
)

// perTransaction is how many characters are created at a time.
const perTransaction = 1000

// load fills the store, unless it is filled already, and notes what scripts are
// called.
func (sh *shell) load(ctx context.Context) error {
	n, err := unicode.Characters.Count(ctx, sh.session, "")
	if err != nil {
		return err
	}
	if n == 0 {
		b := builder{session: sh.session, scripts: map[string]event.ID{}, capitals: map[rune]event.ID{}}
		if n, err = b.build(ctx); err != nil {
			return err
		}
		fmt.Fprintf(sh.out, "Unicode %s: %d characters\n", runenames.UnicodeVersion, n)
	} else {
		fmt.Fprintf(sh.out, "%d characters are here already\n", n)
	}
	sh.scripts = map[event.ID]string{}
	for script, err := range unicode.Scripts.Fetch(ctx, sh.session, "") {
		if err != nil {
			return err
		}
		sh.scripts[script.ID()] = script.Name()
	}
	return nil
}

// builder creates the characters, those first that others refer to.
type builder struct {
	session  *node.Session
	scripts  map[string]event.ID
	capitals map[rune]event.ID
	tx       *node.Tx
	in       int // characters in tx
}

func (b *builder) build(ctx context.Context) (n int, err error) {
	b.tx = b.session.Begin()
	for _, name := range slices.Sorted(maps.Keys(runes.Scripts)) {
		script, err := unicode.Scripts.Create(b.tx, unicode.Script{Name: name})
		if err != nil {
			return 0, err
		}
		b.scripts[name] = script.ID()
	}
	for _, small := range []bool{false, true} {
		for r := rune(0); r <= runes.MaxRune; r++ {
			name := runenames.Name(r)
			if name == "" || name[0] == '<' || small != (runes.ToUpper(r) != r) {
				continue
			}
			if err := b.add(ctx, r, name); err != nil {
				return 0, err
			}
			n++
		}
	}
	_, err = b.tx.Commit(ctx)
	return n, err
}

func (b *builder) add(ctx context.Context, r rune, name string) error {
	if b.in == perTransaction {
		if _, err := b.tx.Commit(ctx); err != nil {
			return err
		}
		b.tx, b.in = b.session.Begin(), 0
	}
	b.in++
	c := unicode.Character{
		Code: int(r), Name: name, Category: nameIn(runes.Categories, r, 2), Bytes: int8(utf8.RuneLen(r)),
		Script: model.RefTo[unicode.Script](b.scripts[nameIn(runes.Scripts, r, 0)]), Properties: properties(r),
	}
	if upper := runes.ToUpper(r); upper != r {
		c.Upper = model.RefTo[unicode.Character](b.capitals[upper])
	}
	m, err := unicode.Characters.Create(b.tx, c)
	if err != nil {
		return err
	}
	b.capitals[r] = m.ID()
	return nil
}

// cased is no category of its own: it holds three others.
const cased = "LC"

// nameIn returns the name of the table that holds a character, of that many
// letters if length is not 0.
func nameIn(tables map[string]*runes.RangeTable, r rune, length int) string {
	for name, table := range tables {
		if (length == 0 || len(name) == length && name != cased) && runes.Is(table, r) {
			return name
		}
	}
	return ""
}

// properties returns the names of the properties that a character has.
func properties(r rune) model.JSON {
	var names []string
	for name, table := range runes.Properties {
		if runes.Is(table, r) {
			names = append(names, `"`+name+`"`)
		}
	}
	slices.Sort(names)
	j, err := model.ParseJSON("[" + strings.Join(names, ",") + "]")
	if err != nil {
		return model.JSON{} // names are letters and underscores
	}
	return j
}
