package reactor

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// songs has a field of every type.
var songs = model.NewSchema(model.Definition{Model: "Song", Collection: "songs", Fields: []model.Field{
	{Name: "title", Type: model.TypeString},
	{Name: "genre", Type: model.TypeString, Optional: true},
	{Name: "score", Type: model.TypeInt},
	{Name: "plays", Type: model.TypeUint},
	{Name: "rating", Type: model.TypeFloat},
	{Name: "live", Type: model.TypeBool},
	{Name: "released", Type: model.TypeTime},
	{Name: "length", Type: model.TypeDuration, Optional: true},
	{Name: "artist", Type: model.TypeID, Optional: true},
	{Name: "cover", Type: model.TypeBytes},
	{Name: "extra", Type: model.TypeJSON},
}})

var texts = []string{"", "a", "ab", "abc", "abd", "b", "ba", "Z", "ä", "a%", "\U0010ffff", "a\U0010ffffz", "ab b", "B. Abc: ba", "b ab ab"}

var documents = []string{
	`{"n":1}`, `{"n":2.5}`, `{"n":1.0}`, `{"n":"a"}`, `{"n":"ab"}`, `{"n":true}`, `{"n":null}`, `{"n":false}`,
	`{"n":[1]}`, `{"n":18446744073709551615}`, `{"n":-9223372036854775808}`, `{"n":1e300}`, `{"n":1e19}`, `{"n":-1e18}`, `{"m":{"n":3}}`,
	`{"m":{"n":[1,"a",{"n":2}]}}`, `{"n":{}}`, `5`, `"a"`, `[2,1]`, `true`,
}

var floats = []float64{-1.5, 0, math.Copysign(0, -1), 0.5, 1, 2, math.NaN(), math.Inf(1), math.Inf(-1)}

// world is a store in memory, which publishes every change to a reactor.
type world struct {
	t       *testing.T
	rng     *rand.Rand
	reactor *Reactor
	rows    map[event.ID]*storage.Record // also the deleted ones
	ids     []event.ID
	commits int // published so far; positions are their numbers
	minted  uint64
	refills int
}

func newWorld(t *testing.T, seed uint64) *world {
	require.NoError(t, songs.Err())
	return &world{
		t: t, rng: rand.New(rand.NewPCG(seed, 7)), reactor: New(), rows: map[event.ID]*storage.Record{},
	}
}

func (w *world) mint() event.ID {
	w.minted++
	var id event.ID
	binary.BigEndian.PutUint64(id[:8], (1_700_000_000_000+w.minted)<<16|w.rng.Uint64()&0xffff)
	binary.BigEndian.PutUint64(id[8:], w.rng.Uint64())
	return id
}

// values draws a value for every field, from domains small enough that rows often agree.
func (w *world) values() map[string]model.Value {
	r := w.rng
	v := map[string]model.Value{
		"title":    model.OfString(texts[r.IntN(len(texts))]),
		"score":    model.OfInt(int64(r.IntN(7) - 3)),
		"plays":    model.OfUint(uint64(r.IntN(5))),
		"rating":   model.OfFloat(floats[r.IntN(len(floats))]),
		"live":     model.OfBool(r.IntN(2) == 0),
		"released": model.OfTime(time.UnixMicro(int64(r.IntN(4)))),
		"cover":    model.OfBytes([]byte(texts[r.IntN(len(texts))])),
		"extra":    model.OfJSON(mustJSON(documents[r.IntN(len(documents))])),
	}
	if r.IntN(10) == 0 {
		v["score"] = model.OfInt([]int64{math.MinInt64, math.MaxInt64}[r.IntN(2)])
		v["plays"] = model.OfUint(math.MaxUint64)
	}
	if r.IntN(3) > 0 {
		v["genre"] = model.OfString(texts[r.IntN(len(texts))])
	}
	if r.IntN(3) > 0 {
		v["length"] = model.OfDuration(time.Duration(r.IntN(4)))
	}
	if len(w.ids) > 0 && r.IntN(3) > 0 {
		v["artist"] = model.OfID(w.ids[r.IntN(len(w.ids))])
	}
	return v
}

func mustJSON(text string) model.JSON {
	j, err := model.ParseJSON(text)
	if err != nil {
		panic(err)
	}
	return j
}

func record(id, head event.ID, values map[string]model.Value, deleted bool) *storage.Record {
	var b model.TupleBuilder
	for name, v := range values {
		b.Set(name, v.AppendTo(nil))
	}
	h := event.Head{head}
	return &storage.Record{
		Collection: "songs",
		Row:        model.Row{ID: id, Head: h, Deleted: deleted, Values: b.Tuple()},
		Stamp:      h.Stamp(),
	}
}

