package nodetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
)

// half is one of the two halves of a pair, which are created and tagged together: who sees
// two tags has seen half a transaction.
type half struct {
	Pair, Tag int
	Note      string
}

type (
	halfView    struct{ entity.View }
	halfMutable struct{ *entity.Draft }
)

func (v halfView) Pair() int64 { return v.Field(0).Int() }
func (v halfView) Tag() int64  { return v.Field(1).Int() }

func (m halfMutable) SetTag(tag int)      { m.Set(1, model.OfInt(int64(tag))) }
func (m halfMutable) SetNote(text string) { m.Set(2, model.OfString(text)) }

var halfSchema = model.NewSchema(model.Definition{
	Model: "Half", Collection: "halves",
	Fields: []model.Field{
		{Name: "pair", Go: "Pair", Type: model.TypeInt, Bits: 64},
		{Name: "tag", Go: "Tag", Type: model.TypeInt, Bits: 64},
		{Name: "note", Go: "Note", Type: model.TypeString},
	},
	Indexes: []model.Index{{Name: "tag", Columns: []model.IndexColumn{{Field: 1}}}},
})

var halves = entity.NewCollection[halfView, halfMutable](halfSchema, func(h half) []model.Value {
	return []model.Value{model.OfInt(int64(h.Pair)), model.OfInt(int64(h.Tag)), model.OfString(h.Note)}
})

var errBadNote = errors.New("that is no note")

// testApp is the application of this package's own tests.
func testApp() *App {
	return &App{
		Models:  []*model.Schema{halfSchema},
		Servers: []node.Option{node.Hooks(refuseBadNotes)},
		Actions: []Action{
			{Name: "create a pair", Weight: 2, Do: createPair},
			{Name: "tag a pair", Weight: 4, Do: tagPair},
			{Name: "write a note", Weight: 3, Do: writeNote},
			{Name: "delete a pair", Do: deletePair},
			{Name: "try again", Weight: 2, Do: tryAgain},
		},
		Queries: []Query{
			{Schema: halfSchema, Text: "ORDER BY pair", Check: viewsAgree},
			{Schema: halfSchema, Text: "tag > ? ORDER BY tag DESC LIMIT 3", Args: []any{500}},
			{Schema: halfSchema, Text: "note LIKE 'n%' ORDER BY note LIMIT 4 OFFSET 1"},
			{Schema: halfSchema, Text: "tag < 300 AND note != 'bad'"},
		},
		Expected:   func(err error) bool { return errors.Is(err, node.ErrUnknownTransaction) },
		Invariants: []Invariant{{Name: "the halves of a pair have one tag", Check: pairsAgree}},
	}
}

// refuseBadNotes is a hook.
func refuseBadNotes(_ context.Context, a *node.Acceptance) error {
	for _, c := range a.Changes {
		if c.After.Field(2).Text() == "bad" {
			return errBadNote
		}
	}
	return nil
}

func createPair(ctx context.Context, r *rand.Rand, s *node.Session) (node.Receipt, error) {
	tx := s.Begin()
	defer tx.Rollback()
	h := half{Pair: r.IntN(1 << 30), Tag: r.IntN(1000)}
	for range 2 {
		if _, err := halves.Create(tx, h); err != nil {
			return node.Receipt{}, err
		}
	}
	return tx.Commit(ctx)
}

// pick chooses a half, none if there are none. The newest are chosen most.
func pick(ctx context.Context, r *rand.Rand, s *node.Session) (halfView, error) {
	list, err := halves.Collect(ctx, s, "ORDER BY id DESC")
	if err != nil || len(list) == 0 {
		return halfView{}, err
	}
	return list[r.IntN(min(len(list), 1+r.IntN(8)))], nil
}

// pickPair chooses a pair, nothing if there are none.
func pickPair(ctx context.Context, r *rand.Rand, s *node.Session) ([]halfView, error) {
	v, err := pick(ctx, r, s)
	if err != nil || v.IsZero() {
		return nil, err
	}
	return halves.Collect(ctx, s, "pair = ?", v.Pair())
}

