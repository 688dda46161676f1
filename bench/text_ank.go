package main

import (
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"strconv"

	"github.com/ankgo/ank/bench/models"
	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/storage/pebble"
)

// ankTexts asks one of the two collections of texts.
type ankTexts[V interface {
	~struct{ entity.View }
	Body() string
}] struct {
	*ank
	fetch func(ctx context.Context, r entity.Reader, text string, args ...any) iter.Seq2[V, error]
	done  func() error
}

func (t *ankTexts[V]) search(ctx context.Context, s *seenTexts, words string, best int) error {
	found := t.fetch(ctx, t.session, "body MATCH ?", words)
	if best > 0 {
		found = t.fetch(ctx, t.session, "body MATCH ? ORDER BY RANK() DESC LIMIT ?", words, best)
	}
	for v, err := range found {
		if err != nil {
			return err
		}
		s.row(v.Body())
	}
	return nil
}

func (t *ankTexts[V]) close() error { return t.done() }

// openAnkTexts fills a store with both collections, and opens a node over a copy
// with nothing in memory, and one with everything.
func (r *run) openAnkTexts(ctx context.Context, all []string) ([]*finder, error) {
	dir, remove, err := r.folder()
	if err != nil {
		return nil, err
	}
	defer remove()
	if err := r.fillTexts(ctx, dir, all); err != nil {
		return nil, err
	}
	var field []*finder
	for _, c := range caches {
		more, err := r.openTexts(ctx, dir, c.name, c.options)
		field = append(field, more...)
		if err != nil {
			return field, err
		}
	}
	return field, nil
}

func (r *run) fillTexts(ctx context.Context, dir string, all []string) error {
	a, err := openNode(ctx, dir, pebble.Options{Relaxed: true})
	if err != nil {
		return err
	}
	for first := 0; first < len(all) && err == nil; first += r.batch {
		tx := a.session.Begin()
		for i := first; i < min(first+r.batch, len(all)); i++ {
			_, e1 := models.Pages.Create(tx, models.Page{Title: strconv.Itoa(i), Body: all[i]})
			_, e2 := models.Sheets.Create(tx, models.Sheet{Title: strconv.Itoa(i), Body: all[i]})
			err = errors.Join(err, e1, e2)
		}
		if err == nil {
			_, err = tx.Commit(ctx)
		}
	}
	return errors.Join(err, a.close())
}

func (r *run) openTexts(ctx context.Context, from, name string, options pebble.Options) ([]*finder, error) {
	dir, remove, err := r.folder()
	if err != nil {
		return nil, err
	}
	to := filepath.Join(dir, "copy")
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return nil, err
	}
	a, err := openNode(ctx, to, options)
	if err != nil {
		return nil, err
	}
	open := 2
	done := func() error {
		if open--; open > 0 {
			return nil
		}
		defer remove()
		return a.close()
	}
	for v, err := range models.Pages.Fetch(ctx, a.session, "") { // see warm
		if _ = v; err != nil {
			return nil, err
		}
	}
	return []*finder{
		{indexes: "indexed", name: name, searcher: &ankTexts[models.PageView]{a, models.Pages.Fetch, done}},
		{indexes: "unindexed", name: name, searcher: &ankTexts[models.SheetView]{a, models.Sheets.Fetch, done}},
	}, nil
}