// change does something to one entity that is not in done yet.
func (w *world) change(done map[event.ID]bool) Change {
	if len(w.ids) == 0 || w.rng.IntN(5) == 0 {
		id := w.mint()
		w.ids = append(w.ids, id)
		return w.put(record(id, id, w.values(), false))
	}
	id := w.ids[w.rng.IntN(len(w.ids))]
	if done[id] {
		return Change{}
	}
	before := w.rows[id]
	values := map[string]model.Value{}
	for i, f := range songs.Fields() {
		if v := songs.Value(&before.Row, i); !v.IsNull() {
			values[f.Name] = v
		}
	}
	for name, v := range w.values() {
		if w.rng.IntN(4) == 0 {
			values[name] = v
		}
	}
	deleted := before.Row.Deleted
	if w.rng.IntN(4) == 0 {
		deleted = !deleted
	}
	return w.put(record(id, w.mint(), values, deleted))
}

func (w *world) put(r *storage.Record) Change {
	before := w.rows[r.Row.ID]
	w.rows[r.Row.ID] = r
	return Change{Collection: "songs", ID: r.Row.ID, Before: before, After: r}
}

// staged is a commit that was stored but not published yet.
type staged struct {
	position int
	changes  []Change
	rows     map[event.ID]*storage.Record
}

// stage changes up to n entities.
func (w *world) stage(n int) staged {
	done := map[event.ID]bool{}
	var changes []Change
	for range n {
		if c := w.change(done); c.After != nil && !done[c.ID] {
			done[c.ID] = true
			changes = append(changes, c)
		}
	}
	w.commits++
	return staged{w.commits, changes, maps.Clone(w.rows)}
}

func (w *world) publish(s staged) {
	w.reactor.Publish(Publication{
		Position: s.position, Changes: s.changes,
		Refill: func(q *query.Checked, after *storage.Record, n int) ([]*storage.Record, error) {
			w.refills++
			return firstAfter(s.rows, q, after, n), nil
		},
	})
}

// commit changes up to n entities and publishes that.
func (w *world) commit(n int) []Change {
	s := w.stage(n)
	w.publish(s)
	return s.changes
}

// insert commits a new row.
func (w *world) insert(values map[string]model.Value) event.ID {
	id := w.mint()
	w.ids = append(w.ids, id)
	w.apply(record(id, id, values, false))
	return id
}

// apply commits records.
func (w *world) apply(records ...*storage.Record) {
	var changes []Change
	for _, r := range records {
		changes = append(changes, w.put(r))
	}
	w.commits++
	w.reactor.Publish(Publication{Position: w.commits, Changes: changes, Refill: w.refill})
}

func (w *world) refill(q *query.Checked, after *storage.Record, n int) ([]*storage.Record, error) {
	w.refills++
	return firstAfter(w.rows, q, after, n), nil
}

func firstAfter(rows map[event.ID]*storage.Record, q *query.Checked, after *storage.Record, n int) []*storage.Record {
	all := matching(rows, q)
	if after != nil {
		all = slices.DeleteFunc(all, func(r *storage.Record) bool { return q.Compare(&r.Row, &after.Row) <= 0 })
	}
	return all[:min(n, len(all))]
}

// matching evaluates everything: all rows that match, in order.
func matching(rows map[event.ID]*storage.Record, q *query.Checked) []*storage.Record {
	var all []*storage.Record
	for _, r := range rows {
		if q.Match(&r.Row) {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b *storage.Record) int { return q.Compare(&a.Row, &b.Row) })
	return all
}

// fetch is what a query that runs once returns.
func (w *world) fetch(q *query.Checked) []*storage.Record {
	all := matching(w.rows, q)
	all = all[min(q.Offset(), len(all)):]
	if n, ok := q.Limit(); ok {
		all = all[:min(n, len(all))]
	}
	return all
}

// text draws a query.
func (w *world) text() string {
	q := w.predicate(3)
	if w.rng.IntN(8) == 0 {
		q = ""
	}
	if w.rng.IntN(2) == 0 {
		columns := []string{
			"title", "genre", "score", "rating", "rating DESC", "released DESC", "length NULLS LAST", "updated DESC",
			"extra.n", "extra.m.n DESC NULLS LAST", "extra", "cover", "artist DESC", "id DESC", "live DESC",
		}
		var keys []string
		for range 1 + w.rng.IntN(2) {
			keys = append(keys, columns[w.rng.IntN(len(columns))])
		}
		q += " ORDER BY " + strings.Join(keys, ", ")
	}
	if w.rng.IntN(3) == 0 {
		q += " LIMIT " + strconv.Itoa([]int{w.rng.IntN(6), w.rng.IntN(60), 1<<30 - 1}[w.rng.IntN(8)/3])
	}
	if w.rng.IntN(5) == 0 {
		q += " OFFSET " + strconv.Itoa([]int{w.rng.IntN(4), w.rng.IntN(60), 1<<30 - 1}[w.rng.IntN(8)/3])
	}
	return strings.TrimSpace(q)
}

func (w *world) predicate(depth int) string {
	if depth > 0 {
		switch w.rng.IntN(6) {
		case 0, 1:
			return "(" + w.predicate(depth-1) + " AND " + w.predicate(depth-1) + ")"
		case 2:
			return "(" + w.predicate(depth-1) + " OR " + w.predicate(depth-1) + ")"
		case 3:
			return "NOT (" + w.predicate(depth-1) + ")"
		}
	}
	return w.leaf()
}

