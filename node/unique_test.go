package node_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/memory"
)

// Book is a model with unique keys: isbn, (shelf, place) and weight.
type Book struct {
	Title  string
	ISBN   string // "" for NULL, and so for the others
	Shelf  string
	Place  int
	Weight model.Value
}

type BookView struct{ entity.View }

func (v BookView) Title() string { return v.Field(0).Text() }
func (v BookView) ISBN() string  { return v.Field(1).Text() }

type BookMutable struct{ *entity.Draft }

func (m BookMutable) SetTitle(s string) { m.Set(0, model.OfString(s)) }
func (m BookMutable) SetISBN(s string)  { m.Set(1, text(s)) }
func (m BookMutable) SetShelf(s string) { m.Set(2, text(s)) }
func (m BookMutable) SetPlace(n int)    { m.Set(3, model.OfInt(int64(n))) }

func text(s string) model.Value {
	if s == "" {
		return model.Null
	}
	return model.OfString(s)
}

func bookFields() []model.Field {
	return []model.Field{
		{Name: "title", Go: "Title", Type: model.TypeString},
		{Name: "isbn", Go: "ISBN", Type: model.TypeString, Optional: true},
		{Name: "shelf", Go: "Shelf", Type: model.TypeString, Optional: true},
		{Name: "place", Go: "Place", Type: model.TypeInt},
		{Name: "weight", Go: "Weight", Type: model.TypeFloat, Optional: true},
	}
}

func defineBooks(indexes ...model.Index) *model.Schema {
	return model.NewSchema(model.Definition{Model: "Book", Collection: "books", Fields: bookFields(), Indexes: indexes})
}

var (
	byISBN   = model.Index{Name: "isbn", Columns: []model.IndexColumn{{Field: 1}}, Unique: true}
	byPlace  = model.Index{Name: "shelf_place", Columns: []model.IndexColumn{{Field: 2}, {Field: 3, Desc: true}}, Unique: true}
	byWeight = model.Index{Name: "weight", Columns: []model.IndexColumn{{Field: 4, Desc: true}}, Unique: true, Covering: true}

	bookSchema = defineBooks(byISBN, byPlace, byWeight)
)

var books = entity.NewCollection[BookView, BookMutable](bookSchema, bookValues)

func bookValues(b Book) []model.Value {
	return []model.Value{model.OfString(b.Title), text(b.ISBN), text(b.Shelf), model.OfInt(int64(b.Place)), b.Weight}
}

// library starts a node with books.
func library(t *testing.T, options ...node.Option) *fixture {
	t.Helper()
	return start(t, append(options, node.Models(bookSchema))...)
}

// tryBook tries to create a book.
func (f *fixture) tryBook(b Book) (event.ID, error) {
	f.Helper()
	tx := f.prince.Begin()
	m, err := books.Create(tx, b)
	require.NoError(f, err)
	_, err = tx.Commit(f.ctx)
	return m.ID(), err
}

func (f *fixture) book(b Book) event.ID {
	f.Helper()
	id, err := f.tryBook(b)
	require.NoError(f, err)
	return id
}

// shelve commits changes to books.
func (f *fixture) shelve(change func(tx *node.Tx) error) error {
	return f.prince.Update(f.ctx, change)
}

// setISBN is a change to one book.
func setISBN(id event.ID, isbn string) func(tx *node.Tx) error {
	return func(tx *node.Tx) error {
		m, err := books.Edit(context.Background(), tx, id)
		if err == nil {
			m.SetISBN(isbn)
		}
		return err
	}
}

func all(changes ...func(tx *node.Tx) error) func(tx *node.Tx) error {
	return func(tx *node.Tx) error {
		for _, change := range changes {
			if err := change(tx); err != nil {
				return err
			}
		}
		return nil
	}
}

func deleteBook(id event.ID) func(tx *node.Tx) error {
	return func(tx *node.Tx) error { return books.Delete(context.Background(), tx, id) }
}

func undeleteBook(id event.ID) func(tx *node.Tx) error {
	return func(tx *node.Tx) error { return books.Undelete(context.Background(), tx, id) }
}

func createBook(b Book) func(tx *node.Tx) error {
	return func(tx *node.Tx) error {
		_, err := books.Create(tx, b)
		return err
	}
}

