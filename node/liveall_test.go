package node_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/storage"
)

// Song has a field of each kind that the language treats in its own way.
type (
	Song struct {
		Title string
		Plays *int
		By    model.Ref[Person]
		Tags  model.JSON
	}
	SongView    struct{ entity.View }
	SongMutable struct{ *entity.Draft }
)

var songSchema = model.NewSchema(model.Definition{
	Model: "Song", Collection: "songs",
	Fields: []model.Field{
		{Name: "title", Type: model.TypeString},
		{Name: "plays", Type: model.TypeInt, Optional: true},
		{Name: "singer", Type: model.TypeID, Ref: "persons"},
		{Name: "tags", Type: model.TypeJSON},
	},
	Indexes: []model.Index{
		{Name: "words", Columns: []model.IndexColumn{{Field: 0}}, FullText: true},
		{Name: "plays", Columns: []model.IndexColumn{{Field: 1, Desc: true}, {Field: 0}}},
		{Name: "singer", Columns: []model.IndexColumn{{Field: 2}}},
	},
	Targets: personTarget{},
})

var songs = entity.NewCollection[SongView, SongMutable](songSchema, func(s Song) []model.Value {
	plays := model.Null
	if s.Plays != nil {
		plays = model.OfInt(int64(*s.Plays))
	}
	return []model.Value{model.OfString(s.Title), plays, model.OfID(s.By.ID()), model.OfJSON(s.Tags)}
})

// askedOfSongs has every operator, clause and aggregate of the language.
var askedOfSongs = []string{
	"", "plays > 3", "plays IS NULL", "plays = 2 OR title = 'red'", "plays NOT IN (1, 2, 3) AND NOT title = 'blue'",
	"plays BETWEEN 2 AND 6 ORDER BY plays DESC, title LIMIT 3", "plays IN (1, 3, 5) ORDER BY plays LIMIT 2 OFFSET 1",
	"ORDER BY plays NULLS LAST, title DESC LIMIT 4", "ORDER BY title OFFSET 3", "plays != 4 ORDER BY id DESC LIMIT 5",
	"NOT (plays = 3 OR title STARTS WITH 'b')", "title ILIKE 'RED%'", "title LIKE '%e_ %'", "plays * 2 + 1 > LEN(title)",
	"title MATCH 'red blue'", "title MATCH 're* OR green' ORDER BY RANK() DESC, title LIMIT 4", "NOT title MATCH 'red'",
	"title MATCH '\"red green\" -blue' ORDER BY plays", "plays % 3 = 1 ORDER BY plays / 2, title LIMIT 3",
	"singer.name = 'ada'", "singer.boss.name IN ('ada', 'bob') ORDER BY singer.name, title LIMIT 3 OFFSET 1", "singer.name IS NULL",
	"singer.name != 'ada' OR plays > 7", "ORDER BY singer.boss.name DESC, singer.name LIMIT 4", "singer.name MATCH 'bob' ORDER BY title",
	"'jazz' IN tags", "tags CONTAINS ANY ('jazz', 'rock') ORDER BY LEN(tags) DESC LIMIT 4", "tags CONTAINS ALL ('jazz', 'rock')",
	"LEN(tags) > 1 AND tags[0] = 'jazz'", "tags.mood IS MISSING", "tags.mood = 'blue' OR tags[1] IS NULL ORDER BY tags",
	"created > updated", "updated > created ORDER BY updated DESC LIMIT 3",
}

// groupsOfSongs has every aggregate.
var groupsOfSongs = []string{
	"SELECT COUNT(*)", "SELECT DISTINCT plays ORDER BY plays LIMIT 3", "SELECT COUNT(DISTINCT singer), MAX(title) WHERE plays > 2",
	"SELECT singer.name AS who, COUNT(*), SUM(plays), MIN(plays), MAX(plays), AVG(plays), COUNT(DISTINCT plays) GROUP BY singer.name ORDER BY who",
	"SELECT plays, COUNT(*) AS n GROUP BY plays HAVING COUNT(*) > 1 ORDER BY n DESC, plays LIMIT 2 OFFSET 1",
	"SELECT LEN(tags), COUNT(*) WHERE title MATCH 'red' OR singer.boss.name = 'bob' GROUP BY LEN(tags)",
}

