package node

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// A unique index is one in which no two entities may have the same key: no two may
// agree in all its columns. An entity that is deleted, or NULL in one of the
// columns, has no key.
//
// To accept a transaction is to put keys where they were absent. That they were is
// judged by the committer, which sees everything that was accepted before, be it
// stored yet or not; that nothing else is stored in between is what the batch's
// Expect makes sure of. So the engine has nothing to compare.
//
//   - U1. A transaction is judged as a whole, by what every entity is before it
//     and after it. So two entities can exchange their keys.
//   - U2. Only a key that an entity did not have before can be refused. So an
//     entity that shares its key with another, from the time before the index,
//     can be edited in all other respects.
//   - U3. An index is enforced from a moment on at which it is ready and nothing
//     is prepared that was judged without it (building.enforce).

// uniqueIndex is a unique index that is enforced.
type uniqueIndex struct {
	schema   *model.Schema
	position int
	prefix   []byte // tells its keys from those of other indexes
}

// uniqueIndexes are the unique indexes that are enforced, by collection.
type uniqueIndexes map[string][]*uniqueIndex

// with returns the indexes with some more.
func (u uniqueIndexes) with(list []*uniqueIndex) uniqueIndexes {
	more := maps.Clone(u)
	if more == nil {
		more = make(uniqueIndexes)
	}
	for _, x := range list {
		name := x.schema.Collection()
		more[name] = append(slices.Clip(more[name]), x)
	}
	return more
}

// succeed returns the indexes after a schema took the place of another one, nil if there
// was none. Those that are in both stay enforced; the others that the new one has are
// wanted.
func (u uniqueIndexes) succeed(old, s *model.Schema) (next uniqueIndexes, wanted []*uniqueIndex) {
	var kept []*uniqueIndex
	for _, x := range uniqueOf(s) {
		enforced := slices.ContainsFunc(u[s.Collection()], func(was *uniqueIndex) bool {
			return was.schema == old && was.position == x.position && slices.Equal(was.definition().Columns, x.definition().Columns)
		})
		if enforced {
			kept = append(kept, x)
		} else {
			wanted = append(wanted, x)
		}
	}
	next = maps.Clone(u)
	delete(next, s.Collection())
	return next.with(kept), wanted
}

func newUniqueIndex(s *model.Schema, position int) *uniqueIndex {
	return &uniqueIndex{schema: s, position: position, prefix: fmt.Appendf(nil, "%s %d ", s.Collection(), position)}
}

// definition is what the schema says of the index.
func (x *uniqueIndex) definition() *model.Index { return &x.schema.Indexes()[x.position] }

// appendKey appends the key of a record, and reports whether it has one.
func (x *uniqueIndex) appendKey(b []byte, r *storage.Record) ([]byte, bool) {
	if r == nil || r.Row.Deleted {
		return b, false
	}
	for _, c := range x.definition().Columns {
		if x.schema.Value(&r.Row, c.Field).IsNull() {
			return b, false
		}
	}
	return x.schema.AppendIndexKey(append(b, x.prefix...), x.position, &r.Row), true
}

// claim finds out what keys the transaction gives to whom, and refuses it if
// another entity has one of them. b is the batch that it is to be part of.
func (j *judgement) claim(b *batch) error {
	for _, c := range j.outcomes() {
		for _, x := range j.unique[c.after.Collection] {
			if err := j.claimOne(b, x, &c); err != nil {
				return err
			}
		}
	}
	return nil
}

// outcomes are the changes, with those of one entity joined.
func (j *judgement) outcomes() []change {
	if len(j.changes) == 1 {
		return j.changes
	}
	list := make([]change, 0, len(j.changes))
	at := make(map[event.ID]int, len(j.changes))
	for _, c := range j.changes {
		if i, again := at[c.event.Entity]; again {
			list[i].after = c.after
			continue
		}
		at[c.event.Entity] = len(list)
		list = append(list, c)
	}
	return list
}

