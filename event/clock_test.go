package event_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/event/eventtest"
)

// bits is a source of randomness that yields one byte for ever.
type bits byte

func (b bits) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(b)
	}
	return len(p), nil
}

// clockAt returns a clock at eventtest.Start whose random bits are all zero or
// all one, and its wall.
func clockAt(random bits) (*event.Clock, *eventtest.Wall) {
	wall := eventtest.NewWall(eventtest.Start)
	return event.NewClock(event.ClockOptions{Now: wall.Now, Rand: random}), wall
}

func mint(t require.TestingT, c *event.Clock, precursors ...event.ID) event.ID {
	id, err := c.Mint(precursors...)
	require.NoError(t, err)
	return id
}

func mintTransaction(t require.TestingT, c *event.Clock, precursors ...event.ID) event.ID {
	id, err := c.MintTransaction(precursors...)
	require.NoError(t, err)
	return id
}

// idAt is the ID whose time is d after eventtest.Start and whose other bits are
// all low.
func idAt(d time.Duration, low byte) (id event.ID) {
	ms := uint64(eventtest.Start.Add(d).UnixMilli())
	for i := range id {
		id[i] = low
	}
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], ms<<16)
	copy(id[:6], b[:6])
	return id
}

// distance is b - a.
func distance(a, b event.ID) *big.Int {
	return new(big.Int).Sub(new(big.Int).SetBytes(b[:]), new(big.Int).SetBytes(a[:]))
}

func power(n uint) *big.Int { return new(big.Int).Lsh(big.NewInt(1), n) }

func TestMintTakesTheTimeWhenItCan(t *testing.T) {
	c, wall := clockAt(0xff)
	id := mint(t, c, idAt(-time.Hour, 0xff))
	require.Equal(t, idAt(0, 0xff), id)
	wall.Advance(time.Millisecond)
	tx := mintTransaction(t, c)
	require.Equal(t, idAt(time.Millisecond, 0xff).Transaction(), tx)
	require.Equal(t, tx, tx.Transaction())
}

// TestMintIncrements pins the span of the increments at both of its ends.
func TestMintIncrements(t *testing.T) {
	for name, tc := range map[string]struct {
		random   bits
		distance *big.Int // of a creation event
		blocks   *big.Int // of a transaction, counted from the next multiple of 2^20
	}{
		"least":    {0, big.NewInt(1), big.NewInt(0)},
		"greatest": {0xff, power(64), new(big.Int).Sub(power(52), big.NewInt(1))},
	} {
		p := idAt(0, 0x5a)
		c, _ := clockAt(tc.random)
		require.Equal(t, tc.distance, distance(p, mint(t, c, p)), name)

		c, _ = clockAt(tc.random)
		tx := mintTransaction(t, c, p)
		next := p.Transaction().Update(1 << 20)
		require.Zero(t, new(big.Int).Lsh(tc.blocks, 20).Cmp(distance(next, tx)), name)
		require.Equal(t, tx, tx.Transaction(), name)
	}
}

func TestMintCarriesIntoTheMillisecond(t *testing.T) {
	c, _ := clockAt(0)
	require.Equal(t, idAt(time.Millisecond, 0), mint(t, c, idAt(0, 0xff)))
	c, _ = clockAt(0)
	require.Equal(t, idAt(time.Millisecond, 0), mintTransaction(t, c, idAt(0, 0xff)))
}

func TestMintIsExhausted(t *testing.T) {
	last := event.ID(bytes.Repeat([]byte{0xff}, 16))
	c, wall := clockAt(0)
	_, err := c.Mint(last)
	require.ErrorIs(t, err, event.ErrExhausted)
	_, err = c.MintTransaction(last)
	require.ErrorIs(t, err, event.ErrExhausted)
	require.Equal(t, idAt(0, 0), mint(t, c), "a failure leaves nothing behind")

	wall.Set(time.UnixMilli(1 << 48))
	_, err = c.Mint()
	require.ErrorIs(t, err, event.ErrExhausted, "after the year 10889")
	c, wall = clockAt(0)
	wall.Set(time.UnixMilli(-1))
	_, err = c.Mint()
	require.NoError(t, err, "before 1970 the zero ID is extended")
}

