package main

import (
	"context"
	"database/sql"
	"errors"

	"github.com/ankgo/ank/bench/models"
	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage/pebble"
)

// tasksOfEach is how many tasks refer to a person. The reference case asks for the
// tasks of those who are busy: the first ten, and one more after each update but
// every second, which takes it back. So an update moves a hundred rows in or out.
const (
	tasksOfEach = 100
	alwaysBusy  = 10
)

// turn is the person that the i-th update is about, and what becomes of it.
func turn(i, people int) (person int, busy bool) {
	rng := mulberry32(updateSeed + i/2)
	return alwaysBusy + rng.below(people-alwaysBusy), i%2 == 0
}

// mapTasks keeps the result by hand: the limit.
type mapTasks struct {
	tasks map[int][]*task // by person
	found map[*task]bool
}

type task struct{ score int }

func newMapTasks(n int) *mapTasks {
	k := &mapTasks{map[int][]*task{}, map[*task]bool{}}
	people := n / tasksOfEach
	for i := range people * tasksOfEach {
		t := &task{i}
		k.tasks[i%people] = append(k.tasks[i%people], t)
		if i%people < alwaysBusy {
			k.found[t] = true
		}
	}
	return k
}

func (k *mapTasks) update(_ context.Context, i int) error {
	person, busy := turn(i, len(k.tasks))
	for _, t := range k.tasks[person] {
		if busy {
			k.found[t] = true
		} else {
			delete(k.found, t)
		}
	}
	return nil
}

func (k *mapTasks) result() map[string]totals {
	var t totals
	for x := range k.found {
		t.add(x.score)
	}
	return map[string]totals{"": t}
}

func (t *totals) add(score int) {
	t.count++
	t.sum += score
	t.max = max(t.max, score)
}

func (k *mapTasks) close() error { return nil }

// sqliteTasks asks again after each update, with indexes on both ways.
type sqliteTasks struct {
	db            *sql.DB
	remove        func()
	people        int
	change, again *sql.Stmt
	found         totals
}

func (r *run) openSQLiteTasks(ctx context.Context) (keeper, error) {
	dir, remove, err := r.folder()
	if err != nil {
		return nil, err
	}
	people := r.entities / tasksOfEach
	const numbers = `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?) `
	db, err := openSQLite(
		ctx, dir, "kept.db", false,
		`CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, busy INTEGER)`,
		`CREATE TABLE task (id INTEGER PRIMARY KEY, title TEXT, person INTEGER, score INTEGER)`,
		`CREATE INDEX busy ON person (busy)`, `CREATE INDEX of_person ON task (person)`,
	)
	if err != nil {
		return nil, err
	}
	_, e1 := db.ExecContext(ctx, `INSERT INTO person `+numbers+`SELECT i, 'somebody', i < ? FROM n`, people, alwaysBusy)
	_, e2 := db.ExecContext(ctx, `INSERT INTO task `+numbers+`SELECT i, 'a title of two dozen let.', i % ?, i FROM n`, people*tasksOfEach, people)
	k := &sqliteTasks{db: db, remove: remove, people: people}
	var e3, e4 error
	k.change, e3 = db.PrepareContext(ctx, `UPDATE person SET busy = ? WHERE id = ?`)
	k.again, e4 = db.PrepareContext(ctx, `SELECT task.id, title, score FROM person JOIN task ON task.person = person.id WHERE busy = 1`)
	return k, errors.Join(e1, e2, e3, e4)
}

func (k *sqliteTasks) update(_ context.Context, i int) (err error) {
	person, busy := turn(i, k.people)
	if _, err := k.change.Exec(busy, person); err != nil {
		return err
	}
	rows, err := k.again.Query()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	k.found = totals{}
	for rows.Next() {
		var id, score int
		var title string
		if err := rows.Scan(&id, &title, &score); err != nil {
			return err
		}
		k.found.add(score)
	}
	return rows.Err()
}

func (k *sqliteTasks) result() map[string]totals { return map[string]totals{"": k.found} }

func (k *sqliteTasks) close() error {
	defer k.remove()
	return k.db.Close()
}

// nodeTasks is a whole node, with an index on the reference.
type nodeTasks struct {
	*ank
	remove   func()
	people   []event.ID
	live     *entity.Live[models.TaskView]
	follower *follower
}

func (r *run) openNodeTasks(ctx context.Context) (keeper, error) {
	dir, remove, err := r.folder()
	if err != nil {
		return nil, err
	}
	a, err := openNode(ctx, dir, pebble.Options{Relaxed: true})
	if err != nil {
		return nil, err
	}
	k := &nodeTasks{ank: a, remove: remove, people: make([]event.ID, r.entities/tasksOfEach)}
	if err := k.fill(ctx, r.batch); err != nil {
		return nil, err
	}
	if k.live, err = models.Tasks.Query(ctx, a.session, "person.busy"); err != nil {
		return nil, err
	}
	k.follower = follow(k.live)
	return k, nil
}

func (k *nodeTasks) fill(ctx context.Context, batch int) error {
	tx := k.session.Begin()
	for i := range k.people {
		m, err := models.People.Create(tx, models.Person{Name: "somebody", Busy: i < alwaysBusy})
		if err != nil {
			return err
		}
		k.people[i] = m.ID()
	}
	for i := range len(k.people) * tasksOfEach {
		if i%batch == 0 {
			if _, err := tx.Commit(ctx); err != nil {
				return err
			}
			tx = k.session.Begin()
		}
		task := models.Task{
			Title: "a title of two dozen let.", Score: i,
			Person: model.RefTo[models.Person](k.people[i%len(k.people)]),
		}
		if _, err := models.Tasks.Create(tx, task); err != nil {
			return err
		}
	}
	_, err := tx.Commit(ctx)
	return err
}

func (k *nodeTasks) update(ctx context.Context, i int) error {
	person, busy := turn(i, len(k.people))
	tx := k.session.Begin()
	m, err := models.People.Edit(ctx, tx, k.people[person])
	if err != nil {
		return err
	}
	m.SetBusy(busy)
	if _, err := tx.Commit(ctx); err != nil {
		return err
	}
	k.follower.await(tasksOfEach)
	return nil
}

func (k *nodeTasks) result() map[string]totals {
	var t totals
	for _, v := range k.live.Items().All() {
		t.add(v.Score())
	}
	return map[string]totals{"": t}
}

func (k *nodeTasks) close() error {
	defer k.remove()
	k.follower.stop()
	k.live.Close()
	return k.ank.close()
}