func (j *judgement) claimOne(b *batch, x *uniqueIndex, c *change) error {
	var room [2][96]byte
	now, has := x.appendKey(room[0][:0], c.after)
	if !has {
		return nil
	}
	if before, had := x.appendKey(room[1][:0], c.before); had && string(before) == string(now) {
		return nil
	}
	key := string(now)
	if other, taken := j.claims[key]; taken {
		return x.duplicate(c.after, other)
	}
	for id, err := range j.candidates(b, x, c.after, key) {
		if err != nil {
			return undecided{err}
		}
		if id == c.after.Row.ID {
			continue
		}
		held, err := j.holds(x, id, key)
		if err != nil {
			return undecided{err}
		}
		if held {
			return x.duplicate(c.after, id)
		}
	}
	if j.claims == nil {
		j.claims = make(map[string]event.ID)
	}
	j.claims[key] = c.after.Row.ID
	return nil
}

// candidates yields the entities that may have a key: who was given it by
// something that is not stored yet, and who has it in the store.
func (j *judgement) candidates(b *batch, x *uniqueIndex, r *storage.Record, key string) iter.Seq2[event.ID, error] {
	return func(yield func(event.ID, error) bool) {
		if id, ok := b.claimed[key]; ok && !yield(id, nil) {
			return
		}
		for _, earlier := range j.unfinished {
			if id, ok := earlier.claimed[key]; ok && !yield(id, nil) {
				return
			}
		}
		s, err := j.view()
		if err != nil {
			yield(event.ID{}, err)
			return
		}
		q, err := x.same(r)
		if err != nil {
			yield(event.ID{}, err)
			return
		}
		for r, err := range selectFrom(j.ctx, s, q) {
			if err != nil {
				yield(event.ID{}, err)
				return
			}
			if !yield(r.Row.ID, nil) {
				return
			}
		}
	}
}

// holds reports whether an entity has a key, as the transaction would leave it.
func (j *judgement) holds(x *uniqueIndex, id event.ID, key string) (bool, error) {
	r, err := j.record(x.schema.Collection(), id)
	if err != nil {
		return false, err
	}
	var room [96]byte
	found, has := x.appendKey(room[:0], r)
	return has && string(found) == key, nil
}

// same is the query for all that agree with a record in the columns of the index.
func (x *uniqueIndex) same(r *storage.Record) (*query.Checked, error) {
	var equal []query.Expr
	for _, c := range x.definition().Columns {
		equal = append(equal, &query.CompareExpr{
			Op: query.Eq, X: x.column(c), Y: &query.LiteralExpr{Value: x.schema.Value(&r.Row, c.Field)},
		})
	}
	return (&query.Query{Where: query.Conjunction(equal...)}).Check(x.schema)
}

func (x *uniqueIndex) column(c model.IndexColumn) *query.ColumnExpr {
	return &query.ColumnExpr{Path: []string{x.schema.Column(c.Field).Name}}
}

func (x *uniqueIndex) duplicate(r *storage.Record, holder event.ID) error {
	d := &DuplicateError{
		Model: x.schema.Model(), Collection: x.schema.Collection(), Index: x.definition().Name, Entity: r.Row.ID, Holder: holder,
	}
	d.Columns, d.Values = x.describe(r)
	return d
}

// describe names the columns of the index and what a record has in them.
func (x *uniqueIndex) describe(r *storage.Record) (columns []string, values []model.Value) {
	for _, c := range x.definition().Columns {
		columns = append(columns, x.schema.Column(c.Field).Name)
		values = append(values, x.schema.Value(&r.Row, c.Field))
	}
	return columns, values
}

// A DuplicateError refuses a transaction because it would give an entity a key
// that another one has in a unique index. errors.Is(err, ErrDuplicate) holds for it.
type DuplicateError struct {
	Model, Collection string
	Index             string        // its name
	Columns           []string      // of the index
	Values            []model.Value // what was to be in them
	Entity            event.ID      // that was to have them
	Holder            event.ID      // that has them; it may be one of the same transaction
}

