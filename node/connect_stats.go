package node

import (
	"sync/atomic"

	"github.com/ankgo/ank/node/wire"
)

// ResumeStats counts how the live queries of an ephemeral node came by their results,
// since the connection was made.
type ResumeStats struct {
	Unchanged uint64 // what was held was the result
	FromLog   uint64 // what was touched meanwhile came
	Compared  uint64 // what differed came
	Whole     uint64 // everything came: at first, or because nothing less would do

	// Mismatched counts results that were not what they should have been, with what had
	// been told of them: a fault, here or at the peer. They were asked for again.
	Mismatched uint64
}

type resumeStats struct{ unchanged, fromLog, compared, whole, mismatched atomic.Uint64 }

// ResumeStats returns what was counted so far. All is zero between durable nodes.
func (c *Connection) ResumeStats() ResumeStats {
	return ResumeStats{
		Unchanged: c.stats.unchanged.Load(), FromLog: c.stats.fromLog.Load(), Compared: c.stats.compared.Load(),
		Whole: c.stats.whole.Load(), Mismatched: c.stats.mismatched.Load(),
	}
}

// count notes how a result came.
func (s *resumeStats) count(m *wire.Rows) {
	switch {
	case m.Reset:
		s.whole.Add(1)
	case m.Answer == wire.AnswerCursor:
		s.fromLog.Add(1)
	case m.Answer == wire.AnswerCompare:
		s.compared.Add(1)
	}
}
