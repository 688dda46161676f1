package main

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"path/filepath"

	_ "github.com/mattn/go-sqlite3" // the driver
)

const sqliteSchema = `CREATE TABLE entity (id TEXT PRIMARY KEY, title TEXT, owner TEXT, status TEXT, score INTEGER, note TEXT)`

// sqliteMode is how a commit is made durable.
func sqliteMode(durable bool) string {
	if durable {
		return "journal_mode=WAL synchronous=FULL"
	}
	return "journal_mode=WAL synchronous=NORMAL"
}

// openSQLite opens a new database and executes statements.
func openSQLite(ctx context.Context, dir, name string, durable bool, statements ...string) (*sql.DB, error) {
	options := url.Values{"_journal_mode": {"WAL"}, "_synchronous": {"NORMAL"}}
	if durable {
		options.Set("_synchronous", "FULL")
	}
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(dir, name)+"?"+options.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	for _, s := range statements {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return db, nil
}

// sqliteWriter keeps states in SQLite, and no history.
type sqliteWriter struct {
	db             *sql.DB
	insert, change *sql.Stmt
	keys           []string
}

const sqliteInsert = `INSERT INTO entity (id, title, owner, status, score, note) VALUES (?, ?, ?, ?, ?, ?)`

func openSQLiteWriter(ctx context.Context, r *run, dir string, durable bool) (writer, error) {
	db, err := openSQLite(ctx, dir, "commit.db", durable, sqliteSchema)
	if err != nil {
		return nil, err
	}
	w := &sqliteWriter{db: db, keys: make([]string, r.entities)}
	w.insert, err = db.PrepareContext(ctx, sqliteInsert)
	if err == nil {
		w.change, err = db.PrepareContext(ctx, `UPDATE entity SET score = ? WHERE id = ?`)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return w, nil
}

func (w *sqliteWriter) create(_ context.Context, i int, e *item) error {
	w.keys[i] = e.key
	_, err := w.insert.Exec(e.key, e.Title, e.Owner, e.Status, e.Score, e.Note)
	return err
}

func (w *sqliteWriter) update(_ context.Context, i, score int) error {
	_, err := w.change.Exec(score, w.keys[i])
	return err
}

func (w *sqliteWriter) batch(ctx context.Context, _ int, list []item) error {
	return sqliteBatch(ctx, w.db, w.insert, list)
}

// sqliteBatch inserts entities in one transaction.
func sqliteBatch(ctx context.Context, db *sql.DB, insert *sql.Stmt, list []item) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	in := tx.Stmt(insert)
	for i := range list {
		e := &list[i]
		if _, err := in.Exec(e.key, e.Title, e.Owner, e.Status, e.Score, e.Note); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}

func (w *sqliteWriter) close() error { return w.db.Close() }