// isbn looks books up by their key.
func (f *fixture) isbn(isbn string) []event.ID {
	f.Helper()
	list, err := books.Collect(f.ctx, f.prince, "isbn = ?", isbn)
	require.NoError(f, err)
	var ids []event.ID
	for _, b := range list {
		ids = append(ids, b.ID())
	}
	return ids
}

func TestUniqueKeyIsRefused(t *testing.T) {
	f := library(t)
	first := f.book(Book{Title: "Emma", ISBN: "1", Shelf: "a", Place: 7})
	tx := f.queen.Begin()
	m, err := books.Create(tx, Book{Title: "Persuasion", ISBN: "2", Shelf: "a", Place: 7})
	require.NoError(t, err)
	receipt, err := tx.Commit(f.ctx)
	require.ErrorIs(t, err, node.ErrDuplicate)
	require.Equal(t, node.Rejected, receipt.Status)
	require.Equal(t, err, receipt.Reason)
	var duplicate *node.DuplicateError
	require.ErrorAs(t, err, &duplicate)
	require.Equal(t, node.DuplicateError{
		Model: "Book", Collection: "books", Index: "shelf_place", Columns: []string{"shelf", "place"},
		Values: []model.Value{model.OfString("a"), model.OfInt(7)}, Entity: m.ID(), Holder: first,
	}, *duplicate)
	require.EqualError(t, err, fmt.Sprintf("duplicate: shelf = 'a', place = 7 of Book %v is that of %v", m.ID(), first))
	require.Empty(t, f.isbn("2"), "nothing of it was stored")
	again, err := f.node.Receipt(f.ctx, receipt.Transaction)
	require.NoError(t, err)
	require.Equal(t, receipt, again)

	_, err = f.tryBook(Book{ISBN: strings.Repeat("9", 1000)})
	require.NoError(t, err)
	_, err = f.tryBook(Book{ISBN: strings.Repeat("9", 1000)})
	require.ErrorIs(t, err, node.ErrDuplicate)
	require.Less(t, len(err.Error()), 300)
}

// TestWhatIsTheSameKey holds what the package comment says of values.
func TestWhatIsTheSameKey(t *testing.T) {
	weight := func(w float64) Book { return Book{Weight: model.OfFloat(w)} }
	for name, c := range map[string]struct {
		one, other Book
		same       bool
	}{
		"equal":                 {Book{ISBN: "1"}, Book{ISBN: "1"}, true},
		"NULL":                  {Book{}, Book{}, false},
		"case":                  {Book{ISBN: "x"}, Book{ISBN: "X"}, false},
		"a space":               {Book{ISBN: "x"}, Book{ISBN: "x "}, false},
		"a prefix":              {Book{ISBN: "x"}, Book{ISBN: "xx"}, false},
		"two columns":           {Book{Shelf: "a", Place: 1}, Book{Shelf: "a", Place: 1}, true},
		"a zero":                {Book{Shelf: "a"}, Book{Shelf: "a"}, true},
		"one of two columns":    {Book{Shelf: "a", Place: 1}, Book{Shelf: "a", Place: 2}, false},
		"NULL of two columns":   {Book{Place: 1}, Book{Place: 1}, false},
		"other columns":         {Book{ISBN: "a", Shelf: "b"}, Book{ISBN: "b", Shelf: "a"}, false},
		"zero and minus zero":   {weight(0), weight(math.Copysign(0, -1)), true},
		"NaN":                   {weight(math.NaN()), weight(math.NaN()), true},
		"infinities":            {weight(math.Inf(1)), weight(math.Inf(-1)), false},
		"neighbours":            {weight(1), weight(math.Nextafter(1, 2)), false},
		"equal and greatest":    {weight(math.MaxFloat64), weight(math.MaxFloat64), true},
		"columns that run over": {Book{Shelf: "a\x01", Place: 1}, Book{Shelf: "a", Place: 1}, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := library(t)
			f.book(c.one)
			_, err := f.tryBook(c.other)
			if c.same {
				require.ErrorIs(t, err, node.ErrDuplicate)
			} else {
				require.NoError(t, err)
			}
			// The other way round: by editing, within one transaction, and with
			// both in one that creates them.
			f = library(t)
			tx := f.prince.Begin()
			for _, b := range []Book{c.one, c.other} {
				_, err := books.Create(tx, b)
				require.NoError(t, err)
			}
			_, err = tx.Commit(f.ctx)
			require.Equal(t, c.same, errors.Is(err, node.ErrDuplicate), "%v", err)
		})
	}
}