// TestTransactionReservesItsUpdates: the next ID is beyond all IDs that the
// transaction's events may take.
func TestTransactionReservesItsUpdates(t *testing.T) {
	c, _ := clockAt(0)
	tx := mintTransaction(t, c, idAt(time.Second, 0))
	require.True(t, tx.Update(event.MaxTransactionEvents).Less(mint(t, c)))
	next := mintTransaction(t, c)
	require.True(t, tx.Less(next))
	require.NotEqual(t, tx.Update(event.MaxTransactionEvents).Transaction(), next)
}

// TestClientsThatExtendOneIDDoNotMeet: 2000 clocks stand behind the same p.
func TestClientsThatExtendOneIDDoNotMeet(t *testing.T) {
	p := idAt(time.Minute, 7)
	seen := make(map[event.ID]bool)
	for seed := range uint64(2000) {
		wall := eventtest.NewWall(eventtest.Start)
		c := event.NewClock(event.ClockOptions{Now: wall.Now, Rand: eventtest.Bytes(seed)})
		c.Observe(p)
		id, tx := mint(t, c), mintTransaction(t, c, p)
		require.True(t, p.Less(id) && p.Less(tx))
		require.False(t, seen[id] || seen[tx])
		seen[id], seen[tx] = true, true
	}
}

func TestPoisonDoesNotBind(t *testing.T) {
	c, wall := clockAt(1)
	poison := idAt(24*time.Hour, 0)
	near := idAt(event.DefaultSkew, 0xff)
	c.Observe(near)
	c.Observe(poison)
	require.Equal(t, near, c.Last())
	require.Less(t, mint(t, c).Time(), poison.Time())

	// As a precursor it binds, and even then only its own successor.
	above := mintTransaction(t, c, poison)
	require.True(t, poison.Less(above))
	require.Less(t, mint(t, c).Time(), eventtest.Start.Add(event.DefaultSkew+time.Second))
	require.True(t, above.Less(mint(t, c, above)))

	// Once the clock has come near, C1 holds for it like for any other.
	wall.Advance(24*time.Hour - time.Minute)
	require.True(t, above.Less(mint(t, c)))
}

// TestSetBackWithoutCorrection: IDs ascend, and the skew check stops them.
func TestSetBackWithoutCorrection(t *testing.T) {
	c, wall := clockAt(1)
	first := mint(t, c)
	wall.Advance(-time.Hour)
	tx := mintTransaction(t, c)
	require.True(t, first.Less(tx))
	require.ErrorIs(t, c.CheckSkew(&event.Transaction{ID: tx}), event.ErrSkew)
}

// TestCorrection: what a wrong clock minted does not bind the corrected one.
func TestCorrection(t *testing.T) {
	c, wall := clockAt(1)
	wall.Advance(time.Hour) // wrong
	wrong := mintTransaction(t, c)
	c.Correct(-time.Hour)
	require.Equal(t, -time.Hour, c.Offset())
	require.Equal(t, eventtest.Start, c.Now())
	right := mintTransaction(t, c)
	require.True(t, right.Less(wrong))
	require.Equal(t, eventtest.Start, right.Time())
	require.NoError(t, c.CheckSkew(&event.Transaction{ID: right}))
	require.ErrorIs(t, c.CheckSkew(&event.Transaction{ID: wrong}), event.ErrSkew)

	c.Correct(0) // and back
	require.True(t, wrong.Less(mintTransaction(t, c)))
}

