package nodetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ankgo/ank/entity"
)

// watch is a live query and somebody who follows its change sets.
type watch struct {
	life     *life
	standing entity.Standing
	cancel   context.CancelFunc
	done     sync.WaitGroup // the follower, and who makes it another query

	mu    sync.Mutex // protects all below
	query int
	busy  bool          // it is becoming another query
	since time.Duration // when it became the present one: the follower may lag until then
	list  []entity.View // the result, as the change sets have made it
}

// watch begins a live query.
func (l *life) watch(query int) {
	if !l.enter() {
		return
	}
	m := l.machine
	go func() {
		defer l.work.Done()
		q := &m.world.app.Queries[query]
		checked, err := q.checked()
		if err != nil {
			m.world.fail("queries are sound", "%q: %v", q.Text, err)
			return
		}
		session := l.node.Session(m.principal())
		standing, err := session.Query(l.ctx, checked)
		if err != nil {
			if !l.isOver() {
				m.world.fail("live queries begin", "%s: %q: %v", m.name, q.Text, err)
			}
			return
		}
		if wrap := m.world.seams.standing; wrap != nil {
			standing = wrap(standing)
		}
		w := &watch{life: l, query: query, standing: standing, since: -1}
		var ctx context.Context
		ctx, w.cancel = context.WithCancel(m.world.ctx)
		w.done.Go(func() { w.follow(ctx) })
		if !l.adopt(w) {
			w.close()
		}
	}()
}

// adopt makes a live query one that ends with the life, unless that is over.
func (l *life) adopt(w *watch) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return false
	}
	l.watches = append(l.watches, w)
	return true
}

func (w *watch) close() {
	w.cancel()
	w.standing.Close()
	w.done.Wait()
}

func (w *watch) follow(ctx context.Context) {
	for set := range w.standing.Changes(ctx) {
		if err := w.apply(set); err != nil {
			m := w.life.machine
			m.world.fail("change sets add up", "%s: %q: %v", m.name, w.asked().Text, err)
			return
		}
		w.examine(set.State)
	}
}

// asked is the query that it is, or was before it began to become another one.
func (w *watch) asked() *Query {
	w.mu.Lock()
	defer w.mu.Unlock()
	return &w.life.machine.world.app.Queries[w.query]
}

func (w *watch) isBusy() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.busy
}

// examine asks the app what it thinks of the result. While it becomes another query,
// nobody knows which one it is.
func (w *watch) examine(state entity.LiveState) {
	q := w.asked()
	w.mu.Lock()
	defer w.mu.Unlock()
	if q.Check == nil || w.busy || w.life.machine.world.now() <= w.since || state.Phase != entity.Complete {
		return
	}
	if err := q.Check(w.list); err != nil {
		m := w.life.machine
		m.world.fail("what an app expects of a live query", "%s: %q: %v", m.name, q.Text, err)
	}
}

// requery makes a live query of the life another one.
func (l *life) requery(st *step) {
	l.mu.Lock()
	watches := l.watches
	l.mu.Unlock()
	if len(watches) == 0 || !l.enter() {
		return
	}
	w := watches[draw(st.seed).IntN(len(watches))]
	w.mu.Lock()
	busy := w.busy
	w.busy = true
	w.mu.Unlock()
	if busy {
		l.work.Done()
		return
	}
	go func() {
		defer l.work.Done()
		q := &l.machine.world.app.Queries[st.pick]
		checked, err := q.checked()
		if r, can := w.standing.(entity.Requerier); err == nil && can {
			err = r.Requery(l.ctx, checked)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.busy = false; err == nil {
			w.query, w.since = st.pick, l.machine.world.now()
		} else if !l.isOver() {
			l.machine.world.fail("live queries become others", "%s: %q: %v", l.machine.name, q.Text, err)
		}
	}()
}

// apply patches the list as the documentation of change sets says.
func (w *watch) apply(set entity.ChangeSet[entity.View]) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var gone []int
	var arrived, stayed []entity.Change[entity.View]
	for _, c := range set.Changes {
		switch c.Kind {
		case entity.Removed:
			gone = append(gone, c.OldIndex)
		case entity.Moved:
			gone = append(gone, c.OldIndex)
			arrived = append(arrived, c)
		case entity.Initial, entity.Added:
			arrived = append(arrived, c)
		default:
			stayed = append(stayed, c)
		}
	}
	slices.Sort(gone)
	for _, i := range slices.Backward(gone) {
		if i < 0 || i >= len(w.list) {
			return fmt.Errorf("of %d items, number %d is gone", len(w.list), i)
		}
		w.list = slices.Delete(w.list, i, i+1)
	}
	slices.SortFunc(arrived, func(a, b entity.Change[entity.View]) int { return a.Index - b.Index })
	for _, c := range arrived {
		if c.Index < 0 || c.Index > len(w.list) {
			return fmt.Errorf("to %d items, number %d is added", len(w.list), c.Index)
		}
		w.list = slices.Insert(w.list, c.Index, c.Item)
	}
	for _, c := range stayed {
		if c.Index < 0 || c.Index >= len(w.list) {
			return fmt.Errorf("of %d items, number %d has changed", len(w.list), c.Index)
		}
		w.list[c.Index] = c.Item
	}
	return nil
}

// check compares a live query with what fetches have found.
func (w *watch) check(results [][]string) {
	m := w.life.machine
	w.mu.Lock()
	want := results[w.query]
	w.mu.Unlock()
	text := w.asked().Text
	const rule = "a live query is what a fetch is"
	state := w.standing.State()
	if state.Phase != entity.Complete {
		m.world.fail(rule, "%s: %q is %v at rest: %v", m.name, text, state.Phase, state.Err)
		return
	}
	var items []string
	for _, v := range w.standing.Items().All() {
		items = append(items, describe(v))
	}
	if d := difference(want, items); d != "" {
		m.world.fail(rule, "%s: %q: %s", m.name, text, d)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var followed []string
	for _, v := range w.list {
		followed = append(followed, describe(v))
	}
	if d := difference(want, followed); d != "" {
		m.world.fail(rule, "%s: the change sets of %q: %s", m.name, text, d)
	}
}

// describe tells all of an entity that a reader sees.
func describe(v entity.View) string {
	return fmt.Sprintf("%v at %v", v, v.Head())
}

// difference says where two lists part, nothing if they do not.
func difference(want, got []string) string {
	for i := range max(len(want), len(got)) {
		switch {
		case i >= len(got):
			return fmt.Sprintf("number %d of %d is missing: %s", i, len(want), want[i])
		case i >= len(want):
			return fmt.Sprintf("number %d is too much: %s", i, got[i])
		case want[i] != got[i]:
			return fmt.Sprintf("number %d is\n\t%s\nand should be\n\t%s", i, got[i], want[i])
		}
	}
	return ""
}

// fetch reads a query's result.
func (q *Query) fetch(ctx context.Context, r entity.Reader) ([]string, error) {
	checked, err := q.checked()
	if err != nil {
		return nil, err
	}
	var list []string
	for v, err := range r.Fetch(ctx, checked) {
		if err != nil {
			return nil, err
		}
		list = append(list, describe(v))
	}
	return list, nil
}
