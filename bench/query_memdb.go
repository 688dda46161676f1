package main

import (
	"context"
	"fmt"

	"github.com/hashicorp/go-memdb"
)

// memdbQuerier keeps the entities in go-memdb, which has no index over two
// fields: a conjunction filters what the first index finds, and the greatest
// scores of a status are found by walking all scores downwards.
type memdbQuerier struct {
	db  *memdb.MemDB
	all []item
}

func itemTable() *memdb.DBSchema {
	field := func(name string) *memdb.IndexSchema {
		return &memdb.IndexSchema{Name: name, Indexer: &memdb.StringFieldIndex{Field: name}}
	}
	return &memdb.DBSchema{Tables: map[string]*memdb.TableSchema{"entity": {
		Name: "entity",
		Indexes: map[string]*memdb.IndexSchema{
			"id":     {Name: "id", Unique: true, Indexer: &memdb.StringFieldIndex{Field: "key"}},
			"Owner":  field("Owner"),
			"Status": field("Status"),
			"Score":  {Name: "Score", Indexer: &memdb.IntFieldIndex{Field: "Score"}},
		},
	}}}
}

func newMemDBQuerier(all []item) (*memdbQuerier, error) {
	db, err := memdb.NewMemDB(itemTable())
	if err != nil {
		return nil, err
	}
	txn := db.Txn(true)
	for i := range all {
		if err := txn.Insert("entity", &all[i]); err != nil {
			return nil, err
		}
	}
	txn.Commit()
	return &memdbQuerier{db, all}, nil
}

func (q *memdbQuerier) get(_ context.Context, seen *seen, i int) error {
	found, err := q.db.Txn(false).First("entity", "id", q.all[i].key)
	if err != nil || found == nil {
		return fmt.Errorf("get %s: %w", q.all[i].key, err)
	}
	seen.item(found.(*item))
	return nil
}

func (q *memdbQuerier) eq(_ context.Context, seen *seen, owner string) error {
	rows, err := q.db.Txn(false).Get("entity", "Owner", owner)
	if err != nil {
		return err
	}
	for row := rows.Next(); row != nil; row = rows.Next() {
		seen.item(row.(*item))
	}
	return nil
}

func (q *memdbQuerier) span(_ context.Context, seen *seen, low, high int) error {
	rows, err := q.db.Txn(false).LowerBound("entity", "Score", low)
	if err != nil {
		return err
	}
	for row := rows.Next(); row != nil && row.(*item).Score < high; row = rows.Next() {
		seen.item(row.(*item))
	}
	return nil
}

func (q *memdbQuerier) and(_ context.Context, seen *seen, owner, status string) error {
	rows, err := q.db.Txn(false).Get("entity", "Owner", owner)
	if err != nil {
		return err
	}
	for row := rows.Next(); row != nil; row = rows.Next() {
		if e := row.(*item); e.Status == status {
			seen.item(e)
		}
	}
	return nil
}

func (q *memdbQuerier) top(_ context.Context, seen *seen, status string, limit int) error {
	rows, err := q.db.Txn(false).GetReverse("entity", "Score")
	if err != nil {
		return err
	}
	for row := rows.Next(); row != nil && limit > 0; row = rows.Next() {
		if e := row.(*item); e.Status == status {
			seen.item(e)
			limit--
		}
	}
	return nil
}

func (q *memdbQuerier) close() error { return nil }