func TestKeysAreGivenUp(t *testing.T) {
	f := library(t)
	one, other := f.book(Book{ISBN: "1"}), f.book(Book{ISBN: "2"})
	require.ErrorIs(t, f.shelve(setISBN(other, "1")), node.ErrDuplicate)
	require.NoError(t, f.shelve(deleteBook(one)))
	require.NoError(t, f.shelve(setISBN(other, "1")), "who is deleted has no key")
	require.ErrorIs(t, f.shelve(undeleteBook(one)), node.ErrDuplicate, "and needs it again to come back")
	require.Equal(t, []event.ID{other}, f.isbn("1"))
	require.NoError(t, f.shelve(setISBN(other, "")), "NULL is no key")
	require.NoError(t, f.shelve(undeleteBook(one)))
	require.Equal(t, []event.ID{one}, f.isbn("1"))
	require.NoError(t, f.shelve(setISBN(one, "3")))
	require.NoError(t, f.shelve(setISBN(other, "1")))
	require.ErrorIs(t, f.shelve(all(undeleteBook(one), setISBN(one, "1"))), node.ErrDuplicate)
	require.NoError(t, f.shelve(setISBN(other, "1")), "what changes nothing is no claim")
}

// TestTransactionsAreJudgedAsAWhole: only what is there in the end counts.
func TestTransactionsAreJudgedAsAWhole(t *testing.T) {
	f := library(t)
	a, b, c := f.book(Book{ISBN: "1"}), f.book(Book{ISBN: "2"}), f.book(Book{ISBN: "3"})
	require.NoError(t, f.shelve(all(setISBN(a, "2"), setISBN(b, "1"))), "two exchange their keys")
	require.Equal(t, []event.ID{b}, f.isbn("1"))
	require.Equal(t, []event.ID{a}, f.isbn("2"))
	require.NoError(t, f.shelve(all(setISBN(a, "3"), setISBN(b, "2"), setISBN(c, "1"))), "three pass them on")
	require.Equal(t, []event.ID{c}, f.isbn("1"))
	require.ErrorIs(t, f.shelve(all(setISBN(a, "1"), setISBN(b, "4"))), node.ErrDuplicate, "c keeps it")
	require.ErrorIs(t, f.shelve(all(setISBN(a, "1"), setISBN(b, "1"), setISBN(c, "5"))), node.ErrDuplicate)
	require.NoError(t, f.shelve(all(deleteBook(a), createBook(Book{ISBN: "3"}))), "one takes another's place")
	require.ErrorIs(t, f.shelve(all(undeleteBook(a), createBook(Book{ISBN: "6"}))), node.ErrDuplicate)
	require.NoError(t, f.shelve(all(undeleteBook(a), setISBN(a, "7"))))
	require.ErrorIs(t, f.shelve(all(createBook(Book{ISBN: "8"}), createBook(Book{ISBN: "8"}))), node.ErrDuplicate)
}

// TestManyWritersFightForOneKey: of those who are judged together one wins, and
// the others hear who.
func TestManyWritersFightForOneKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := library(t)
		hold := make(chan struct{})
		f.stage.commit = holding(hold)
		first := make(chan error)
		go func() { _, err := f.tryBook(Book{ISBN: "0"}); first <- err }()
		synctest.Wait() // the engine is busy, and the others gather
		var wg sync.WaitGroup
		var mu sync.Mutex
		var winners []event.ID
		lost := make(map[event.ID]int) // by the holder that losers are told of
		for range 64 {
			wg.Go(func() {
				id, err := f.tryBook(Book{ISBN: "1"})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					winners = append(winners, id)
					return
				}
				var d *node.DuplicateError
				if errors.As(err, &d) {
					lost[d.Holder]++
				}
			})
		}
		synctest.Wait()
		close(hold)
		wg.Wait()
		require.NoError(t, <-first)
		require.Len(t, winners, 1)
		require.Equal(t, map[event.ID]int{winners[0]: 63}, lost)
		require.Equal(t, winners, f.isbn("1"))
	})
}

