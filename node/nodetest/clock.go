package nodetest

import (
	"sync"
	"time"
)

// clock is a machine's wall clock, which is wrong and becomes more so.
type clock struct {
	start time.Time // of the simulation

	mu     sync.Mutex
	offset time.Duration
	drift  float64 // seconds gained in a second
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	return now.Add(c.offset + time.Duration(float64(now.Sub(c.start))*c.drift))
}

// jump sets the clock, forth or back.
func (c *clock) jump(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}
