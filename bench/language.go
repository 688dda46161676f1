package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime"

	"github.com/ankgo/ank/bench/models"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/plan"
)

// sentence is a query of the language group: as text, what SQLite is given for
// it, its arguments, and the same predicate written in Go.
type sentence struct {
	name string
	text string
	args []any
	in   func(it *models.Item) bool
}

func sentences() []sentence {
	return []sentence{
		{"equal", "owner = ?", []any{ownerName(7)}, func(it *models.Item) bool { return it.Owner == "u-7" }},
		{
			"window", "owner = ? AND status = ? ORDER BY score DESC LIMIT 20",
			[]any{ownerName(7), statusName(3)},
			func(it *models.Item) bool { return it.Owner == "u-7" && it.Status == "s-3" },
		},
		{
			"long", "(owner IN (?, ?, ?) OR status = ? AND score >= ?) AND NOT (score BETWEEN ? AND ? OR note LIKE ?) ORDER BY status, score DESC LIMIT 50",
			[]any{ownerName(1), ownerName(2), ownerName(3), statusName(3), 1000, 500, 600, "zz%"},
			func(it *models.Item) bool {
				return (it.Owner == "u-1" || it.Owner == "u-2" || it.Owner == "u-3" || it.Status == "s-3" && it.Score >= 1000) &&
					!(it.Score >= 500 && it.Score <= 600 || len(it.Note) > 1 && it.Note[:2] == "zz")
			},
		},
	}
}

// languageGroup measures what a query costs before any row is looked up, and what
// it costs to test one row: parsing, checking, planning, all three together beside
// SQLite's prepare, and evaluating beside the same predicate in Go.
func languageGroup(ctx context.Context, r *run) (err error) {
	dir, remove, err := r.folder()
	if err != nil {
		return err
	}
	defer remove()
	db, err := openSQLite(ctx, dir, "language.db", false, append([]string{sqliteSchema}, sqliteIndexes...)...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rows, err := evaluated(r.data()[:min(len(r.data()), 10_000)])
	if err != nil {
		return err
	}
	for _, s := range sentences() {
		steps, err := s.steps(rows, r.data())
		if err != nil {
			return fmt.Errorf("language: %s: %w", s.name, err)
		}
		for range r.rounds {
			for _, step := range steps {
				if err := r.step(ctx, &s, &step); err != nil {
					return err
				}
			}
			if err := r.prepareSQLite(ctx, db, &s); err != nil {
				return err
			}
		}
	}
	return nil
}

// evaluated are items as rows of a store.
func evaluated(items []item) ([]*model.Row, error) {
	rows := make([]*model.Row, len(items))
	for i := range items {
		x, err := recordOf(i, 0, &items[i])
		if err != nil {
			return nil, err
		}
		rows[i] = &x.Row
	}
	return rows, nil
}

// step is one thing that is done with a query.
type step struct {
	name, who string
	do        func(i int) error
}

// steps are what is done with a sentence. It is an error if the sentence does not
// find the rows that its predicate in Go finds.
func (s *sentence) steps(rows []*model.Row, items []item) ([]step, error) {
	schema := models.Items.Schema()
	parse := func() (*query.Query, error) {
		q, err := query.Parse(s.text)
		if err != nil {
			return nil, err
		}
		return q.Bind(s.args...)
	}
	parsed, err := parse()
	if err != nil {
		return nil, err
	}
	checked, err := parsed.Check(schema)
	if err != nil {
		return nil, err
	}
	for i, row := range rows {
		if checked.Match(row) != s.in(&items[i].Item) {
			return nil, fmt.Errorf("row %d is told apart differently in Go", i)
		}
	}
	found := 0
	count := func(yes bool) error {
		if yes {
			found++
		}
		return nil
	}
	return []step{
		{"parse", "ank", func(int) error { _, err := parse(); return err }},
		{"check", "ank", func(int) error { _, err := parsed.Check(schema); return err }},
		{"plan", "ank", func(int) error { plan.New(checked, schema.Indexes()); return nil }},
		{"prepare", "ank", func(int) error {
			q, err := parse()
			if err != nil {
				return err
			}
			c, err := q.Check(schema)
			if err == nil {
				plan.New(c, schema.Indexes())
			}
			return err
		}},
		{"evaluate", "ank", func(i int) error { return count(checked.Match(rows[i%len(rows)])) }},
		{"evaluate", "raw-closure", func(i int) error { return count(s.in(&items[i%len(rows)].Item)) }},
	}, nil
}

func (s *sentence) figure(step, who string) string {
	return "language/" + s.name + "/" + step + "/" + who
}

// step measures a step, and how often it allocates memory.
func (r *run) step(ctx context.Context, s *sentence, what *step) error {
	name := s.figure(what.name, what.who)
	if !r.wants(name) {
		return nil
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	done, err := r.sample(ctx, measured{
		name: name, unit: "ops/s", limit: r.short(), do: func(_ context.Context, i int) error { return what.do(i) },
	})
	runtime.ReadMemStats(&after)
	if err == nil && what.who == "ank" {
		// The clock and the profile allocate too, but not a tenth as often as there are operations.
		r.figures.add(s.figure(what.name+"-allocs", what.who), "allocs", float64((after.Mallocs-before.Mallocs)/uint64(max(done, 1))))
	}
	return err
}

// prepareSQLite has SQLite compile the statement, below database/sql.
func (r *run) prepareSQLite(ctx context.Context, db *sql.DB, s *sentence) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	text := sqliteColumns + s.text
	err = conn.Raw(func(c any) error {
		_, err := r.sample(ctx, measured{
			name: s.figure("prepare", "sqlite"), unit: "ops/s", limit: r.short(),
			do: func(context.Context, int) error {
				stmt, err := c.(driver.Conn).Prepare(text)
				if err != nil {
					return err
				}
				return stmt.Close()
			},
		})
		return err
	})
	return errors.Join(err, conn.Close())
}