// TestEveryLiveQueryAgreesWithFetch: over all engines, whatever several writers do,
// the change sets of every sort of query lead from what it was to what a fetch finds.
// seed says how to repeat it.
func TestEveryLiveQueryAgreesWithFetch(t *testing.T) {
	for name, open := range engines() {
		for seed := range uint64(2) {
			t.Run(fmt.Sprintf("%s/seed=%d", name, seed), func(t *testing.T) {
				engine, err := open(t.Context())
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, engine.Close()) })
				newBand(t, engine, seed).play(16)
			})
		}
	}
}

// band is a node with songs and persons that several writers change.
type band struct {
	*testing.T
	node    *node.Node
	session *node.Session
	writers []*rand.Rand

	mu      sync.Mutex // protects what writers know of each other's
	persons []event.ID
	songs   []event.ID
	follow  []func(context.Context, string)
}

func newBand(t *testing.T, engine storage.Engine, seed uint64) *band {
	n, err := node.Open(t.Context(), engine, node.Models(personSchema, songSchema), node.WithPolicy(node.AllowAll()))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Close(context.Background())) })
	b := &band{T: t, node: n, session: n.Session("ada")}
	for w := range uint64(3) {
		b.writers = append(b.writers, rand.New(rand.NewPCG(seed, w)))
	}
	for range 3 {
		b.write(b.writers[0])
	}
	for _, text := range askedOfSongs {
		live, err := songs.Query(t.Context(), b.session, text)
		require.NoError(t, err, text)
		followed(b, text, live, func(v SongView) string {
			return fmt.Sprint(v.ID(), v.Field(0), v.Field(1), v.Field(2), v.Field(3))
		}, func(yield func(SongView, error) bool) { songs.Fetch(t.Context(), b.session, text)(yield) })
	}
	for _, text := range groupsOfSongs {
		live, err := songs.QueryGroups(t.Context(), b.session, text)
		require.NoError(t, err, text)
		followed(b, text, live, func(g entity.Group) (row string) {
			for i := range g.Len() {
				row += g.At(i).String() + " "
			}
			return row
		}, func(yield func(entity.Group, error) bool) { songs.FetchGroups(t.Context(), b.session, text)(yield) })
	}
	return b
}

// followed puts the change sets of a live query into a list, which has to become what
// is shown and what a fetch finds.
func followed[V any](b *band, text string, live *entity.Live[V], row func(V) string, fetch func(func(V, error) bool)) {
	var mu sync.Mutex
	var list []V
	news := make(chan struct{}, 1)
	stop := live.Watch(b.Context(), func(set entity.ChangeSet[V]) {
		mu.Lock()
		list = patched(list, set)
		mu.Unlock()
		select {
		case news <- struct{}{}:
		default:
		}
	})
	b.Cleanup(func() { stop(); live.Close() })
	b.follow = append(b.follow, func(ctx context.Context, when string) {
		var want []string
		fetch(func(v V, err error) bool {
			require.NoError(b, err, text)
			want = append(want, row(v))
			return true
		})
		require.Equal(b, want, rows(live.Items().Slice(), row), "%s: %s is shown", when, text)
		for {
			mu.Lock()
			got := rows(list, row)
			mu.Unlock()
			if fmt.Sprint(got) == fmt.Sprint(want) {
				return
			}
			select {
			case <-news:
			case <-ctx.Done():
				require.Equal(b, want, got, "%s: %s by its change sets", when, text)
			}
		}
	})
}

func rows[V any](list []V, row func(V) string) (all []string) {
	for _, v := range list {
		all = append(all, row(v))
	}
	return all
}