// TestKeysOfWhatIsNotStoredYet: transactions are judged while others are being
// stored, which give keys up and take them; then nothing of those was stored after
// all, or everything.
func TestKeysOfWhatIsNotStoredYet(t *testing.T) {
	for name, lost := range map[string]bool{"stored": false, "lost at first": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := library(t)
				one := f.book(Book{ISBN: "1"})
				hold, calls := make(chan struct{}), 0
				f.stage.commit = func(_ context.Context, _ *storage.Batch, next func() error) error {
					if calls++; calls > 1 {
						return next()
					}
					<-hold
					if lost {
						return fmt.Errorf("the line went dead: %w", storage.ErrUnknown)
					}
					return next()
				}
				commit := func(change func(tx *node.Tx) error) chan error {
					done := make(chan error, 1)
					go func() { done <- f.shelve(change) }()
					synctest.Wait()
					return done
				}
				away := commit(setISBN(one, "2"))
				taken := commit(createBook(Book{ISBN: "1"}))
				refused := commit(createBook(Book{ISBN: "2"}))
				further := commit(setISBN(one, "3"))
				free := commit(createBook(Book{ISBN: "4"}))
				back := commit(setISBN(one, "2"))
				close(hold)
				require.NoError(t, <-away)
				require.NoError(t, <-taken, "its key was free by then")
				require.ErrorIs(t, <-refused, node.ErrDuplicate)
				require.NoError(t, <-further)
				require.NoError(t, <-free)
				require.NoError(t, <-back, "nobody has taken it meanwhile")
				require.Equal(t, []event.ID{one}, f.isbn("2"))
				require.Empty(t, f.isbn("3"))
			})
		})
	}
}

func TestKeysAreHeldAfterARestart(t *testing.T) {
	store := memory.NewStore()
	f := startOver(t, store, node.Models(bookSchema))
	one := f.book(Book{ISBN: "1"})
	f.stop()
	f = startOver(t, store, node.Models(bookSchema))
	_, err := f.tryBook(Book{ISBN: "1"})
	var d *node.DuplicateError
	require.ErrorAs(t, err, &d)
	require.Equal(t, one, d.Holder)
}

func TestWhatHooksAddIsJudgedToo(t *testing.T) {
	hook := func(_ context.Context, a *node.Acceptance) error {
		_, err := books.Create(a.Tx(), Book{Title: "copy", ISBN: "1"})
		return err
	}
	f := library(t, node.Hooks(hook))
	require.NoError(t, f.shelve(createBook(Book{ISBN: "2"})))
	require.ErrorIs(t, f.shelve(createBook(Book{ISBN: "3"})), node.ErrDuplicate)
	require.Empty(t, f.isbn("3"))

	// A hook that goes on with what the transaction began.
	stamp := func(_ context.Context, a *node.Acceptance) error {
		m, err := books.Edit(context.Background(), a.Tx(), a.Changes[0].Event.Entity)
		m.SetISBN("stamped " + m.View().Field(1).Text()[:1])
		return err
	}
	f = library(t, node.Hooks(stamp))
	require.NoError(t, f.shelve(createBook(Book{ISBN: "a1"})))
	require.NoError(t, f.shelve(createBook(Book{ISBN: "b1"})))
	require.ErrorIs(t, f.shelve(createBook(Book{ISBN: "a2"})), node.ErrDuplicate)
	require.NoError(t, f.shelve(createBook(Book{ISBN: "c1"})))
}

// TestDeniedComesBeforeDuplicate: who may not write learns nothing of keys.
func TestDeniedComesBeforeDuplicate(t *testing.T) {
	f := library(t, node.WithPolicy(onlyPrince{}))
	f.book(Book{ISBN: "1"})
	err := f.queen.Update(f.ctx, createBook(Book{ISBN: "1"}))
	require.ErrorIs(t, err, node.ErrDenied)
	require.NotErrorIs(t, err, node.ErrDuplicate)
}

type onlyPrince struct{}

func (onlyPrince) Read(context.Context, node.Principal, string) error { return nil }

func (onlyPrince) Accept(_ context.Context, a *node.Acceptance) error {
	if a.Principal != "prince" {
		return errors.New("not you")
	}
	return nil
}

