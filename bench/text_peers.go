package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// mapWords is an index of words by hand: the limit.
type mapWords struct {
	all    []string
	texts  map[string][]int32 // by word, ascending
	sorted []string           // all words
}

func newMapWords(all []string) *mapWords {
	m := &mapWords{all: all, texts: map[string][]int32{}}
	for i, text := range all {
		for w := range strings.FieldsSeq(text) {
			list := m.texts[w]
			if len(list) == 0 || list[len(list)-1] != int32(i) {
				m.texts[w] = append(list, int32(i))
			}
		}
	}
	for w := range m.texts {
		m.sorted = append(m.sorted, w)
	}
	slices.Sort(m.sorted)
	return m
}

func (m *mapWords) search(_ context.Context, s *seenTexts, words string, _ int) error {
	var found []int32
	for i, w := range strings.Fields(words) {
		list := m.under(w)
		if i == 0 {
			found = list
			continue
		}
		var both []int32
		for _, at := range found {
			if _, ok := slices.BinarySearch(list, at); ok {
				both = append(both, at)
			}
		}
		found = both
	}
	for _, at := range found {
		s.row(m.all[at])
	}
	return nil
}

// under returns the texts under a word, or under all that begin so.
func (m *mapWords) under(w string) []int32 {
	prefix, ok := strings.CutSuffix(w, "*")
	if !ok {
		return m.texts[w]
	}
	var list []int32
	at, _ := slices.BinarySearch(m.sorted, prefix)
	for ; at < len(m.sorted) && strings.HasPrefix(m.sorted[at], prefix); at++ {
		list = append(list, m.texts[m.sorted[at]]...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (m *mapWords) close() error { return nil }

// scannedTexts looks at all texts. As all words are of one length, parts of texts
// that look like a word are words.
type scannedTexts struct{ all []string }

func (t *scannedTexts) search(_ context.Context, s *seenTexts, words string, _ int) error {
	wanted := strings.Fields(words)
	for _, text := range t.all {
		if !slices.ContainsFunc(wanted, func(w string) bool { return !hasWord(text, w) }) {
			s.row(text)
		}
	}
	return nil
}

func hasWord(text, w string) bool {
	prefix, ok := strings.CutSuffix(w, "*")
	if !ok {
		return strings.Contains(text, w)
	}
	return strings.HasPrefix(text, prefix) || strings.Contains(text, " "+prefix)
}

func (t *scannedTexts) close() error { return nil }

// sqliteTexts asks FTS5, or a table by LIKE.
type sqliteTexts struct {
	db        *sql.DB
	remove    func()
	all, best *sql.Stmt // of FTS5
	like      []*sql.Stmt
}

func (r *run) openSQLiteTexts(ctx context.Context, all []string, indexed bool) (searcher, error) {
	dir, remove, err := r.folder()
	if err != nil {
		return nil, err
	}
	table := `CREATE TABLE page (title TEXT, body TEXT)`
	if indexed {
		table = `CREATE VIRTUAL TABLE page USING fts5(title UNINDEXED, body)`
	}
	db, err := openSQLite(ctx, dir, "text.db", false, table)
	if err != nil {
		remove()
		return nil, err
	}
	t := &sqliteTexts{db: db, remove: remove}
	statement := func(text string) *sql.Stmt {
		s, failed := db.PrepareContext(ctx, text)
		err = errors.Join(err, failed)
		return s
	}
	if err := t.fill(ctx, all); err != nil {
		return nil, errors.Join(err, t.close())
	}
	if !indexed {
		const where = `SELECT body FROM page WHERE ' ' || body LIKE ?`
		t.like = []*sql.Stmt{statement(where), statement(where + ` AND ' ' || body LIKE ?`)}
		return t, err
	}
	t.all = statement(`SELECT body FROM page WHERE page MATCH ?`)
	t.best = statement(`SELECT body FROM page WHERE page MATCH ? ORDER BY rank LIMIT ?`)
	return t, err
}

func (t *sqliteTexts) fill(ctx context.Context, all []string) error {
	tx, err := t.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for i, text := range all {
		if _, err := tx.ExecContext(ctx, `INSERT INTO page (title, body) VALUES (?, ?)`, fmt.Sprint(i), text); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}

func (t *sqliteTexts) search(_ context.Context, s *seenTexts, words string, best int) (err error) {
	statement, args := t.all, []any{words}
	switch {
	case t.like != nil:
		args = nil
		for w := range strings.FieldsSeq(words) {
			args = append(args, "% "+strings.TrimSuffix(w, "*")+"%")
		}
		statement = t.like[len(args)-1]
	case best > 0:
		statement, args = t.best, append(args, best)
	}
	rows, err := statement.Query(args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var body string
		if err := rows.Scan(&body); err != nil {
			return err
		}
		s.row(body)
	}
	return rows.Err()
}

func (t *sqliteTexts) close() error {
	defer t.remove()
	return t.db.Close()
}
