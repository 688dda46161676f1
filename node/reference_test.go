package node_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/query"
)

// Task has an owner, Person a boss.
type (
	Task struct {
		Title string
		Owner model.Ref[Person]
		Hours int
	}
	TaskView    struct{ entity.View }
	TaskMutable struct{ *entity.Draft }

	Person struct {
		Name string
		Boss model.Ref[Person]
	}
	PersonView    struct{ entity.View }
	PersonMutable struct{ *entity.Draft }
)

func (v TaskView) Title() string           { return v.Field(0).Text() }
func (m TaskMutable) SetTitle(s string)    { m.Set(0, model.OfString(s)) }
func (m TaskMutable) SetOwner(id event.ID) { m.Set(1, model.OfID(id)) }
func (m PersonMutable) SetName(s string)   { m.Set(0, model.OfString(s)) }

type personTarget struct{}

func (personTarget) Target(int) *model.Schema { return persons.Schema() }

var personSchema = model.NewSchema(model.Definition{
	Model: "Person", Collection: "persons",
	Fields:  []model.Field{{Name: "name", Type: model.TypeString}, {Name: "boss", Type: model.TypeID, Ref: "persons"}},
	Targets: personTarget{},
})

var taskSchema = model.NewSchema(model.Definition{
	Model: "Task", Collection: "tasks",
	Fields: []model.Field{
		{Name: "title", Type: model.TypeString},
		{Name: "owner", Type: model.TypeID, Ref: "persons"},
		{Name: "hours", Type: model.TypeInt},
	},
	Indexes: []model.Index{{Name: "hours", Columns: []model.IndexColumn{{Field: 2, Desc: true}}}},
	Targets: personTarget{},
})

var (
	persons = entity.NewCollection[PersonView, PersonMutable](personSchema, func(p Person) []model.Value {
		return []model.Value{model.OfString(p.Name), model.OfID(p.Boss.ID())}
	})
	tasks = entity.NewCollection[TaskView, TaskMutable](taskSchema, func(t Task) []model.Value {
		return []model.Value{model.OfString(t.Title), model.OfID(t.Owner.ID()), model.OfInt(int64(t.Hours))}
	})
)

// staff are people and tasks: ada is grace's boss, and tasks are theirs, or
// nobody's.
type staff struct {
	*fixture
	ada, grace, write, read, rest event.ID
}

func newStaff(f *fixture) *staff {
	s := &staff{fixture: f}
	require.NoError(f, f.prince.Update(f.ctx, func(tx *node.Tx) error {
		ada, err := persons.Create(tx, Person{Name: "ada"})
		require.NoError(f, err)
		grace, err := persons.Create(tx, Person{Name: "grace", Boss: model.RefTo[Person](ada.ID())})
		require.NoError(f, err)
		s.ada, s.grace = ada.ID(), grace.ID()
		for i, t := range []Task{
			{"write", model.RefTo[Person](s.ada), 3}, {"read", model.RefTo[Person](s.grace), 5}, {"rest", model.Ref[Person]{}, 8},
		} {
			m, err := tasks.Create(tx, t)
			require.NoError(f, err)
			*[]*event.ID{&s.write, &s.read, &s.rest}[i] = m.ID()
		}
		return nil
	}))
	return s
}

func (s *staff) titles(r entity.Reader, text string, args ...any) []string {
	s.Helper()
	titles := []string{}
	for v, err := range tasks.Fetch(s.ctx, r, text, args...) {
		require.NoError(s, err, text)
		titles = append(titles, v.Title())
	}
	n, err := tasks.Count(s.ctx, r, text, args...)
	require.NoError(s, err, text)
	require.Len(s, titles, n)
	return titles
}

// groups returns what SELECT tells of each group, as text.
func (s *staff) groups(r entity.Reader, text string, args ...any) (all [][]string) {
	s.Helper()
	for g, err := range tasks.FetchGroups(s.ctx, r, text, args...) {
		require.NoError(s, err, text)
		var row []string
		for i := range g.Len() {
			row = append(row, g.At(i).String())
			require.Equal(s, g.At(i), g.Value(g.Name(i)))
		}
		all = append(all, row)
	}
	return all
}

