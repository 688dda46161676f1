package nodetest

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Trace is what happened in a simulation: what each machine, line and the kit did, by
// time. What two of them did at the same time has no order between them.
type Trace struct {
	lines []traced
}

type traced struct {
	at   time.Duration
	who  string
	what string
}

func (w *world) trace(who, what string, args ...any) {
	line := traced{at: w.now(), who: who, what: fmt.Sprintf(what, args...)}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = append(w.lines, line)
}

func (w *world) traceMessage(l *link, side int, message []byte) {
	to := l.to
	if side == 0 {
		to = l.from
	}
	w.trace(l.name, "%d bytes for %s: %s", len(message), to.name, sum(message))
}

func newTrace(lines []traced) Trace {
	slices.SortStableFunc(lines, func(a, b traced) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.who, b.who))
	})
	return Trace{lines: lines}
}

// Digest names what happened: two simulations with the same digest were the same.
func (t Trace) Digest() string { return fmt.Sprintf("%x", sha256.Sum256([]byte(t.String()))) }

// String lists what happened.
func (t Trace) String() string {
	var b strings.Builder
	for _, l := range t.lines {
		fmt.Fprintf(&b, "%14v  %-20s %s\n", l.at, l.who, l.what)
	}
	return b.String()
}
