package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
)

// searcher is a store of texts. It shows the text of every row that it finds.
type searcher interface {
	// search finds the texts with all words, or only the best of them.
	search(ctx context.Context, s *seenTexts, words string, best int) error
	close() error
}

// seenTexts is what searches found.
type seenTexts struct{ rows, bytes int }

func (s *seenTexts) row(body string) {
	s.rows++
	s.bytes += len(body)
}

// vocabulary is how many words there are. The texts have twelve each, the first
// words of the vocabulary more often than the last ones: a third of all texts have
// the very first.
const (
	vocabulary = 20_000
	textWords  = 12
)

// word is a word of six letters, different for every number.
func word(n int) string {
	const consonants, vowels = "bdfgklmnprstvz", "aeiou"
	var b strings.Builder
	for range 3 {
		b.WriteByte(consonants[n%len(consonants)])
		n /= len(consonants)
		b.WriteByte(vowels[n%len(vowels)])
		n /= len(vowels)
	}
	return b.String()
}

// texts makes the first n texts.
func texts(n int) []string {
	rng := mulberry32(entitySeed)
	list := make([]string, n)
	for i := range list {
		words := make([]string, textWords)
		for k := range words {
			u := float64(rng.next()) / (1 << 32)
			words[k] = word(int(vocabulary * u * u * u))
		}
		list[i] = strings.Join(words, " ")
	}
	return list
}

// searching is a kind of search: what the i-th one looks for.
type searching struct {
	name  string
	best  int // 0: all
	words func(rng *mulberry32) string
}

func searchings() []searching {
	common := func(rng *mulberry32) string { return word(10 + rng.below(90)) }
	return []searching{
		{"word", 0, func(rng *mulberry32) string { return word(1000 + rng.below(4000)) }},
		{"both", 0, func(rng *mulberry32) string { return common(rng) + " " + common(rng) }},
		{"prefix", 0, func(rng *mulberry32) string { return word(1000 + rng.below(4000))[:4] + "*" }},
		{"best", 20, func(rng *mulberry32) string { return word(rng.below(20)) }},
	}
}

// finder is somebody who takes part in the text group.
type finder struct {
	indexes string
	name    string
	whats   []string
	searcher
}

func (f *finder) figure(what string) string { return "text/" + f.indexes + "/" + what + "/" + f.name }

// textGroup measures full text over 100,000 texts.
func textGroup(ctx context.Context, r *run) (err error) {
	field, err := r.finders(ctx, texts(r.entities))
	defer func() {
		for _, f := range field {
			err = errors.Join(err, f.close())
		}
	}()
	if err != nil {
		return err
	}
	runtime.GC() // what filling left
	for _, what := range searchings() {
		if err := agreeOnTexts(ctx, field, &what); err != nil {
			return err
		}
		for range r.rounds {
			for _, f := range field {
				if err := r.search(ctx, f, &what); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (r *run) search(ctx context.Context, f *finder, what *searching) error {
	if !slices.Contains(f.whats, what.name) {
		return nil
	}
	rng := mulberry32(querySeed)
	var s seenTexts
	_, err := r.sample(ctx, measured{
		name: f.figure(what.name), unit: "queries/s", limit: r.short(),
		do: func(ctx context.Context, _ int) error { return f.search(ctx, &s, what.words(&rng), what.best) },
	})
	return err
}

// agreeOnTexts checks that everybody finds the same. Of the best they need not be
// the same ones, as everybody has another idea of good, but as many.
func agreeOnTexts(ctx context.Context, field []*finder, what *searching) error {
	const enough = 5
	var want *seenTexts
	for _, f := range field {
		if !slices.Contains(f.whats, what.name) {
			continue
		}
		rng, got := mulberry32(querySeed), seenTexts{}
		for range enough {
			if err := f.search(ctx, &got, what.words(&rng), what.best); err != nil {
				return fmt.Errorf("%s: %w", f.figure(what.name), err)
			}
		}
		if what.best > 0 {
			got.bytes = 0
		}
		if want == nil {
			want = &got
		}
		if got != *want {
			return fmt.Errorf("%s: found %+v, others found %+v", f.figure(what.name), got, *want)
		}
	}
	return nil
}

// finders fills a store for everybody.
func (r *run) finders(ctx context.Context, all []string) ([]*finder, error) {
	every := []string{"word", "both", "prefix", "best"}
	unranked := every[:3]
	field := []*finder{{"indexed", "raw-map", unranked, newMapWords(all)}}
	fts, err := r.openSQLiteTexts(ctx, all, true)
	switch {
	case err == nil:
		field = append(field, &finder{"indexed", "sqlite-fts5", every, fts})
	case strings.Contains(err.Error(), "no such module"):
		r.say("text: SQLite was built without FTS5; give go the flag -tags sqlite_fts5")
	default:
		return field, err
	}
	like, err := r.openSQLiteTexts(ctx, all, false)
	if err != nil {
		return field, err
	}
	field = append(field, &finder{"unindexed", "raw-map", unranked, &scannedTexts{all}}, &finder{"unindexed", "sqlite", unranked, like})
	ours, err := r.openAnkTexts(ctx, all)
	for _, f := range ours {
		f.whats = every
	}
	return append(field, ours...), err
}
