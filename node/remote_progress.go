package node

import (
	"math"
	"time"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/node/wire"
)

// progressEvery is how often a live query tells at most how far its loading is.
const progressEvery = 100 * time.Millisecond

// progress notes that a part of the result has come, not the last one.
func (l *remote) progress(m *wire.Rows, first bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || !m.Reset || l.state.Phase == entity.Complete {
		return
	}
	if first {
		l.state.Loaded = 0
	}
	l.state.Loaded += len(m.Rows)
	l.state.Expected = max(l.state.Loaded, int(min(m.Expected, math.MaxInt32)))
	if time.Since(l.told) >= progressEvery {
		l.told = time.Now()
		l.turnLocked()
	}
}