// ask asks every kind of question that follows references.
func (s *staff) ask(r entity.Reader) {
	s.Helper()
	require.Equal(s, []string{"write"}, s.titles(r, "owner.name = 'ada'"))
	require.Equal(s, []string{"read"}, s.titles(r, "owner.boss.name = 'ada'"))
	require.Equal(s, []string{"read", "write"}, s.titles(r, "owner.name IS NOT NULL ORDER BY owner.name DESC"))
	require.Equal(s, []string{"rest", "write", "read"}, s.titles(r, "ORDER BY owner.name"))
	require.Equal(s, []string{"write"}, s.titles(r, "ORDER BY owner.name LIMIT 1 OFFSET 1"))
	require.Equal(s, []string{"rest", "read"}, s.titles(r, "hours > 3 AND (owner.name = 'grace' OR owner.name IS NULL) ORDER BY hours DESC"))
	require.Equal(s, []string{}, s.titles(r, "owner.boss.boss.name = 'ada'"))
	require.Equal(s, [][]string{{"null", "1", "8"}, {"'ada'", "1", "3"}, {"'grace'", "1", "5"}},
		s.groups(r, "SELECT owner.name AS who, COUNT(*), SUM(hours) AS sum GROUP BY owner.name ORDER BY who"))
	require.Equal(s, [][]string{{"3", "16", "2"}}, s.groups(r, "SELECT COUNT(*), SUM(hours), COUNT(owner.name)"))
	require.Equal(s, [][]string{{"'ada'"}}, s.groups(r, "SELECT MIN(owner.name) WHERE owner.boss.name IS NULL"))
}

func TestReferencesAreFollowed(t *testing.T) {
	s := newStaff(start(t, node.Models(personSchema, taskSchema)))
	s.ask(s.prince)
	s.ask(s.prince.Begin())
	s.ask(s.prince.Begin().Serializable())
	s.ask(s.prince.AsOf(time.Now()))

	tx := s.prince.Begin()
	m, err := persons.Edit(s.ctx, tx, s.grace)
	require.NoError(t, err)
	m.SetName("ada")
	require.Equal(t, []string{"write", "read"}, s.titles(tx, "owner.name = 'ada'"), "a transaction sees its own changes through references")
	require.Equal(t, []string{"write"}, s.titles(s.prince, "owner.name = 'ada'"))
	tx.Rollback()

	require.NoError(t, s.prince.Update(s.ctx, func(tx *node.Tx) error { return persons.Delete(s.ctx, tx, s.ada) }))
	require.Equal(t, []string{"write", "rest"}, s.titles(s.prince, "owner.name IS NULL"), "what is deleted is NULL")
	require.Equal(t, []string{"read"}, s.titles(s.prince, "owner.boss != '00000000000000000000000000' AND owner.boss.id IS NULL"))
}

func TestClientsFollowReferences(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		s := newStaff(f)
		ada := f.join("ada", node.Models(personSchema, taskSchema))
		ada.connect()
		s.ask(ada.session)
		s.ask(ada.session.Begin())

		hold := make(chan struct{})
		f.stage.commit = holding(hold)
		require.NoError(t, ada.session.Update(f.ctx, func(tx *node.Tx) error {
			m, err := persons.Edit(f.ctx, tx, s.grace)
			m.SetName("ada")
			return err
		}))
		synctest.Wait()
		require.Equal(t, []string{"write", "read"}, s.titles(ada.session, "owner.name = 'ada'"), "pending changes show through references")
		require.Equal(t, [][]string{{"null", "1"}, {"'ada'", "2"}}, s.groups(ada.session, "SELECT owner.name, COUNT(*) GROUP BY owner.name"))
		require.Equal(t, []string{"write"}, s.titles(s.prince, "owner.name = 'ada'"))
		close(hold)
		synctest.Wait()
		require.Equal(t, []string{"write", "read"}, s.titles(s.prince, "owner.name = 'ada'"))
	}, node.Models(personSchema, taskSchema))
}