// TestC1 is the law itself: whatever happens to the wall clock, an ID is above
// its precursors and above everything minted or observed that is not beyond now +
// skew, and two IDs are never the same. Only what was minted under a clock that is
// corrected later does not count then.
func TestC1(t *testing.T) {
	const skew = time.Second
	rapid.Check(t, func(t *rapid.T) {
		wall := eventtest.NewWall(eventtest.Start)
		random := eventtest.Bytes(rapid.Uint64().Draw(t, "seed"))
		c := event.NewClock(event.ClockOptions{Now: wall.Now, Rand: random, Skew: skew})
		// The greatest IDs that bind, and those that were beyond now + skew.
		var minted, seen event.ID
		mintedAhead, seenAhead := map[event.ID]bool{}, map[event.ID]bool{}
		known := []event.ID{idAt(0, 3)} // to be precursors
		unique := map[event.ID]bool{}
		beyond := func(id event.ID) bool {
			return id.Time().After(c.Now().Truncate(time.Millisecond).Add(skew))
		}
		bind := func(last *event.ID, ahead map[event.ID]bool) {
			for id := range ahead {
				if !beyond(id) {
					*last = larger(*last, id)
					delete(ahead, id)
				}
			}
		}
		floor := func() event.ID {
			bind(&minted, mintedAhead)
			bind(&seen, seenAhead)
			return larger(minted, seen)
		}
		loosen := func(last *event.ID, ahead map[event.ID]bool) {
			if beyond(*last) {
				ahead[*last] = true
				*last = event.ID{}
			}
			bind(last, ahead)
		}
		check := func(id event.ID, reserved int, precursors []event.ID) {
			require.False(t, unique[id], "minted twice")
			floor := floor()
			require.True(t, floor.Less(id), "below what was minted or observed")
			led, latest := false, larger(floor, idAt(c.Now().Sub(eventtest.Start), 0))
			for _, p := range precursors {
				require.True(t, p.Less(id), "below a precursor")
				latest = larger(latest, p)
				led = led || beyond(p) && floor.Less(p)
			}
			require.LessOrEqual(t, id.Time().Sub(latest.Time()), time.Millisecond, "further ahead than anything asks for")
			if last := id.Update(reserved); led {
				mintedAhead[last] = true
			} else {
				minted = last
			}
			unique[id] = true
			known = append(known, id)
		}
		some := func() []event.ID {
			return rapid.SliceOfN(rapid.SampledFrom(known), 0, 2).Draw(t, "precursors")
		}
		t.Repeat(map[string]func(*rapid.T){
			"mint": func(t *rapid.T) {
				precursors := some()
				check(mint(t, c, precursors...), 0, precursors)
			},
			"transaction": func(t *rapid.T) {
				precursors := some()
				tx := mintTransaction(t, c, precursors...)
				require.Equal(t, tx, tx.Transaction())
				check(tx, 1<<20-1, precursors)
			},
			"observe": func(t *rapid.T) {
				ms := rapid.IntRange(-5000, 20_000).Draw(t, "ms")
				id := idAt(time.Duration(ms)*time.Millisecond, rapid.Byte().Draw(t, "low"))
				c.Observe(id)
				if beyond(id) && larger(minted, seen).Less(id) {
					seenAhead[id] = true
				} else {
					seen = larger(seen, id)
				}
				known = append(known, id)
			},
			"tick": func(t *rapid.T) {
				wall.Advance(time.Duration(rapid.IntRange(-3000, 3000).Draw(t, "ms")) * time.Millisecond)
			},
			"correct": func(t *rapid.T) {
				c.Correct(time.Duration(rapid.IntRange(-3000, 3000).Draw(t, "ms")) * time.Millisecond)
				loosen(&minted, mintedAhead)
				loosen(&seen, seenAhead)
			},
		})
	})
}

func larger(a, b event.ID) event.ID {
	if a.Less(b) {
		return b
	}
	return a
}

// TestManyAhead: a clock that observes more times ahead than it remembers follows
// each of them a few steps late at most, and never early.
func TestManyAhead(t *testing.T) {
	const n, step, skew = 500, time.Minute, 10 * time.Hour
	wall := eventtest.NewWall(eventtest.Start)
	c := event.NewClock(event.ClockOptions{Now: wall.Now, Rand: bits(1), Skew: skew})
	at := func(i int) time.Duration { return skew + time.Duration(i)*step }
	for i := range n {
		c.Observe(idAt(at(i+1), 7))
	}
	require.Equal(t, eventtest.Start, mint(t, c).Time())
	for i := range n {
		wall.Advance(step)
		last := c.Last().Time().Sub(eventtest.Start)
		require.LessOrEqual(t, last, at(i+1))
		if i >= 20 {
			require.Greater(t, last, at(i-20))
		}
	}
	require.Equal(t, idAt(at(n), 7), c.Last())
}