// play has all writers write at the same time, and compares when all have.
func (b *band) play(rounds int) {
	for round := range rounds {
		var wg sync.WaitGroup
		for _, w := range b.writers {
			wg.Go(func() { b.write(w) })
		}
		wg.Wait()
		ctx, cancel := context.WithTimeout(b.Context(), 10*time.Second)
		for _, check := range b.follow {
			check(ctx, fmt.Sprint("round ", round))
		}
		cancel()
	}
}

// write makes a random transaction.
func (b *band) write(rng *rand.Rand) {
	tx := b.session.Begin()
	var err error
	for range 1 + rng.IntN(4) {
		err = errors.Join(err, b.change(tx, rng))
	}
	if _, failed := tx.Commit(b.Context()); failed != nil || err != nil {
		b.Errorf("writing: %v, %v", failed, err)
	}
}

func (b *band) change(tx *node.Tx, rng *rand.Rand) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	ctx := b.Context()
	switch n := rng.IntN(12); {
	case len(b.persons) < 3 || n == 0:
		p, err := persons.Create(tx, Person{Name: name(rng), Boss: model.RefTo[Person](pick(rng, b.persons))})
		b.persons = append(b.persons, p.ID())
		return err
	case len(b.songs) < 5 || n < 4:
		s, err := songs.Create(tx, Song{Title: title(rng), Plays: plays(rng), By: model.RefTo[Person](pick(rng, b.persons)), Tags: tags(rng)})
		b.songs = append(b.songs, s.ID())
		return err
	case n == 4:
		_ = songs.Delete(ctx, tx, pick(rng, b.songs)) // it may be deleted, or not be stored yet
	case n == 5:
		_ = songs.Undelete(ctx, tx, pick(rng, b.songs))
	case n == 6:
		_ = persons.Delete(ctx, tx, pick(rng, b.persons))
	case n == 7:
		_ = persons.Undelete(ctx, tx, pick(rng, b.persons))
	case n == 8:
		if p, err := persons.Edit(ctx, tx, pick(rng, b.persons)); err == nil {
			p.SetName(name(rng))
			p.Set(1, model.OfID(pick(rng, b.persons)))
		}
	default:
		b.edit(tx, rng)
	}
	return nil
}

func (b *band) edit(tx *node.Tx, rng *rand.Rand) {
	s, err := songs.Edit(b.Context(), tx, pick(rng, b.songs))
	if err != nil {
		return
	}
	switch rng.IntN(5) {
	case 0:
		s.Set(0, model.OfString(title(rng)))
	case 1:
		if n := plays(rng); n != nil {
			s.Set(1, model.OfInt(int64(*n)))
		} else {
			s.Clear(1)
		}
	case 2:
		s.Set(2, model.OfID(pick(rng, b.persons)))
	case 3:
		s.Set(3, model.OfJSON(tags(rng)))
	default: // what it is
		s.Set(0, s.Field(0))
	}
}

func pick(rng *rand.Rand, ids []event.ID) event.ID {
	if len(ids) == 0 || rng.IntN(8) == 0 {
		return event.ID{}
	}
	return ids[rng.IntN(len(ids))]
}

func name(rng *rand.Rand) string { return []string{"ada", "bob", "eve", ""}[rng.IntN(4)] }

func title(rng *rand.Rand) string {
	var words []string
	for range rng.IntN(4) {
		words = append(words, []string{"red", "Red", "green", "blue", "reef"}[rng.IntN(5)])
	}
	return strings.Join(words, " ")
}

func plays(rng *rand.Rand) *int {
	if rng.IntN(4) == 0 {
		return nil
	}
	return new(rng.IntN(9))
}

func tags(rng *rand.Rand) model.JSON {
	text := []string{`null`, `[]`, `["jazz"]`, `["rock", "jazz"]`, `["jazz", "rock", 5]`, `{"mood": "blue"}`, `[1, null]`}[rng.IntN(7)]
	j, err := model.ParseJSON(text)
	if err != nil {
		panic(err)
	}
	return j
}