func TestReferencesNeedPermission(t *testing.T) {
	f := start(t, node.Models(personSchema, taskSchema), node.WithPolicy(noPersons{node.AllowAll()}))
	_, err := tasks.Collect(f.ctx, f.prince, "hours = 3")
	require.NoError(t, err)
	_, err = tasks.Collect(f.ctx, f.prince, "owner.name = 'ada'")
	require.ErrorIs(t, err, node.ErrDenied)
	for _, err := range tasks.FetchGroups(f.ctx, f.prince, "SELECT MIN(owner.name)") {
		require.ErrorIs(t, err, node.ErrDenied)
	}
}

// noPersons is a policy by which persons are nobody's business.
type noPersons struct{ node.Policy }

func (noPersons) Read(_ context.Context, _ node.Principal, collection string) error {
	if collection == "persons" {
		return errors.New("that is private")
	}
	return nil
}

func TestTheWrongEnding(t *testing.T) {
	f := start(t, node.Models(personSchema, taskSchema))
	// Variables: ankvet would say the same of constants.
	groups, entities := "SELECT COUNT(*)", "hours > 5"
	_, err := tasks.Collect(f.ctx, f.prince, groups)
	require.ErrorIs(t, err, entity.ErrGroups)
	_, err = tasks.Query(f.ctx, f.prince, groups)
	require.ErrorIs(t, err, entity.ErrGroups)
	_, err = tasks.Query(f.ctx, f.prince, "AS OF '2024-01-01'")
	require.ErrorIs(t, err, node.ErrPast)
	for _, err := range tasks.FetchGroups(f.ctx, f.prince, entities) {
		require.ErrorIs(t, err, entity.ErrNoGroups)
	}
}

func TestQueriesAsOf(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		s := newStaff(f)
		<-time.After(time.Hour)
		before := time.Now()
		<-time.After(time.Hour)
		var receipt node.Receipt
		tx := s.prince.Begin()
		m, err := persons.Edit(f.ctx, tx, s.ada)
		require.NoError(t, err)
		m.SetName("lovelace")
		receipt, err = tx.Commit(f.ctx)
		require.NoError(t, err)
		<-time.After(time.Hour)
		require.NoError(t, s.prince.Update(f.ctx, func(tx *node.Tx) error { return tasks.Delete(f.ctx, tx, s.write) }))

		client := f.join("client", node.Models(personSchema, taskSchema))
		client.connect()
		for _, r := range []entity.Reader{s.prince, s.prince.Begin(), client.session, client.session.Begin()} {
			require.Equal(t, []string{}, s.titles(r, "owner.name = 'ada'"))
			require.Equal(t, []string{"write"}, s.titles(r, "owner.name = 'ada' AS OF ?", before))
			require.Equal(t, []string{}, s.titles(r, "owner.name = 'ada' AS OF ?", receipt.Transaction))
			require.Equal(t, []string{"write"}, s.titles(r, "owner.name = 'lovelace' AS OF ?", receipt.Transaction))
			require.Equal(t, []string{"write"}, s.titles(r, "owner.name = 'lovelace' AS OF now() - '30m'"))
			require.Equal(t, []string{"rest", "write", "read"}, s.titles(r, "ORDER BY owner.name AS OF :t", query.Named{"t": before}))
			require.Equal(t, []string{}, s.titles(r, "AS OF '1999-12-31'"))
		}
		require.Equal(t, [][]string{{"3"}}, s.groups(s.prince, "SELECT COUNT(*) AS OF ?", before))
		require.Equal(t, [][]string{{"3"}}, s.groups(client.session, "SELECT COUNT(*) AS OF ?", before))
	}, node.Models(personSchema, taskSchema))
}
