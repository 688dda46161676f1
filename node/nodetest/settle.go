package nodetest

import (
	"fmt"
	"strings"
	"time"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/node"
)

const (
	// patience is how long everything may take to come to rest once no fault is left: what a
	// client made with a clock that ran ahead waits until its time has come.
	patience = 20 * time.Minute
	// hush is how long a peer may not have noticed that a connection is dead: longer than
	// nodes give each other.
	hush = 90 * time.Second
	// still is how long everything has to have been at rest.
	still = 10 * time.Second
	// pause is how long it takes until the kit looks again.
	pause = 2 * time.Second
)

// settle ends all faults and waits until everything has come to rest. It reports whether
// that was so.
func (w *world) settle() bool {
	for _, m := range w.machines {
		m.disk.CrashAt(0)
	}
	for _, l := range w.links {
		l.heal()
	}
	w.trace("kit", "all faults are over")
	var why []string
	healed, calm := w.now(), time.Duration(0)
	for w.now() < healed+patience {
		w.pass(pause, 0)
		if w.hasFailed() {
			return false
		}
		calm += pause
		if why = w.unrest(); len(why) > 0 {
			calm = 0
		}
		if calm >= still && w.now() > healed+hush {
			return true
		}
	}
	w.fail("everything comes to rest", "after %v without faults:\n\t%s", patience, strings.Join(why, "\n\t"))
	return false
}

// unrest says what is not at rest.
func (w *world) unrest() []string {
	var why []string
	cursors := make(map[string][]string)
	for _, m := range w.machines {
		l := m.current()
		if l == nil {
			why = append(why, m.name+" is down")
			continue
		}
		if m.durable {
			c, err := l.node.Cursor(w.ctx)
			if err != nil {
				why = append(why, fmt.Sprintf("%s: %v", m.name, err))
			}
			cursors[c.String()] = append(cursors[c.String()], m.name)
		} else if n := l.undelivered(); n > 0 {
			why = append(why, fmt.Sprintf("%s: %d transactions are pending", m.name, n))
		}
		why = append(why, l.unfinished()...)
		for _, r := range l.node.Replicas() {
			if !r.Settled || len(r.Refused) > 0 || len(r.Waiting) > 0 {
				why = append(why, fmt.Sprintf("%s replicates: %+v", m.name, r))
			}
		}
	}
	if len(cursors) > 1 {
		why = append(why, fmt.Sprintf("logs differ: %v", cursors))
	}
	return why
}

// undelivered counts pending transactions.
func (l *life) undelivered() int {
	n := 0
	for entry, err := range l.node.Ledger(l.ctx) {
		if err != nil {
			l.machine.world.fail("the ledger can be read", "%s: %v", l.machine.name, err)
			break
		}
		if entry.Status == node.Pending {
			n++
		}
	}
	return n
}

// unfinished names live queries that are not complete.
func (l *life) unfinished() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []string
	for _, w := range l.watches {
		if s := w.standing.State(); s.Phase != entity.Complete || w.isBusy() {
			list = append(list, fmt.Sprintf("%s: %q is %v: %v", l.machine.name, w.asked().Text, s.Phase, s.Err))
		}
	}
	return list
}
