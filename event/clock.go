package event

import (
	"crypto/rand"
	"fmt"
	"io"
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
	last   ID // the greatest ID minted or observed that binds
	ahead  ID // the greatest one that lies beyond now + skew and does not
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
// minted or observed before; among the latter, those beyond now + skew do not
// count. It is meant for creation events. It fails with [ErrExhausted] when no
// greater ID exists, and with the error of the source of randomness.
func (c *Clock) Mint(precursors ...ID) (ID, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.millis()
	floor := c.floor(now, precursors)
	high, low, err := c.rand.bits()
	if err != nil {
		return ID{}, err
	}
	if now <= floor.millis() {
		id, ok := after(floor, low)
		return c.minted(id, id, now, ok)
	}
	id, ok := fresh(now, high, low)
	return c.minted(id, id, now, ok)
}

// MintTransaction returns a new transaction ID under the terms of [Clock.Mint].
// Its low 20 bits are zero; the IDs up to the next multiple of 2^20 are the
// transaction's update events and count as minted. Pass the precursors of all
// events, and the IDs of all creation events.
func (c *Clock) MintTransaction(precursors ...ID) (ID, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.millis()
	floor := c.floor(now, precursors)
	high, low, err := c.rand.bits()
	if err != nil {
		return ID{}, err
	}
	if now <= floor.millis() {
		id, ok := nextBlock(floor, low)
		return c.minted(id, id.Update(transactionMask), now, ok)
	}
	id, ok := fresh(now, high, low)
	id = id.Transaction()
	return c.minted(id, id.Update(transactionMask), now, ok)
}

// minted records that the IDs up to last are taken, and returns id.
func (c *Clock) minted(id, last ID, now int64, ok bool) (ID, error) {
	if !ok {
		return ID{}, ErrExhausted
	}
	c.record(last, now)
	return id, nil
}

// Observe tells the clock that its owner applied id, which later IDs shall be
// greater than. An ID beyond now + skew does not bind until the clock comes near
// it: one wrong clock elsewhere cannot drag this one along.
func (c *Clock) Observe(id ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last.Less(id) {
		c.record(id, c.millis())
	}
}

func (c *Clock) record(id ID, now int64) {
	if id.millis() > now+c.skew {
		c.ahead = larger(c.ahead, id)
		return
	}
	c.last = larger(c.last, id)
}

// floor returns the ID that the next one must be greater than. It is here that
// IDs begin or cease to bind, as the wall clock reaches them or is set back.
func (c *Clock) floor(now int64, precursors []ID) ID {
	bound := now + c.skew
	if c.last.millis() > bound {
		c.ahead, c.last = larger(c.ahead, c.last), ID{}
	}
	if !c.ahead.IsZero() && c.ahead.millis() <= bound {
		c.last, c.ahead = larger(c.last, c.ahead), ID{}
	}
	floor := c.last
	for _, p := range precursors {
		floor = larger(floor, p)
	}
	return floor
}

func larger(a, b ID) ID {
	if a.Less(b) {
		return b
	}
	return a
}

// Last is the greatest ID minted or observed that binds. An owner that restarts
// lets the new clock observe it.
func (c *Clock) Last() ID {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
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
func (c *Clock) Correct(offset time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset = offset
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
	ahead := time.Duration(t.ID.millis()-now) * time.Millisecond
	return &SkewError{Transaction: t.ID, Ahead: ahead, Skew: c.Skew()}
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