func TestCheckSkew(t *testing.T) {
	c, _ := clockAt(0)
	entity := idAt(-time.Hour, 1)
	update := func(precursor event.ID) *event.Event {
		return &event.Event{Entity: entity, Precursors: event.Head{entity, precursor}}
	}
	creation := &event.Event{ID: idAt(time.Hour, 0), Entity: idAt(time.Hour, 0)}
	for name, tc := range map[string]struct {
		ahead  time.Duration
		events []*event.Event
		ok     bool
	}{
		"now":                          {0, nil, true},
		"long ago":                     {-time.Hour, nil, true},
		"at the skew":                  {event.DefaultSkew, nil, true},
		"a millisecond beyond":         {event.DefaultSkew + time.Millisecond, nil, false},
		"precursor ahead":              {time.Hour + event.DefaultSkew, []*event.Event{update(idAt(time.Hour, 0))}, true},
		"beyond a precursor ahead":     {time.Hour + event.DefaultSkew + time.Millisecond, []*event.Event{update(idAt(time.Hour, 0))}, false},
		"precursor behind":             {event.DefaultSkew + time.Millisecond, []*event.Event{update(idAt(-time.Minute, 0))}, false},
		"a creation ahead is no leave": {time.Hour, []*event.Event{creation}, false},
	} {
		err := c.CheckSkew(&event.Transaction{ID: idAt(tc.ahead, 0), Events: tc.events})
		if tc.ok {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorIs(t, err, event.ErrSkew, name)
		var skew *event.SkewError
		require.ErrorAs(t, err, &skew, name)
		require.Equal(t, tc.ahead, skew.Ahead, name)
		require.Equal(t, event.DefaultSkew, skew.Skew, name)
	}
	last := event.ID(bytes.Repeat([]byte{0xff}, 16)).Transaction()
	var skew *event.SkewError
	require.ErrorAs(t, c.CheckSkew(&event.Transaction{ID: last}), &skew)
	require.Greater(t, skew.Ahead, 290*365*24*time.Hour, "no time.Duration is longer")
}

// TestClockIsSafeForConcurrentUse mints in parallel; the race detector and the
// uniqueness of the IDs judge.
func TestClockIsSafeForConcurrentUse(t *testing.T) {
	c := event.NewClock(event.ClockOptions{})
	var mu sync.Mutex
	seen := make(map[event.ID]bool)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			var last event.ID
			for range 500 {
				id, err := c.Mint()
				c.Observe(id)
				c.NewSalt()
				mu.Lock()
				if err != nil || seen[id] || !last.Less(id) {
					t.Errorf("minted %v after %v: %v", id, last, err)
				}
				seen[id] = true
				mu.Unlock()
				last = id
			}
		})
	}
	wg.Wait()
}

// TestRandomnessFails: minting reports it, salts stay secret.
func TestRandomnessFails(t *testing.T) {
	broken := errors.New("broken")
	short := io.MultiReader(bytes.NewReader(make([]byte, 512)), &failing{broken})
	c := event.NewClock(event.ClockOptions{Rand: short})
	mint(t, c)
	for range 60 {
		c.NewSalt()
	}
	_, err := c.Mint()
	require.ErrorIs(t, err, broken)
	require.NotEqual(t, c.NewSalt(), c.NewSalt())
	require.NotEqual(t, event.Salt{}, c.NewSalt())
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

// TestBusyClockKeepsTime: even a node that commits without pause does not outrun
// its clock by increments.
func TestBusyClockKeepsTime(t *testing.T) {
	wall := eventtest.NewWall(eventtest.Start)
	c := event.NewClock(event.ClockOptions{Now: wall.Now, Rand: eventtest.Bytes(1)})
	var last event.ID
	const n = 100_000
	for range n {
		last = mintTransaction(t, c)
	}
	perMilli := n / (float64(last.Time().Sub(eventtest.Start)) / float64(time.Millisecond))
	require.False(t, math.IsInf(perMilli, 1))
	require.Greater(t, perMilli, 400.0, "transactions that fit into a millisecond")
}
