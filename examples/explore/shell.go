package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/examples/explore/unicode"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/query"
)

const help = `  queries are about the columns code, name, category, script, upper, bytes, properties:

  category = 'Lu' AND script.name = 'Greek' ORDER BY code LIMIT 5
  name MATCH 'arrow left' ORDER BY RANK() DESC LIMIT 5
  SELECT script.name, COUNT(*) AS n GROUP BY script.name ORDER BY n DESC LIMIT 5
  explain QUERY          how the query is answered
  live QUERY             keep the result on the screen: changes are shown as they come
  rename U+0041 NAME     give a character another name
  delete U+0041          delete a character; undelete takes it back
  quit`

// shell takes commands.
type shell struct {
	session *node.Session
	out     io.Writer
	scripts map[event.ID]string
	deleted map[int64]event.ID // by code, to be taken back
	lives   []screen
}

// screen is a live query that is kept on the screen.
type screen interface {
	refresh(ctx context.Context, out io.Writer) error
	close()
}

func (sh *shell) close() {
	for _, s := range sh.lives {
		s.close()
	}
}

// do runs one command. It returns false if that was to quit.
func (sh *shell) do(ctx context.Context, line string) bool {
	word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	var err error
	switch word {
	case "":
	case "quit", "exit":
		return false
	case "help":
		fmt.Fprintln(sh.out, help)
	case "explain":
		err = sh.explain(ctx, rest)
	case "live":
		err = sh.live(ctx, rest)
	case "rename", "delete", "undelete":
		err = sh.change(ctx, word, rest)
	default:
		if !strings.HasPrefix(word, "--") { // a comment
			err = sh.query(ctx, line)
		}
	}
	if err == nil {
		err = sh.refresh(ctx)
	}
	if err != nil {
		sh.complain(err)
	}
	return true
}

func (sh *shell) complain(err error) {
	var wrong *query.Error
	if errors.As(err, &wrong) {
		fmt.Fprintln(sh.out, wrong.Caret())
	}
	fmt.Fprintln(sh.out, "error:", err)
}

// isGroups reports whether a text asks for groups. What is wrong with it is told
// by whoever runs it.
func isGroups(text string) bool {
	q, err := query.Parse(text)
	return err == nil && len(q.Select) > 0
}

// shownRows is how many rows of a result are printed.
const shownRows = 20

func (sh *shell) query(ctx context.Context, text string) error {
	var t table
	if isGroups(text) {
		for g, err := range unicode.Characters.FetchGroups(ctx, sh.session, text) {
			if err != nil {
				return err
			}
			t.add(sh.groupRow(g))
		}
	} else {
		for c, err := range unicode.Characters.Fetch(ctx, sh.session, text) {
			if err != nil {
				return err
			}
			t.add(sh.characterRow(c))
		}
	}
	t.print(sh.out, "")
	return nil
}

func (sh *shell) explain(ctx context.Context, text string) error {
	e, err := unicode.Characters.Explain(ctx, sh.session, text)
	if err == nil {
		fmt.Fprint(sh.out, e)
	}
	return err
}

func (sh *shell) live(ctx context.Context, text string) error {
	if isGroups(text) {
		live, err := unicode.Characters.QueryGroups(ctx, sh.session, text)
		if err == nil {
			sh.lives = append(sh.lives, watch(ctx, text, live, sh.groupRow))
		}
		return err
	}
	live, err := unicode.Characters.Query(ctx, sh.session, text)
	if err == nil {
		sh.lives = append(sh.lives, watch(ctx, text, live, sh.characterRow))
	}
	return err
}

// refresh shows what has changed in the live queries.
func (sh *shell) refresh(ctx context.Context) error {
	for _, s := range sh.lives {
		if err := s.refresh(ctx, sh.out); err != nil {
			return err
		}
	}
	return nil
}

// change runs a command that changes a character.
func (sh *shell) change(ctx context.Context, word, rest string) error {
	point, name, _ := strings.Cut(rest, " ")
	code, err := strconv.ParseInt(strings.TrimPrefix(point, "U+"), 16, 32)
	if err != nil {
		return fmt.Errorf("%s takes a code point such as U+0041", word)
	}
	id, err := sh.find(ctx, code)
	if err != nil {
		return err
	}
	return sh.session.Update(ctx, func(tx *node.Tx) error {
		switch word {
		case "delete":
			sh.deleted[code] = id
			return unicode.Characters.Delete(ctx, tx, id)
		case "undelete":
			return unicode.Characters.Undelete(ctx, tx, id)
		}
		c, err := unicode.Characters.Edit(ctx, tx, id)
		if err == nil {
			c.SetName(name)
		}
		return err
	})
}

// find returns the character of a code point, which may be one that was deleted
// here: no query finds those.
func (sh *shell) find(ctx context.Context, code int64) (event.ID, error) {
	c, err := unicode.Characters.First(ctx, sh.session, "code = ?", code)
	if errors.Is(err, entity.ErrNotFound) && sh.deleted[code] != (event.ID{}) {
		return sh.deleted[code], nil
	}
	return c.ID(), err
}