func tagPair(ctx context.Context, r *rand.Rand, s *node.Session) (node.Receipt, error) {
	if r.IntN(2) == 0 {
		s = s.Local()
	}
	pair, err := pickPair(ctx, r, s)
	if err != nil || len(pair) != 2 { // of a pair, a client may hold a half
		return node.Receipt{}, err
	}
	tx := s.Begin()
	defer tx.Rollback()
	tag := r.IntN(1000)
	for _, v := range pair {
		if err := setTag(ctx, tx, v, tag); err != nil {
			return node.Receipt{}, err
		}
	}
	return tx.Commit(ctx)
}

func setTag(ctx context.Context, tx *node.Tx, v halfView, tag int) error {
	m, err := halves.Edit(ctx, tx, v.ID())
	if err == nil {
		m.SetTag(tag)
	}
	return err
}

// writeNote changes one half; one of three notes is refused.
func writeNote(ctx context.Context, r *rand.Rand, s *node.Session) (node.Receipt, error) {
	v, err := pick(ctx, r, s)
	if err != nil || v.IsZero() {
		return node.Receipt{}, err
	}
	tx := s.Begin()
	defer tx.Rollback()
	m, err := halves.Edit(ctx, tx, v.ID())
	if err != nil {
		return node.Receipt{}, err
	}
	if text := fmt.Sprint("n", r.IntN(1000)); r.IntN(3) > 0 {
		m.SetNote(text)
	} else {
		m.SetNote("bad")
	}
	return tx.Commit(ctx)
}

func deletePair(ctx context.Context, r *rand.Rand, s *node.Session) (node.Receipt, error) {
	pair, err := pickPair(ctx, r, s)
	if err != nil || len(pair) != 2 {
		return node.Receipt{}, err
	}
	tx := s.Begin()
	defer tx.Rollback()
	for _, v := range pair {
		if err := halves.Delete(ctx, tx, v.ID()); err != nil {
			return node.Receipt{}, err
		}
	}
	return tx.Commit(ctx)
}

// tryAgain commits a transaction of a client anew that was refused, without its bad note.
func tryAgain(ctx context.Context, r *rand.Rand, s *node.Session) (node.Receipt, error) {
	var refused []node.LedgerEntry
	for entry, err := range s.Node().Ledger(ctx) {
		if errors.Is(err, node.ErrDurable) {
			return node.Receipt{}, nil
		}
		if err != nil {
			return node.Receipt{}, err
		}
		if entry.Status == node.Rejected {
			refused = append(refused, entry)
		}
	}
	if len(refused) == 0 {
		return node.Receipt{}, nil
	}
	entry := refused[r.IntN(len(refused))]
	tx, err := s.Resubmit(ctx, entry.Transaction)
	if err != nil {
		return node.Receipt{}, err
	}
	defer tx.Rollback()
	for _, e := range entry.Content.Events {
		m, err := halves.Edit(ctx, tx, e.Entity)
		if err != nil {
			return node.Receipt{}, err
		}
		if m.View().Field(2).Text() == "bad" {
			m.SetNote("none")
		}
	}
	return tx.Commit(ctx)
}

// pairsAgree is the invariant.
func pairsAgree(ctx context.Context, r entity.Reader) error {
	list, err := halves.Collect(ctx, r, "")
	if err != nil {
		return err
	}
	return agree(list)
}

// viewsAgree is the invariant, for a live query of all pairs.
func viewsAgree(items []entity.View) error {
	list := make([]halfView, len(items))
	for i, v := range items {
		list[i] = halfView{v}
	}
	return agree(list)
}

func agree(list []halfView) error {
	pairs := make(map[int64][]halfView)
	for _, v := range list {
		pairs[v.Pair()] = append(pairs[v.Pair()], v)
	}
	for pair, of := range pairs {
		switch {
		case len(of) == 1 && len(of[0].Pending()) > 0:
			// The pair was deleted elsewhere; the client shows what it has changed of it until
			// that is decided.
		case len(of) != 2:
			return fmt.Errorf("pair %d has %d halves", pair, len(of))
		case of[0].Tag() != of[1].Tag():
			return fmt.Errorf("pair %d has tags %d and %d", pair, of[0].Tag(), of[1].Tag())
		}
	}
	return nil
}
