package event

import (
	"crypto/rand"
	"fmt"
	"io"
	"math"
	"sync"
	"time"
)

// DefaultSkew is how far clocks may differ when [ClockOptions] does not say.
const DefaultSkew = 2 * time.Minute

// ClockOptions are the seams of a [Clock]. The zero value means the system's
// clock and randomness and the default skew.
type ClockOptions struct {
	// Now returns the wall clock's time; time.Now by default. It must be safe
	// for concurrent use.
	Now func() time.Time
	// Rand is where random bits come from; crypto/rand.Reader by default. The
	// Clock reads ahead, under a lock of its own.
	Rand io.Reader
	// Skew is how far a clock may run ahead of another one; [DefaultSkew] when
	// zero.
	Skew time.Duration
}

// A Clock mints IDs that obey C1: each is greater than its precursors and than
// everything that the clock's owner minted or observed before. A Clock is safe
// for concurrent use.
type Clock struct {
	now  func() time.Time
	skew int64 // milliseconds

	mu     sync.Mutex
	offset time.Duration // added to the wall clock
	rand   entropy
	minted bound
	seen   bound // of IDs observed
}

// NewClock returns a Clock that has observed nothing.
func NewClock(o ClockOptions) *Clock {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Skew <= 0 {
		o.Skew = DefaultSkew
	}
	return &Clock{now: o.Now, skew: o.Skew.Milliseconds(), rand: entropy{source: o.Rand}}
}

// Mint returns a new ID that is greater than all precursors and than every ID
// minted or observed before; an ID observed beyond now + skew does not count. It
// is meant for creation events. It fails with [ErrExhausted] when no greater ID
// exists, and with the error of the source of randomness.
func (c *Clock) Mint(precursors ...ID) (ID, error) {
	return c.mint(precursors, fresh, after, 0)
}

// MintTransaction returns a new transaction ID under the terms of [Clock.Mint].
// Its low 20 bits are zero; the IDs up to the next multiple of 2^20 are for the
// transaction's update events and count as minted. Pass the precursors of all
// events, and the IDs of all creation events.
func (c *Clock) MintTransaction(precursors ...ID) (ID, error) {
	return c.mint(precursors, freshBlock, blockAfter, transactionMask)
}

// mint makes an ID with newly if the wall clock's millisecond is later than that
// of every ID that binds, and otherwise with above from the greatest of them. The
// IDs up to reserve beyond the new one count as minted too.
func (c *Clock) mint(precursors []ID, newly func(int64, random) (ID, bool), above func(ID, random) (ID, bool), reserve int) (ID, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	bits, err := c.rand.draw()
	if err != nil {
		return ID{}, err
	}
	now := c.millis()
	own := c.floor(now)
	floor := own
	for _, p := range precursors {
		floor = larger(floor, p)
	}
	var id ID
	var ok bool
	if now > floor.millis() {
		id, ok = newly(now, bits)
	} else {
		id, ok = above(floor, bits)
	}
	if !ok {
		return ID{}, ErrExhausted
	}
	if last := id.Update(reserve); floor == own || floor.millis() <= now+c.skew {
		c.minted.last = last
	} else {
		// Only a precursor led this far ahead: do not follow it with the next ID.
		c.minted.later(last)
	}
	return id, nil
}

// Observe tells the clock that its owner applied id, which later IDs shall be
// greater than. An ID beyond now + skew does not bind until the clock comes near
// it: one wrong clock elsewhere cannot drag this one along. Of IDs at more than 64
// times ahead, those close to each other bind together when the last of them does.
func (c *Clock) Observe(id ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if larger(c.minted.last, c.seen.last).Less(id) && id.millis() > c.millis()+c.skew {
		c.seen.later(id)
		return
	}
	c.seen.last = larger(c.seen.last, id)
}

