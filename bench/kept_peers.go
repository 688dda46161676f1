package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// mapKeeper keeps aggregates by hand: the limit. It looks for a new maximum when
// the greatest score leaves a group.
type mapKeeper struct {
	a      *asking
	moves  *moves
	groups map[string]*handKept
}

type handKept struct {
	totals
	scores map[int]int // how often each occurs
}

func newMapKeeper(a *asking, all []item) *mapKeeper {
	k := &mapKeeper{a, newMoves(all), map[string]*handKept{}}
	for i := range all {
		k.add(a.key(&all[i]), all[i].Score)
	}
	return k
}

func (k *mapKeeper) add(key string, score int) {
	if !k.a.counts(score) {
		return
	}
	g := k.groups[key]
	if g == nil {
		g = &handKept{scores: map[int]int{}}
		k.groups[key] = g
	}
	g.count++
	g.sum += score
	g.max = max(g.max, score)
	g.scores[score]++
}

func (k *mapKeeper) remove(key string, score int) {
	if !k.a.counts(score) {
		return
	}
	g := k.groups[key]
	g.count--
	g.sum -= score
	if g.scores[score]--; g.scores[score] > 0 {
		return
	}
	delete(g.scores, score)
	if score == g.max {
		g.max = 0
		for s := range g.scores {
			g.max = max(g.max, s)
		}
	}
}

func (k *mapKeeper) update(context.Context, int) error {
	at, was, now := k.moves.next()
	key := k.a.key(&k.moves.all[at])
	k.remove(key, was)
	k.add(key, now)
	return nil
}

func (k *mapKeeper) result() map[string]totals {
	found := map[string]totals{}
	for key, g := range k.groups {
		found[key] = g.totals
	}
	return found
}

func (k *mapKeeper) close() error { return nil }

// sqliteKeeper asks again after each update. An index holds what the query reads.
type sqliteKeeper struct {
	db            *sql.DB
	remove        func()
	moves         *moves
	change, again *sql.Stmt
	found         map[string]totals
}

func (r *run) openSQLiteKeeper(ctx context.Context, a *asking) (keeper, error) {
	dir, remove, err := r.folder()
	if err != nil {
		return nil, err
	}
	columns, rest := "''", "WHERE score >= "+fmt.Sprint(half)
	index := `CREATE INDEX kept ON entity (score)`
	if a.by != "" {
		columns, rest = a.by, "GROUP BY "+a.by
		index = `CREATE INDEX kept ON entity (` + a.by + `, score)`
	}
	db, err := openSQLite(ctx, dir, "kept.db", false, sqliteSchema, index)
	if err != nil {
		return nil, err
	}
	k := &sqliteKeeper{db: db, remove: remove, moves: newMoves(r.data())}
	insert, err := db.PrepareContext(ctx, sqliteInsert)
	if err == nil {
		err = errors.Join(sqliteBatch(ctx, db, insert, r.data()), insert.Close())
	}
	var e1, e2 error
	k.change, e1 = db.PrepareContext(ctx, `UPDATE entity SET score = ? WHERE id = ?`)
	k.again, e2 = db.PrepareContext(ctx, `SELECT `+columns+`, COUNT(*), SUM(score), MAX(score) FROM entity `+rest)
	return k, errors.Join(err, e1, e2)
}

func (k *sqliteKeeper) update(context.Context, int) (err error) {
	at, _, now := k.moves.next()
	if _, err := k.change.Exec(now, k.moves.all[at].key); err != nil {
		return err
	}
	rows, err := k.again.Query()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	k.found = map[string]totals{}
	for rows.Next() {
		var key string
		var t totals
		if err := rows.Scan(&key, &t.count, &t.sum, &t.max); err != nil {
			return err
		}
		k.found[key] = t
	}
	return rows.Err()
}

func (k *sqliteKeeper) result() map[string]totals { return k.found }

func (k *sqliteKeeper) close() error {
	defer k.remove()
	return k.db.Close()
}