// Error implements error.
func (e *DuplicateError) Error() string {
	return fmt.Sprintf("duplicate: %s of %s %v is that of %v", pairs(e.Columns, e.Values), e.Model, e.Entity, e.Holder)
}

// Is makes errors.Is find [ErrDuplicate].
func (e *DuplicateError) Is(target error) bool { return target == ErrDuplicate }

// pairs writes columns and their values like "artist = 'Prince', year = 1986".
func pairs(columns []string, values []model.Value) string {
	var b strings.Builder
	for i, name := range columns {
		if i > 0 {
			b.WriteString(", ")
		}
		text := values[i].String()
		if len(text) > mostValue {
			text = strings.ToValidUTF8(text[:mostValue], "") + "..."
		}
		b.WriteString(name + " = " + text)
	}
	return b.String()
}

// mostValue is how many bytes of a value a message shows.
const mostValue = 64

// The size of a CollisionError.
const (
	mostCollisions = 16 // keys
	mostHolders    = 16 // of each
)

// A CollisionError tells of entities that agree in the columns of a unique index:
// they were there before the index, or came from another node's log.
// errors.Is(err, ErrDuplicate) holds for it.
type CollisionError struct {
	Model, Collection string
	Index             string // its name
	Columns           []string
	Keys              int         // that several entities have
	Collisions        []Collision // the first 16 of them, in the order of the index
}

// A Collision is a key that several entities have.
type Collision struct {
	Values   []model.Value
	Entities []event.ID // the oldest 16 that have it
}

// Error implements error. It names the first collision only.
func (e *CollisionError) Error() string {
	first := &e.Collisions[0]
	text := fmt.Sprintf("duplicate: %s of %s is that of %v and %v", pairs(e.Columns, first.Values), e.Model,
		first.Entities[0], first.Entities[1])
	if e.Keys > 1 {
		text += fmt.Sprintf(", and so on for %d keys in all", e.Keys)
	}
	return text
}

// Is makes errors.Is find [ErrDuplicate].
func (e *CollisionError) Is(target error) bool { return target == ErrDuplicate }

// collisions reads through a unique index, which is ready in the snapshot, and
// returns what collides in it; nil if nothing does.
func (x *uniqueIndex) collisions(ctx context.Context, s storage.Snapshot) (*CollisionError, error) {
	ordered := &query.Query{}
	for _, c := range x.definition().Columns {
		ordered.Order = append(ordered.Order, query.OrderTerm{X: x.column(c), Desc: c.Desc})
	}
	q, err := ordered.Check(x.schema)
	if err != nil {
		return nil, err
	}
	found := &CollisionError{Model: x.schema.Model(), Collection: x.schema.Collection(), Index: x.definition().Name}
	var last []byte
	var first *storage.Record // with that key
	holders := 0
	for r, err := range s.Select(ctx, storage.Plan(ctx, s, q)) {
		if err != nil {
			return nil, err
		}
		key, has := x.appendKey(nil, r)
		if !has {
			continue
		}
		if string(key) != string(last) || first == nil {
			last, first, holders = key, r, 1
			continue
		}
		if holders++; holders == 2 {
			found.add(x, first)
		}
		found.join(r.Row.ID)
	}
	if found.Keys == 0 {
		return nil, nil
	}
	return found, nil
}

// add begins another collision with its first entity.
func (e *CollisionError) add(x *uniqueIndex, r *storage.Record) {
	if e.Keys++; e.Keys > mostCollisions {
		return
	}
	c := Collision{Entities: []event.ID{r.Row.ID}}
	e.Columns, c.Values = x.describe(r)
	e.Collisions = append(e.Collisions, c)
}

// join adds an entity to the collision that was begun last.
func (e *CollisionError) join(id event.ID) {
	if e.Keys > mostCollisions {
		return
	}
	if c := &e.Collisions[len(e.Collisions)-1]; len(c.Entities) < mostHolders {
		c.Entities = append(c.Entities, id)
	}
}
