package node

import (
	"encoding/binary"
	"time"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node/wire"
)

// A delivery may come to nothing without a verdict: the server's store could not be
// read, say. That is between the server and this one transaction, which is offered
// again, later each time, while others are delivered. If the server says that it
// takes none at all, they wait too.

// maxMissed is how often a transaction is offered to servers that lack what it builds
// on: for some four minutes. Then it is refused.
const maxMissed = 10

// maxMissedAgain is that for one that was accepted once, and lost, with what it builds
// on: others have to deliver that again. It is a day.
const maxMissedAgain = 4000

// patient notes that a server lacks what a transaction builds on, and reports whether it is
// to be offered again.
func (e *ephemeral) patient(p *pending) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if p.again {
		return p.failures < maxMissedAgain
	}
	p.missed++
	return p.missed <= maxMissed
}

// holdBack has a transaction delivered again that was not decided.
func (l *line) holdBack(p *pending, code wire.Code) {
	e := l.owner
	e.mu.Lock()
	p.failures++
	earliest := time.Now().Add(retryAfter(e.clock, p.failures))
	e.mu.Unlock()
	if code == wire.CodeReadOnly || code == wire.CodeClosing || code == wire.CodeTooMany {
		earliest = time.Time{}
		l.silence()
	}
	e.postpone(p, earliest, false)
	l.nudge()
}

// silence has nothing delivered for a while.
func (l *line) silence() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Until(l.quiet) > 0 {
		return // it is one of those that were under way
	}
	l.failures++
	l.quiet = time.Now().Add(retryAfter(l.owner.clock, l.failures))
}

// retryAfter is how long to wait after so many failures.
func retryAfter(c *event.Clock, failures int) time.Duration {
	return jitter(c, min(retryDelay<<min(failures-1, 10), maxBackoff))
}

// jitter is a time between half of d and d, so that clients that failed together do
// not come back together.
func jitter(c *event.Clock, d time.Duration) time.Duration {
	salt := c.NewSalt()
	return d/2 + time.Duration(binary.BigEndian.Uint64(salt[:])>>1)%(d/2)
}