// floor is the greatest ID minted or observed that binds now.
func (c *Clock) floor(now int64) ID {
	c.minted.settle(now + c.skew)
	c.seen.settle(now + c.skew)
	return larger(c.minted.last, c.seen.last)
}

// Last is the greatest ID minted or observed that binds. An owner that restarts
// lets the new clock observe it, and those of [Clock.Ahead].
func (c *Clock) Last() ID {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.floor(c.millis())
}

// Ahead returns IDs, minted or observed, that do not bind yet and will once the
// clock comes near them: at most 128, which stand for all. Mostly there are none.
func (c *Clock) Ahead() []ID {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.floor(c.millis())
	var ids []ID
	for _, b := range [2]*bound{&c.minted, &c.seen} {
		for _, s := range b.ahead {
			ids = append(ids, s.last)
		}
	}
	return ids
}

// Now is the wall clock's time, corrected, in UTC.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now().Add(c.offset).UTC()
}

// Skew is how far a clock may run ahead of another one.
func (c *Clock) Skew() time.Duration { return time.Duration(c.skew) * time.Millisecond }

// Correct sets what is added to the wall clock from now on: the lead of a
// trusted peer's clock, as a hello found it. It replaces an earlier correction.
// IDs that prove to lie beyond now + skew, because the clock was wrong when they
// were minted or observed, cease to bind until the clock comes near them: what was
// minted with the wrong clock can be minted again, properly. The greatest ID that
// was observed goes on binding if it lies nearer. A wall clock that is set back without a
// correction has no such effect. IDs go on ascending then, and [Clock.CheckSkew]
// refuses them if the step was larger than the skew.
func (c *Clock) Correct(offset time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset = offset
	limit := c.millis() + c.skew
	c.minted.loosen(limit)
	c.seen.loosen(limit)
}

// Offset is the correction in force.
func (c *Clock) Offset() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.offset
}

func (c *Clock) millis() int64 { return c.now().Add(c.offset).UnixMilli() }

// CheckSkew judges C2 for a transaction that is accepted first-hand: its time
// must not lie beyond max(now, its precursors' times) + skew. The error is
// [ErrSkew], a *[SkewError].
func (c *Clock) CheckSkew(t *Transaction) error {
	c.mu.Lock()
	now := c.millis()
	c.mu.Unlock()
	latest := now
	for _, e := range t.Events {
		if len(e.Precursors) > 0 {
			latest = max(latest, e.Precursors.Max().millis())
		}
	}
	if t.ID.millis() <= latest+c.skew {
		return nil
	}
	ahead := min(t.ID.millis()-now, math.MaxInt64/int64(time.Millisecond))
	return &SkewError{Transaction: t.ID, Ahead: time.Duration(ahead) * time.Millisecond, Skew: c.Skew()}
}

// NewSalt returns a fresh salt for an event's values. Should the source of
// randomness fail, the salt comes from crypto/rand, and the next Mint reports
// the failure.
func (c *Clock) NewSalt() Salt {
	c.mu.Lock()
	defer c.mu.Unlock()
	var s Salt
	if c.rand.read(s[:]) != nil {
		_, _ = rand.Read(s[:]) // never fails
	}
	return s
}

// entropy reads a source of randomness ahead, because one read of the system's
// source costs as much as minting several IDs.
type entropy struct {
	source io.Reader
	buf    [512]byte
	left   int // unused bytes, at the end of buf
	err    error
}

// read fills p, of at most len(buf) bytes. Used bytes are wiped. A failure is
// sticky.
func (e *entropy) read(p []byte) error {
	if e.err == nil && e.left < len(p) {
		if _, err := io.ReadFull(e.source, e.buf[:]); err != nil {
			e.err = fmt.Errorf("event: random bits: %w", err)
		}
		e.left = len(e.buf)
	}
	if e.err != nil {
		return e.err
	}
	used := e.buf[len(e.buf)-e.left:][:len(p)]
	copy(p, used)
	clear(used)
	e.left -= len(p)
	return nil
}