// twins returns a store of n books, made before there was an index; the last two
// have the key of the first two, and all have large titles.
func twins(t *testing.T, n, size int) *memory.Store {
	t.Helper()
	return filled(t, defineBooks(), n, func(i int) []model.Value {
		return bookValues(Book{Title: strings.Repeat("x", size), ISBN: fmt.Sprint(i % (n - 2)), Shelf: "a", Place: i})
	})
}

// collision returns the one collision error among the indexes of a node.
func (f *fixture) collision() *node.CollisionError {
	f.Helper()
	list, err := f.node.Indexes(f.ctx)
	require.NoError(f, err)
	var found *node.CollisionError
	for _, x := range list {
		if x.Err != nil {
			require.Nil(f, found)
			require.Equal(f, "books isbn", x.Collection+" "+x.Name)
			require.ErrorAs(f, x.Err, &found)
		}
	}
	return found
}

// TestIndexOverDuplicates declares keys unique that are not.
func TestIndexOverDuplicates(t *testing.T) {
	f := startOver(t, twins(t, 5, 1), node.Models(bookSchema), node.WithLogger(quiet{}))
	err := f.node.WaitIndexes(f.ctx)
	require.ErrorIs(t, err, node.ErrDuplicate)
	var found *node.CollisionError
	require.ErrorAs(t, err, &found)
	require.Equal(t, found, f.collision())
	zero, one := f.isbn("0"), f.isbn("1")
	require.Len(t, zero, 2)
	require.Equal(t, node.CollisionError{
		Model: "Book", Collection: "books", Index: "isbn", Columns: []string{"isbn"}, Keys: 2,
		Collisions: []node.Collision{
			{Values: []model.Value{model.OfString("0")}, Entities: zero},
			{Values: []model.Value{model.OfString("1")}, Entities: one},
		},
	}, *found)
	require.EqualError(t, found, fmt.Sprintf("duplicate: isbn = '0' of Book is that of %v and %v, and so on for 2 keys in all", zero[0], zero[1]))

	first, err := books.First(f.ctx, f.prince, "isbn = ?", "0")
	require.NoError(t, err)
	require.Equal(t, zero[0], first.ID(), "the oldest")
	_, err = f.tryBook(Book{ISBN: "0"})
	require.ErrorIs(t, err, node.ErrDuplicate, "there will not be more")
	require.NoError(t, f.shelve(func(tx *node.Tx) error {
		m, err := books.Edit(f.ctx, tx, zero[1])
		m.SetTitle("Emma")
		return err
	}), "they can be edited")
	require.NoError(t, f.shelve(setISBN(zero[1], "new")), "and resolved")
	require.ErrorIs(t, f.shelve(setISBN(zero[1], "0")), node.ErrDuplicate)
	require.NoError(t, f.shelve(deleteBook(one[0])))
	require.Nil(t, f.collision())
}

func TestMoreCollisionsThanAreListed(t *testing.T) {
	store := filled(t, defineBooks(), 440, func(i int) []model.Value {
		return bookValues(Book{ISBN: fmt.Sprintf("%02d", i%min(20, 1+i/20)), Shelf: "a", Place: i})
	})
	f := startOver(t, store, node.Models(bookSchema), node.WithLogger(quiet{}))
	found := f.collision()
	require.Equal(t, 20, found.Keys)
	require.Len(t, found.Collisions, 16)
	require.Len(t, found.Collisions[0].Entities, 16)
	require.Greater(t, len(f.isbn("00")), 16)
}

// quiet is a logger for tests in which nodes complain.
type quiet struct{}

func (quiet) Info(string, ...any)  {}
func (quiet) Error(string, ...any) {}

