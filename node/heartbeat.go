package node

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/ankgo/ank/node/wire"
)

// A peer from which nothing has come for pingAfter is asked whether it is there, and is given up if nothing
// has come for deadAfter. It is the answer that counts, not that a peer asks by itself: timers of a web page in
// the background may run once a minute only, while what arrives is handled at once.
const (
	pingAfter = 20 * time.Second
	deadAfter = time.Minute
)

var errDead = errors.New("the peer does not answer")

// heartbeat notices that a peer is gone where no carrier tells: a cable that was pulled, a machine that sleeps,
// a process that hangs.
type heartbeat struct {
	heard atomic.Int64 // when something came last, on start's clock
	asked atomic.Bool  // whether the writer is to ask
	start time.Time    // with a monotonic clock
	timer *time.Timer  // of the owner of the connection
}

// sign notes that the peer is there.
func (h *heartbeat) sign() { h.heard.Store(int64(time.Since(h.start))) }

// watchOver begins to look after the peer, until the timer is stopped.
func (p *peer) watchOver() {
	p.heartbeat.sign()
	p.heartbeat.timer = time.AfterFunc(deadAfter, p.listen)
	p.heartbeat.timer.Reset(pingAfter) // listen uses the timer, which is there now
}

// listen asks a silent peer, or gives it up.
func (p *peer) listen() {
	h := &p.heartbeat
	silent := time.Since(h.start) - time.Duration(h.heard.Load())
	switch {
	case p.ctx.Err() != nil:
	case silent >= deadAfter:
		p.cancel(errDead)
	case silent >= pingAfter:
		h.asked.Store(true)
		p.nudge()
		h.timer.Reset(min(pingAfter, deadAfter-silent))
	default:
		h.timer.Reset(pingAfter - silent)
	}
}

// ask asks the peer whether it is there, if that is due. The writer calls it.
func (p *peer) ask() error {
	if !p.heartbeat.asked.Swap(false) {
		return nil
	}
	return p.send(&wire.Ping{Number: uint64(p.heartbeat.heard.Load())})
}
