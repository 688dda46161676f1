package main

import (
	"context"
	"database/sql"
	"errors"
)

// sqliteIndexes are those of W2.
var sqliteIndexes = []string{
	`CREATE INDEX owner_status ON entity (owner, status)`,
	`CREATE INDEX score ON entity (score)`,
	`CREATE INDEX status_score ON entity (status, score)`,
}

const sqliteColumns = `SELECT id, title, owner, status, score, note FROM entity WHERE `

// sqliteQuerier asks SQLite by prepared statements.
type sqliteQuerier struct {
	db     *sql.DB
	remove func()
	all    []item

	getting, eqs, spans, ands, tops *sql.Stmt
}

func (r *run) openSQLiteQuerier(ctx context.Context, all []item, indexed bool) (querier, error) {
	dir, remove, err := r.folder()
	if err != nil {
		return nil, err
	}
	statements := []string{sqliteSchema}
	if indexed {
		statements = append(statements, sqliteIndexes...)
	}
	db, err := openSQLite(ctx, dir, "query.db", false, statements...)
	if err != nil {
		return nil, err
	}
	q := &sqliteQuerier{db: db, remove: remove, all: all}
	return q, errors.Join(q.fill(ctx), q.prepare(ctx))
}

func (q *sqliteQuerier) fill(ctx context.Context) error {
	insert, err := q.db.PrepareContext(ctx, sqliteInsert)
	if err != nil {
		return err
	}
	defer insert.Close()
	return sqliteBatch(ctx, q.db, insert, q.all)
}

func (q *sqliteQuerier) prepare(ctx context.Context) (err error) {
	statement := func(where string) *sql.Stmt {
		s, failed := q.db.PrepareContext(ctx, sqliteColumns+where)
		err = errors.Join(err, failed)
		return s
	}
	q.getting = statement(`id = ?`)
	q.eqs = statement(`owner = ?`)
	q.spans = statement(`score >= ? AND score < ?`)
	q.ands = statement(`owner = ? AND status = ?`)
	q.tops = statement(`status = ? ORDER BY score DESC LIMIT ?`)
	return err
}

// rows runs a statement. Its rows are scanned as a program would.
func (q *sqliteQuerier) rows(seen *seen, s *sql.Stmt, args ...any) (err error) {
	rows, err := s.Query(args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var e item
		if err := rows.Scan(&e.key, &e.Title, &e.Owner, &e.Status, &e.Score, &e.Note); err != nil {
			return err
		}
		seen.item(&e)
	}
	return rows.Err()
}

func (q *sqliteQuerier) get(_ context.Context, seen *seen, i int) error {
	return q.rows(seen, q.getting, q.all[i].key)
}

func (q *sqliteQuerier) eq(_ context.Context, seen *seen, owner string) error {
	return q.rows(seen, q.eqs, owner)
}

func (q *sqliteQuerier) span(_ context.Context, seen *seen, low, high int) error {
	return q.rows(seen, q.spans, low, high)
}

func (q *sqliteQuerier) and(_ context.Context, seen *seen, owner, status string) error {
	return q.rows(seen, q.ands, owner, status)
}

func (q *sqliteQuerier) top(_ context.Context, seen *seen, status string, limit int) error {
	return q.rows(seen, q.tops, status, limit)
}

func (q *sqliteQuerier) close() error {
	defer q.remove()
	return q.db.Close()
}
