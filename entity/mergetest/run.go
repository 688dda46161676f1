package mergetest

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// Run tries every law on the subject, in a subtest each.
func Run(t *testing.T, s Subject) {
	for _, l := range laws {
		t.Run(l.name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				tr := newTrial(s, drawn{rt})
				if err := l.check(tr); err != nil {
					rt.Fatalf("%s\n%v\nhistory:\n%s", l.why, err, tr.h)
				}
			})
		})
	}
}

// drawn draws from rapid, which shrinks what it drew.
type drawn struct{ *rapid.T }

func (d drawn) pick(n int) int { return rapid.IntRange(0, n-1).Draw(d.T, "") }

// seeded draws from a generator.
type seeded struct{ *rand.Rand }

func (s seeded) pick(n int) int { return s.IntN(n) }

// Random draws a history, for tests of what histories are given to.
func Random(rng *rand.Rand) *History { return generate(seeded{rng}) }

// Violations tries every law on the given number of histories, all drawn from
// seed, and returns for each law that is broken the first way in which it is. It
// is how the suite is tested: with subjects that are broken on purpose.
func Violations(s Subject, seed uint64, histories int) map[string]error {
	broken := make(map[string]error)
	for n := range histories {
		for i, l := range laws {
			if broken[l.name] != nil {
				continue
			}
			tr := newTrial(s, seeded{rand.New(rand.NewPCG(seed, uint64(n*len(laws)+i)))})
			if err := l.check(tr); err != nil {
				broken[l.name] = fmt.Errorf("seed %d, history %d: %s: %w\nhistory:\n%s", seed, n, l.why, err, tr.h)
			}
		}
	}
	return broken
}
