package eventtest_test

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/event/eventtest"
)

const script = `
	A            # creates an entity
	B, C => [A]
	D => [B, C]

	Z            # another one
	Y => Z
`

func TestHistory(t *testing.T) {
	h := eventtest.New(t, script)
	require.Equal(t, "A\nB => [A]\nC => [A]\nD => [B, C]\nZ\nY => [Z]\n", h.String())
	require.Equal(t, h.String(), eventtest.New(t, h.String()).String())
	require.Equal(t, h.Head("C", "B"), h.Event("D").Precursors)
	require.Equal(t, "B C", h.Labels(h.Event("D").Precursors...))
	require.Equal(t, h.ID("A"), h.Event("D").Entity)
	require.Equal(t, h.ID("Z"), h.Event("Y").Entity)
	require.True(t, h.Event("A").IsCreation())
	p, err := h.Precursors(t.Context(), h.ID("B"))
	require.NoError(t, err)
	require.Equal(t, h.Head("A"), p)
	_, err = h.Precursors(t.Context(), event.ID{1})
	require.ErrorContains(t, err, "no event")
	require.Equal(t, event.ID{1}.String(), h.Labels(event.ID{1}))
}

// TestEverythingIsValid: tests may rely on events that an acceptor would take.
func TestEverythingIsValid(t *testing.T) {
	h := eventtest.New(t, script)
	log := eventtest.NewLog(t, 1)
	verifier := event.NewLogVerifier(log.Key.Public(), event.Position{})
	var last event.ID
	for _, label := range []string{"A", "B", "C", "D", "Z", "Y"} {
		require.True(t, last.Less(h.ID(label)), "IDs follow the script")
		last = h.ID(label)
		entry := log.Append(h.Transaction(label))
		require.NoError(t, entry.Validate())
		require.NoError(t, verifier.Entry(entry))
	}
	require.NoError(t, verifier.Head(log.Head(6)))
	require.NoError(t, log.Head(0).Verify())
}

func TestBruteForce(t *testing.T) {
	h := eventtest.New(t, script)
	require.Len(t, h.Ancestors(h.ID("D")), 4)
	require.Equal(t, h.Head("D"), h.HeadOf(h.ID("A"), h.ID("D"), h.ID("B")))
	require.Equal(t, event.Descends, h.Compare(h.Head("D"), h.Head("B")))
	require.Equal(t, event.Ascends, h.Compare(h.Head("A"), h.Head("B")))
	require.Equal(t, event.Concurrent, h.Compare(h.Head("C"), h.Head("B")))
	require.Equal(t, event.Equal, h.Compare(h.Head("C", "B"), h.Head("B", "C")))
	require.Equal(t, "C D", h.Labels(h.Missing(h.Head("B"), h.Head("D"))...))
}

func TestRandomIsASeedsWork(t *testing.T) {
	one := eventtest.Random(t, rand.New(eventtest.Bytes(7)), 50, 3)
	two := eventtest.Random(t, rand.New(eventtest.Bytes(7)), 50, 3)
	require.Equal(t, one.String(), two.String())
	wide := 0
	for i := range 50 {
		e := one.Event(strconv.Itoa(i))
		require.NoError(t, one.Transaction(strconv.Itoa(i)).Validate())
		require.Equal(t, one.HeadOf(e.Precursors...), e.Precursors, "precursors are a head")
		wide = max(wide, len(e.Precursors))
	}
	require.Greater(t, wide, 1, "some events join")
}

// stopped stands for a test that a misuse ends.
type stopped struct {
	testing.TB
	message string
}

func (s *stopped) Helper() {}

func (s *stopped) Fatalf(format string, args ...any) {
	s.message = format
	panic(s)
}

func TestMisuseIsReported(t *testing.T) {
	for want, misuse := range map[string]func(tb testing.TB){
		"used twice":         func(tb testing.TB) { eventtest.New(tb, "A\nA") },
		"no event":           func(tb testing.TB) { eventtest.New(tb, "A => [B]") },
		"names no precurs":   func(tb testing.TB) { eventtest.New(tb, "A =>") },
		"different entities": func(tb testing.TB) { eventtest.New(tb, "A\nB\nC => [A, B]") },
	} {
		s := new(stopped)
		require.Panics(t, func() { misuse(s) })
		require.Contains(t, s.message, want)
	}
}

func TestWall(t *testing.T) {
	w := eventtest.NewWall(eventtest.Start)
	w.Advance(-5)
	require.Equal(t, eventtest.Start.Add(-5), w.Now())
	w.Set(eventtest.Start)
	require.Equal(t, eventtest.Start, w.Now())
}
