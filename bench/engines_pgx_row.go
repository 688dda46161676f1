package main

import (
	"context"
	"time"
)

// pgxRows is what a program does that keeps no history: a row for an entity, a
// transaction for a row, and a connection for each writer.
type pgxRows struct{ *pgxShelf }

func openPgxRows(ctx context.Context, r *run, writers int, _ bool) (shelf, error) {
	t := pgxTables()[2]
	last := len(t.columns) - 1
	t.columns, t.types, t.value = t.columns[:last], t.types[:last], itemColumns
	s, err := r.newPgxShelf(ctx, writers, []pgxTable{t})
	if err != nil {
		return nil, err
	}
	return pgxRows{s}, nil
}

func (s pgxRows) create(ctx context.Context, i int, e *item) error {
	row, err := s.rawBook.create(i, e)
	if err != nil {
		return err
	}
	t := &s.tables[0]
	_, err = s.pool.Exec(ctx, t.one(), t.value(row)...)
	return err
}

func (s pgxRows) update(ctx context.Context, i, score int) error {
	_, err := s.pool.Exec(ctx, `UPDATE items SET score = $2 WHERE id = $1`, s.idOf(i).String(), int64(score))
	return err
}

// pgxLog is a table of entries.
type pgxLog struct{ *pgxShelf }

func openPgxLog(ctx context.Context, r *run, list []happening) (source, error) {
	s, err := r.newPgxShelf(ctx, 1, pgxTables()[:1])
	if err != nil {
		return nil, err
	}
	rows, err := s.rawBook.logged(list)
	if err != nil {
		return nil, err
	}
	for ; len(rows) > 0; rows = rows[min(r.batch, len(rows)):] {
		if err := s.commit(ctx, rows[:min(r.batch, len(rows))]); err != nil {
			return nil, err
		}
	}
	return &pgxLog{s}, nil
}

// fold reads the entries, and does nothing with them.
func (l *pgxLog) fold(ctx context.Context, deadline time.Time) (n, sum int, err error) {
	rows, err := l.pool.Query(ctx, `SELECT entry FROM log ORDER BY origin, seq`)
	if err != nil {
		return 0, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var entry []byte
		if err := rows.Scan(&entry); err != nil {
			return n, 0, err
		}
		sum += len(entry)
		if n++; n%1024 == 0 && time.Now().After(deadline) {
			return n, 0, nil
		}
	}
	return n, sum, rows.Err()
}
