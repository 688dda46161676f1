package nodetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/node"
)

// TestSeedsReplay runs seeds twice. Not all traces are the same, as Go's scheduler is not
// the seed's; that most are is what makes failures come again.
func TestSeedsReplay(t *testing.T) {
	app := testApp()
	const seeds = 24
	equal := 0
	for seed := range uint64(seeds) {
		a, b := Plan(app, Options{}, seed).Run(t, app), Plan(app, Options{}, seed).Run(t, app)
		if a.Trace.Digest() == b.Trace.Digest() {
			equal++
		}
	}
	t.Logf("%d of %d seeds had the same trace twice", equal, seeds)
	require.Greater(t, equal, seeds*3/4)
}

// TestSchedulesAreMadeFromTheSeed and from nothing else.
func TestSchedulesAreMadeFromTheSeed(t *testing.T) {
	app := testApp()
	for seed := range uint64(50) {
		a, b := Plan(app, Options{}, seed), Plan(app, Options{}, seed)
		require.Equal(t, a, b)
		require.Equal(t, a.list(app), b.list(app))
	}
	require.NotEqual(t, Plan(app, Options{}, 1).list(app), Plan(app, Options{}, 2).list(app))
}

// TestOptionsAreKept by the schedules of all seeds.
func TestOptionsAreKept(t *testing.T) {
	app := testApp()
	for seed := range uint64(100) {
		s := Plan(app, Options{Topologies: []Topology{Ring}, Clients: -1, Steps: 30, Faults: Crash | Delay}, seed)
		require.Equal(t, Ring, s.Topology)
		require.Empty(t, s.homes)
		require.LessOrEqual(t, len(s.steps), 30)
		require.Zero(t, s.Faults&^(Crash|Delay))
		s = Plan(app, Options{Faults: NoFaults}, seed)
		require.Zero(t, s.Faults)
		for _, st := range s.steps {
			require.Contains(t, []deed{doAct, doWatch, doRequery, doLook, doCarry}, st.deed)
		}
	}
}

// TestFailuresShrink to the steps that it takes.
func TestFailuresShrink(t *testing.T) {
	app := testApp()
	app.Actions = append(app.Actions, Action{Name: "break the rule", Weight: 2, Do: breakTheRule})
	for seed := range uint64(enoughSeeds) {
		s := Plan(app, Options{}, seed)
		if len(s.run(t, app, seams{}).Failures) == 0 {
			continue
		}
		small, why, _ := shrink(t, app, s, seams{})
		require.NotEmpty(t, why.Failures)
		require.LessOrEqual(t, len(small.steps), 3, "a pair, and half of it:\n%s", small.list(app))
		numbers, err := parseNumbers(small.numbers())
		require.NoError(t, err)
		again := Plan(app, Options{}, seed).only(func(n int) bool { return numbers[n] })
		require.Equal(t, small.list(app), again.list(app), "what is printed is what is run again")
		return
	}
	require.Fail(t, "nothing has failed")
}

// breakTheRule gives half a pair another tag.
func breakTheRule(ctx context.Context, r *rand.Rand, s *node.Session) (node.Receipt, error) {
	v, err := pick(ctx, r, s)
	if err != nil || v.IsZero() {
		return node.Receipt{}, err
	}
	tx := s.Begin()
	defer tx.Rollback()
	return node.Receipt{}, errors.Join(setTag(ctx, tx, v, -1), commit(ctx, tx))
}

func commit(ctx context.Context, tx *node.Tx) error {
	_, err := tx.Commit(ctx)
	return err
}

// TestUnexpectedErrorsOfActionsFail, those that the app expects do not.
func TestUnexpectedErrorsOfActionsFail(t *testing.T) {
	odd := errors.New("odd")
	app := &App{
		Models: testApp().Models,
		Actions: []Action{{Name: "fail", Do: func(context.Context, *rand.Rand, *node.Session) (node.Receipt, error) {
			return node.Receipt{}, odd
		}}},
	}
	s := Plan(app, Options{Topologies: []Topology{Single}, Faults: NoFaults}, 1)
	require.NotEmpty(t, s.Run(t, app).Failures)
	app.Expected = func(err error) bool { return errors.Is(err, odd) }
	require.Empty(t, s.Run(t, app).Failures)
}

// TestInvariantsAreCheckedInThePast too: what nobody looked at in time is still found.
func TestInvariantsAreCheckedInThePast(t *testing.T) {
	app := testApp()
	app.Invariants = []Invariant{{Name: "there are at most two halves", Check: func(ctx context.Context, r entity.Reader) error {
		if _, now := r.(*node.Session); now {
			return nil
		}
		n, err := halves.Count(ctx, r, "")
		if err == nil && n > 2 {
			err = errors.New("there are more")
		}
		return err
	}}}
	o := Plan(app, Options{Faults: NoFaults}, 1).Run(t, app)
	require.NotEmpty(t, o.Failures)
	require.Equal(t, "there are at most two halves", o.Failures[0].Invariant)
}

func TestNumbersOfStepsAreRead(t *testing.T) {
	got, err := parseNumbers("3,7-9")
	require.NoError(t, err)
	require.Equal(t, map[int]bool{3: true, 7: true, 8: true, 9: true}, got)
	for _, wrong := range []string{"", "a", "1,,2", "1-b"} {
		_, err = parseNumbers(wrong)
		require.Error(t, err, wrong)
	}
}
