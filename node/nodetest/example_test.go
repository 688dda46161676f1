package nodetest_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/nodetest"
)

// Entry is an entry in an account: what came, or went if it is negative.
type Entry struct {
	Account string
	Amount  int
}

// EntryView and EntryMutable are what ankgen makes of it.
type (
	EntryView    struct{ entity.View }
	EntryMutable struct{ *entity.Draft }
)

var entries = entity.NewCollection[EntryView, EntryMutable](model.NewSchema(model.Definition{
	Model: "Entry", Collection: "entries",
	Fields: []model.Field{
		{Name: "account", Go: "Account", Type: model.TypeString},
		{Name: "amount", Go: "Amount", Type: model.TypeInt, Bits: 64},
	},
}), func(e Entry) []model.Value {
	return []model.Value{model.OfString(e.Account), model.OfInt(int64(e.Amount))}
})

// bank is the application: a transfer is two entries, which are committed together.
func bank() *nodetest.App {
	limit := func(_ context.Context, a *node.Acceptance) error {
		for _, c := range a.Changes {
			if c.After.Field(1).Int() > 900 {
				return errors.New("nobody transfers more than 900")
			}
		}
		return nil
	}
	transfer := func(ctx context.Context, r *rand.Rand, s *node.Session) (node.Receipt, error) {
		tx := s.Begin()
		defer tx.Rollback()
		amount := r.IntN(1000)
		for _, e := range []Entry{{Account: "ada", Amount: -amount}, {Account: "ben", Amount: amount}} {
			if _, err := entries.Create(tx, e); err != nil {
				return node.Receipt{}, err
			}
		}
		return tx.Commit(ctx)
	}
	balanced := func(ctx context.Context, r entity.Reader) error {
		sum := int64(0)
		for e, err := range entries.Fetch(ctx, r, "") {
			if err != nil {
				return err
			}
			sum += e.Field(1).Int()
		}
		if sum != 0 {
			return fmt.Errorf("there are %d too much", sum)
		}
		return nil
	}
	return &nodetest.App{
		Models:     []*model.Schema{entries.Schema()},
		Servers:    []node.Option{node.Hooks(limit)},
		Actions:    []nodetest.Action{{Name: "transfer", Do: transfer}},
		Queries:    []nodetest.Query{{Schema: entries.Schema(), Text: "amount > 0 ORDER BY amount DESC LIMIT 5"}},
		Invariants: []nodetest.Invariant{{Name: "money neither comes nor goes", Check: balanced}},
	}
}

// TestBank is all that the application's test has to say.
func TestBank(t *testing.T) { nodetest.Run(t, bank(), nodetest.Options{}, 20) }

// A plan is what a seed stands for; Run makes and runs many. It can be narrowed down.
func Example() {
	plan := nodetest.Plan(bank(), nodetest.Options{
		Topologies: []nodetest.Topology{nodetest.Ring},
		Faults:     nodetest.Crash | nodetest.Delay,
	}, 1)
	fmt.Println(plan.Topology)
	// Output: ring
}