func (w *world) leaf() string {
	column, literal := w.column()
	op := []string{"=", "!=", "<", "<=", ">", ">="}[w.rng.IntN(6)]
	not := []string{"", "", "NOT "}[w.rng.IntN(3)]
	switch w.rng.IntN(11) {
	case 9, 10:
		return fmt.Sprintf("%s %sMATCH '%s'", []string{"title", "title", "genre", "extra.n", "extra"}[w.rng.IntN(5)], not, w.words())
	case 0:
		return fmt.Sprintf("%s IS %sNULL", column, not)
	case 1:
		return fmt.Sprintf("%s %sIN (%s, %s, %s)", column, not, literal(), literal(), literal())
	case 2:
		return fmt.Sprintf("%s %sBETWEEN %s AND %s", column, not, literal(), literal())
	case 3:
		return fmt.Sprintf("%s %sLIKE '%s'", []string{"title", "genre", "extra.n", "extra"}[w.rng.IntN(4)], not,
			[]string{"a%", "ab%", "%b", "a_", "%", "abc", "a!%%' ESCAPE '!", "\U0010ffff%"}[w.rng.IntN(8)])
	case 4:
		return []string{
			"title = genre", "score >= plays", "title != genre", "rating < score", "extra.n > score", "live", "extra.n",
		}[w.rng.IntN(7)]
	case 5:
		return fmt.Sprintf("%s = %s", column, literal())
	}
	return fmt.Sprintf("%s %s %s", column, op, literal())
}

// words draws what MATCH looks for.
func (w *world) words() string {
	var all []string
	for range 1 + w.rng.IntN(3) {
		all = append(all, []string{
			"a", "ab", "abc", "b", "BA", "a*", "ab*", "b*", `"ab b"`, `"b ab"`, `"abc b"*`, "-b", "-a*", "OR", "OR", "z",
		}[w.rng.IntN(16)])
	}
	return strings.Join(all, " ")
}

// column draws a column and how to draw a literal for it.
func (w *world) column() (string, func() string) {
	r := w.rng
	quoted := func() string { return "'" + texts[r.IntN(len(texts))] + "'" }
	all := []struct {
		name    string
		literal func() string
	}{
		{"title", quoted},
		{"genre", quoted},
		{"score", func() string {
			return []string{
				"-3", "-1", "0", "1", "1.5", "2", "9e30", "-9223372036854775808", "9223372036854775807", "NULL",
			}[r.IntN(10)]
		}},
		{"plays", func() string { return []string{"-1", "0", "1", "2.5", "3", "18446744073709551615"}[r.IntN(6)] }},
		{"rating", func() string {
			return []string{"-1.5", "0", "-0.0", "0.5", "1", "2", "'NaN'", "'Infinity'", "'-Infinity'"}[r.IntN(9)]
		}},
		{"live", func() string { return []string{"TRUE", "FALSE"}[r.IntN(2)] }},
		{"released", func() string {
			return fmt.Sprintf("'1970-01-01T00:00:00.00000%dZ'", r.IntN(4))
		}},
		{"length", func() string { return fmt.Sprintf("'%dns'", r.IntN(4)) }},
		{"artist", func() string { return w.knownID() }},
		{"id", func() string { return w.knownID() }},
		{"extra.n", func() string {
			return []string{
				"1", "2.5", "0", "'a'", "'ab'", "TRUE", "18446744073709551615", "-9e18", "1e300", "1e19", "-1000000000000000000", "10000000000000000000",
				"json'[1]'", "json'{}'",
			}[r.IntN(14)]
		}},
		{"extra.m.n", func() string { return []string{"3", "json'[1,\"a\",{\"n\":2}]'", "NULL"}[r.IntN(3)] }},
		{"extra.m.n.2.n", func() string { return []string{"2", "3"}[r.IntN(2)] }},
		{"extra", func() string { return []string{"5", "'a'", "TRUE", "json'[2, 1]'"}[r.IntN(4)] }},
		{"cover", func() string { return []string{"x''", "x'61'", "x'6162'", "x'616263646566676869'"}[r.IntN(4)] }},
	}
	c := all[r.IntN(len(all))]
	return c.name, c.literal
}

func (w *world) knownID() string {
	if len(w.ids) == 0 {
		return "'" + event.ID{1}.String() + "'"
	}
	return "'" + w.ids[w.rng.IntN(len(w.ids))].String() + "'"
}

func check(t testing.TB, text string) *query.Checked {
	q, err := query.Parse(text)
	require.NoError(t, err, "query %q", text)
	c, err := q.Check(songs)
	require.NoError(t, err, "query %q", text)
	return c
}

// draw draws a query that checks: some literals do not go with some columns.
func (w *world) draw() *query.Checked {
	for {
		q, err := query.Parse(w.text())
		require.NoError(w.t, err)
		if c, err := q.Check(songs); err == nil {
			return c
		}
	}
}
