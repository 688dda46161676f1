package nodetest

import (
	"fmt"
	"slices"
)

// do does a step. It does not wait.
func (w *world) do(st *step) {
	r := draw(st.seed)
	switch st.deed {
	case doAct, doWatch, doRequery, doLook, doCarry, doCrash, doStop, doJump:
		w.machines[st.who].do(st)
	case doPartition:
		w.partition(st)
	case doDrop:
		w.links[st.who].drop(r)
	case doCut:
		w.links[st.who].setCut(true, r)
	case doMend:
		w.links[st.who].setCut(false, r)
	case doSilence, doSpeak:
		for side := range 2 {
			if st.pick != side { // 2: both
				w.links[st.who].silence(side, st.deed == doSilence)
			}
		}
	}
}

func (m *machine) do(st *step) {
	life := m.current()
	switch {
	case st.deed == doJump:
		m.clock.jump(st.by)
	case st.deed == doCrash && st.pick == 0:
		m.disk.Crash()
	case st.deed == doCrash:
		m.disk.CrashAt(st.pick)
	case life == nil:
	case st.deed == doAct:
		life.act(st)
	case st.deed == doLook:
		life.look()
	case st.deed == doRequery:
		life.requery(st)
	case st.deed == doCarry:
		life.carry(m.world.machines[st.pick])
	case st.deed == doStop:
		m.stop()
	case st.deed == doWatch && !slices.Contains(m.watched, st.pick):
		m.mu.Lock()
		m.watched = append(m.watched, st.pick)
		m.mu.Unlock()
		life.watch(st.pick)
	}
}

// partition parts the machines into two: between them, lines are silent or cut.
func (w *world) partition(st *step) {
	r := draw(st.seed)
	silent := r.IntN(2) == 0
	for _, l := range w.links {
		apart := st.pick>>l.from.index&1 != st.pick>>l.to.index&1
		switch {
		case !apart:
			l.heal()
		case silent:
			l.silence(0, true)
			l.silence(1, true)
		default:
			l.setCut(true, r)
		}
	}
}

// describe says in words what a step does.
func (st *step) describe(s *Schedule, app *App) string {
	what := ""
	switch st.deed {
	case doAct:
		what = fmt.Sprintf("%s: %s", s.machineName(st.who), app.Actions[st.pick].Name)
	case doWatch:
		what = fmt.Sprintf("%s: live query %q", s.machineName(st.who), app.Queries[st.pick].Text)
	case doRequery:
		what = fmt.Sprintf("%s: a live query becomes %q", s.machineName(st.who), app.Queries[st.pick].Text)
	case doCarry:
		what = fmt.Sprintf("%s: carry a bundle to %s", s.machineName(st.who), s.machineName(st.pick))
	case doLook:
		what = s.machineName(st.who) + ": check the invariants"
	case doCrash:
		what = s.machineName(st.who) + ": crash"
		if st.pick > 0 {
			what += fmt.Sprintf(" at write %d from now", st.pick)
		}
	case doStop:
		what = s.machineName(st.who) + ": close and open again"
	case doJump:
		what = fmt.Sprintf("%s: the clock jumps by %v", s.machineName(st.who), st.by)
	case doDrop:
		what = s.lineName(st.who) + ": break connections"
	case doCut:
		what = s.lineName(st.who) + ": cut"
	case doMend:
		what = s.lineName(st.who) + ": mend"
	case doPartition:
		what = fmt.Sprintf("partition %b", st.pick)
	case doSilence:
		what = s.lineName(st.who) + ": silence " + direction(st.pick)
	case doSpeak:
		what = s.lineName(st.who) + ": no more silence " + direction(st.pick)
	}
	return fmt.Sprintf("%3d %12v  %s", st.number, st.at, what)
}

func direction(pick int) string { return []string{"there", "back", "both ways"}[pick] }

func (s *Schedule) machineName(i int) string {
	if i < s.durable {
		return fmt.Sprintf("server %d", i)
	}
	return fmt.Sprintf("client %d", i-s.durable)
}

func (s *Schedule) lineName(i int) string {
	if i < len(s.edges) {
		return s.machineName(s.edges[i][0]) + " - " + s.machineName(s.edges[i][1])
	}
	i -= len(s.edges)
	for c, homes := range s.homes {
		if i < len(homes) {
			return s.machineName(s.durable+c) + " - " + s.machineName(homes[i])
		}
		i -= len(homes)
	}
	return "?"
}