// TestNothingIsEnforcedHalfway: transactions that were judged before an index is
// enforced are in it, and in what it reports, when it is.
func TestNothingIsEnforcedHalfway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, held, resume := pieces(40)
		f := startWith(t, s, twins(t, 60, 200_000), node.Models(bookSchema), node.WithLogger(quiet{}))
		<-held
		f.book(Book{ISBN: "0"}) // refused neither for those that are indexed
		f.book(Book{ISBN: "17"})
		hold := make(chan struct{})
		f.stage.commit = holding(hold)
		done := make(chan error)
		go func() { _, err := f.tryBook(Book{ISBN: "5"}); done <- err }()
		synctest.Wait() // it was judged, and is being stored
		close(resume)
		built := make(chan error, 1)
		go func() { built <- f.node.WaitIndexes(f.ctx) }()
		synctest.Wait()
		require.Empty(t, built, "the index is ready, and not enforced")
		close(hold)
		require.NoError(t, <-done)
		var found *node.CollisionError
		require.ErrorAs(t, <-built, &found)
		require.Equal(t, 4, found.Keys, "0, 1, 17 and 5")
		for _, isbn := range []string{"0", "5", "17", "3"} {
			_, err := f.tryBook(Book{ISBN: isbn})
			require.ErrorIs(t, err, node.ErrDuplicate)
		}
	})
}

// TestOfflineClientLosesTheRace: what a client wrote while it was cut off is
// refused when it is delivered, rolled back, and kept with the reason.
func TestOfflineClientLosesTheRace(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		models := node.Models(bookSchema)
		c := f.join("queen", models)
		c.connect()
		live, err := books.Query(c.ctx, c.session, "isbn = ?", "1")
		require.NoError(t, err)
		defer live.Close()
		synctest.Wait()
		c.link.Cut()
		synctest.Wait()
		tx := c.session.Begin()
		m, err := books.Create(tx, Book{Title: "Emma", ISBN: "1"})
		require.NoError(t, err)
		r, err := tx.Commit(c.ctx)
		require.NoError(t, err)
		require.Equal(t, node.Pending, r.Status)
		require.Equal(t, 1, live.Items().Len(), "the client does not know better")
		winner := f.book(Book{Title: "Persuasion", ISBN: "1"})
		c.link.Mend()
		r = c.outcome(r)
		require.Equal(t, node.Rejected, r.Status)
		require.ErrorIs(t, r.Reason, node.ErrDuplicate)
		require.ErrorContains(t, r.Reason, fmt.Sprintf("isbn = '1' of Book %v is that of %v", m.ID(), winner))
		synctest.Wait()
		require.Equal(t, 1, live.Items().Len())
		require.Equal(t, winner, live.Items().At(0).ID())
		check := func() {
			list := c.ledger()
			require.Len(t, list, 1)
			require.Equal(t, wire.CodeUniqueness, list[0].Code)
			require.ErrorIs(t, list[0].Reason, node.ErrDuplicate)
			require.Equal(t, m.ID(), list[0].Content.Events[0].Entity, "nothing of it is lost")
		}
		check()
		live.Close()
		c.restart(models)
		check()
	}, node.Models(bookSchema))
}

// oracle decides what is a duplicate with a map, from what the policy is shown.
type oracle struct {
	holders map[string]event.ID // of every key
	next    map[string]event.ID // after the transaction at hand
	refuse  bool
}

// keysOf writes the keys of a book down.
func bookKeys(v entity.View) []string {
	if v.IsZero() || v.Deleted() {
		return nil
	}
	var keys []string
	if isbn := v.Field(1); !isbn.IsNull() {
		keys = append(keys, "isbn "+isbn.Text())
	}
	if shelf := v.Field(2); !shelf.IsNull() {
		keys = append(keys, fmt.Sprintf("place %q %d", shelf.Text(), v.Field(3).Int()))
	}
	return keys
}

func (*oracle) Read(context.Context, node.Principal, string) error { return nil }

func (o *oracle) Accept(_ context.Context, a *node.Acceptance) error {
	o.next, o.refuse = make(map[string]event.ID), false
	for key, id := range o.holders {
		o.next[key] = id
	}
	for _, c := range a.Changes {
		for _, key := range bookKeys(c.Before) {
			delete(o.next, key)
		}
	}
	for _, c := range a.Changes {
		for _, key := range bookKeys(c.After) {
			if _, taken := o.next[key]; taken {
				o.refuse = true
			}
			o.next[key] = c.Event.Entity
		}
	}
	return nil
}

// TestUniqueAgainstAMap commits transactions that were begun at various times, and
// compares what becomes of each with a map of all keys.
func TestUniqueAgainstAMap(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			o := &oracle{holders: make(map[string]event.ID)}
			store := memory.NewStore()
			options := []node.Option{node.Models(bookSchema), node.WithPolicy(o)}
			f := startOver(t, store, options...)
			g := &shelver{fixture: f, rng: rand.New(rand.NewPCG(seed, 7))}
			accepted, refused := 0, 0
			for range 600 {
				if g.rng.IntN(60) == 0 {
					f.stop()
					f = startOver(t, store, options...)
					g.fixture, g.open = f, nil
				}
				if len(g.open) < 4 && g.rng.IntN(2) == 0 {
					g.open = append(g.open, g.begin())
					continue
				}
				tx := g.begin()
				if n := len(g.open); n > 0 && g.rng.IntN(2) == 0 {
					tx.Rollback()
					tx, g.open = g.open[0], g.open[1:]
				}
				o.next = nil
				_, err := tx.Commit(f.ctx)
				if errors.Is(err, entity.ErrDeleted) || o.next == nil {
					continue // nothing was judged
				}
				require.Equal(t, o.refuse, errors.Is(err, node.ErrDuplicate), "seed %d: %v", seed, err)
				if err == nil {
					o.holders = o.next
					accepted++
				} else {
					refused++
				}
			}
			require.Greater(t, accepted, 60)
			require.Greater(t, refused, 60)
			for key, id := range o.holders {
				v, err := books.Get(f.ctx, f.prince, id)
				require.NoError(t, err)
				require.Contains(t, bookKeys(v.View), key)
			}
		})
	}
}

// shelver makes up transactions.
type shelver struct {
	*fixture
	rng  *rand.Rand
	ids  []event.ID
	open []*node.Tx
}

// begin makes a transaction that changes a few books.
func (g *shelver) begin() *node.Tx {
	tx := g.prince.Begin()
	for range 1 + g.rng.IntN(2) {
		isbn, shelf := fmt.Sprint(g.rng.IntN(24)), []string{"", "a", "b"}[g.rng.IntN(3)]
		if len(g.ids) < 6 || g.rng.IntN(4) == 0 {
			m, err := books.Create(tx, Book{ISBN: isbn, Shelf: shelf, Place: g.rng.IntN(10)})
			require.NoError(g, err)
			g.ids = append(g.ids, m.ID())
			continue
		}
		id := g.ids[g.rng.IntN(len(g.ids))]
		switch m, err := books.Edit(g.ctx, tx, id); {
		case errors.Is(err, entity.ErrNotFound):
			g.ids = slices.DeleteFunc(g.ids, func(other event.ID) bool { return other == id })
		case errors.Is(err, entity.ErrDeleted):
			require.NoError(g, books.Undelete(g.ctx, tx, id))
		case g.rng.IntN(5) == 0:
			require.NoError(g, books.Delete(g.ctx, tx, id))
		case g.rng.IntN(2) == 0:
			m.SetISBN(isbn)
		default:
			m.SetShelf(shelf)
			m.SetPlace(g.rng.IntN(10))
		}
	}
	return tx
}

// TestManyWritersOfManyKeys lets writers move books around, and then looks for two
// with one key.
func TestManyWritersOfManyKeys(t *testing.T) {
	f := library(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var ids []event.ID
	won := 0
	for writer := range 8 {
		rng := rand.New(rand.NewPCG(uint64(writer), 11))
		wg.Go(func() {
			for range 60 {
				isbn := fmt.Sprint(rng.IntN(10))
				mu.Lock()
				var id event.ID
				if len(ids) > 0 && rng.IntN(3) > 0 {
					id = ids[rng.IntN(len(ids))]
				}
				mu.Unlock()
				err := f.shelve(func(tx *node.Tx) error {
					if id.IsZero() {
						m, err := books.Create(tx, Book{ISBN: isbn})
						mu.Lock()
						defer mu.Unlock()
						ids = append(ids, m.ID())
						return err
					}
					return setISBN(id, isbn)(tx)
				})
				mu.Lock()
				if err == nil {
					won++
				} else if !errors.Is(err, node.ErrDuplicate) && !errors.Is(err, entity.ErrNotFound) {
					t.Errorf("%v", err)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	require.Positive(t, won)
	require.Nil(t, f.collision())
	for isbn := range 10 {
		require.LessOrEqual(t, len(f.isbn(fmt.Sprint(isbn))), 1)
	}
}
