package nodetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/storage"
)

// check holds everything against the invariants, at rest.
func (w *world) check() {
	servers := w.lifes(true)
	logs := make([]contents, len(servers))
	for i, l := range servers {
		var err error
		if logs[i], err = contentsOf(w.ctx, l.engine); err != nil {
			w.fail("stores can be read", "%s: %v", l.machine.name, err)
			return
		}
	}
	for i, c := range logs[1:] {
		if d := c.difference(&logs[0]); d != "" {
			w.fail("replicas are equal", "%s and %s: %s", servers[0].machine.name, servers[i+1].machine.name, d)
		}
	}
	w.checkReceipts(&logs[0])
	results := w.checkQueries(servers)
	if w.hasFailed() {
		return // the rest would say the same
	}
	for _, l := range w.lifes(false) {
		w.checkClient(l, &logs[0], results)
	}
	w.checkWatches(results)
	w.checkPast(servers, &logs[0], results)
}

// lifes are the machines' lives, all of which go on.
func (w *world) lifes(durable bool) []*life {
	var list []*life
	for _, m := range w.machines {
		if l := m.current(); m.durable == durable && l != nil {
			list = append(list, l)
		}
	}
	return list
}

// contents is what durable nodes with equal cursors agree on.
type contents struct {
	cursor event.Cursor
	states map[event.ID]*storage.Record
	events map[event.ID][]event.Digest
	at     map[address]event.ID
	where  map[event.ID]address
	order  []event.ID // the transactions, by ID
}

// address is where an entry is; what a client knows of positions lacks the hash.
type address struct {
	Origin event.Origin
	Seq    uint64
}

func addressOf(p event.Position) address { return address{p.Origin, p.Seq} }

func contentsOf(ctx context.Context, engine storage.Engine) (contents, error) {
	c := contents{
		states: make(map[event.ID]*storage.Record), events: make(map[event.ID][]event.Digest),
		at: make(map[address]event.ID), where: make(map[event.ID]address),
	}
	s, err := engine.Snapshot(ctx)
	if err != nil {
		return c, err
	}
	defer s.Close()
	c.cursor = s.Cursor()
	for entry, err := range s.Log(ctx, event.Cursor{}) {
		if err != nil {
			return c, err
		}
		p := address{entry.Origin, entry.Seq}
		c.at[p] = entry.Tx.ID
		if _, twice := c.where[entry.Tx.ID]; !twice {
			c.where[entry.Tx.ID] = p
			c.order = append(c.order, entry.Tx.ID)
		}
		for _, e := range entry.Events() {
			if err := c.add(ctx, s, e); err != nil {
				return c, fmt.Errorf("entity %v: %w", e.Entity, err)
			}
		}
	}
	return c, nil
}

func (c *contents) add(ctx context.Context, s storage.Snapshot, e *event.Event) error {
	if _, seen := c.states[e.Entity]; seen {
		return nil
	}
	r, err := s.State(ctx, e.Collection, e.Entity)
	if err != nil {
		return err
	}
	c.states[e.Entity] = r
	for stored, err := range s.Events(ctx, e.Entity, nil) {
		if err != nil {
			return err
		}
		c.events[e.Entity] = append(c.events[e.Entity], stored.Event.Digest())
	}
	return nil
}

// difference says in what c is not like another one.
func (c *contents) difference(want *contents) string {
	if !c.cursor.Equal(want.cursor) {
		return fmt.Sprintf("the logs end at %v and %v", want.cursor, c.cursor)
	}
	for id, r := range want.states {
		if got := c.states[id]; got == nil || !got.Equal(r) {
			return fmt.Sprintf("the states of %v: %v and %v", id, r, got)
		}
	}
	for id, history := range want.events {
		if got := c.events[id]; !slices.Equal(got, history) {
			return fmt.Sprintf("the histories of %v: %v and %v", id, history, got)
		}
	}
	for at, tx := range want.at {
		if got := c.at[at]; got != tx {
			return fmt.Sprintf("entry %d of log %v: %v and %v", at.Seq, at.Origin, tx, got)
		}
	}
	if len(c.at) != len(want.at) || len(c.states) != len(want.states) {
		return "one holds more than the other"
	}
	return ""
}

// checkReceipts holds what somebody was told against what the logs hold.
func (w *world) checkReceipts(logs *contents) {
	w.mu.Lock()
	receipts := w.receipts
	w.mu.Unlock()
	for _, n := range receipts {
		switch r := n.receipt; r.Status {
		case node.Accepted:
			if logs.at[addressOf(r.Position)] != r.Transaction {
				w.fail("acknowledged writes stay", "%s was told of %v, and the log has %v there", n.by.name, r, logs.at[addressOf(r.Position)])
			}
		case node.Pending:
			w.checkDelivered(n, logs)
		}
	}
}

// checkDelivered asks a client what has become of a transaction that was in its outbox,
// and of those that have taken its place.
func (w *world) checkDelivered(n noted, logs *contents) {
	l := n.by.current()
	if l == nil || n.by.durable {
		return
	}
	const rule = "what was committed is accepted, or rejected with a reason"
	for tx, seen := n.receipt.Transaction, 0; ; seen++ {
		r, err := l.node.Receipt(w.ctx, tx)
		switch where, logged := logs.where[tx]; {
		case err != nil:
			w.fail(rule, "%s: %v: %v", n.by.name, n.receipt, err)
		case r.Status == node.Accepted && logs.at[addressOf(r.Position)] != tx:
			w.fail(rule, "%s: %v, and the log has %v there", n.by.name, r, logs.at[addressOf(r.Position)])
		case r.Status == node.Rejected && r.Reason == nil:
			w.fail(rule, "%s: %v, without a reason", n.by.name, r)
		case (r.Status == node.Rejected || r.Status == node.Superseded) && logged:
			w.fail(rule, "%s: %v, and it is in the log at %v", n.by.name, r, where)
		case r.Status == node.Superseded && seen < 100:
			tx = r.By
			continue
		case r.Status != node.Accepted && r.Status != node.Rejected:
			w.fail(rule, "%s: %v", n.by.name, r)
		}
		return
	}
}

// checkQueries asks all servers the app's queries, and returns the results.
func (w *world) checkQueries(servers []*life) [][]string {
	results := make([][]string, len(w.app.Queries))
	for i := range w.app.Queries {
		q := &w.app.Queries[i]
		for n, l := range servers {
			list, err := q.fetch(w.ctx, l.node.Session(l.machine.principal()))
			switch {
			case errors.Is(err, node.ErrDenied):
			case err != nil:
				w.fail("queries are answered", "%s: %q: %v", l.machine.name, q.Text, err)
			case n == 0:
				results[i] = list
			default:
				if d := difference(results[i], list); d != "" {
					w.fail("replicas answer alike", "%s: %q: %s", l.machine.name, q.Text, d)
				}
			}
		}
	}
	return results
}

// checkClient compares what a client reads with what servers hold.
func (w *world) checkClient(l *life, logs *contents, results [][]string) {
	ctx, cancel := context.WithTimeout(w.ctx, time.Minute)
	defer cancel()
	session := l.node.Session(l.machine.principal())
	for i := range w.app.Queries {
		q := &w.app.Queries[i]
		list, err := q.fetch(ctx, session)
		if errors.Is(err, node.ErrDenied) {
			continue
		}
		if err != nil {
			w.fail("queries are answered", "%s: %q: %v", l.machine.name, q.Text, err)
			continue
		}
		if d := difference(results[i], list); d != "" {
			w.fail("clients read what servers hold", "%s: %q: %s", l.machine.name, q.Text, d)
		}
	}
	for entry, err := range l.node.Ledger(ctx) {
		if err != nil {
			w.fail("the ledger can be read", "%s: %v", l.machine.name, err)
			return
		}
		if entry.Status == node.Accepted && logs.at[addressOf(entry.Position)] != entry.Transaction {
			w.fail("the ledger says what is", "%s: %v, and the log has %v there", l.machine.name, entry.Receipt(), logs.at[addressOf(entry.Position)])
		}
	}
}

// checkWatches compares live queries with fetches.
func (w *world) checkWatches(results [][]string) {
	for _, m := range w.machines {
		l := m.current()
		l.mu.Lock()
		watches := l.watches
		l.mu.Unlock()
		for _, watch := range watches {
			watch.check(results)
		}
		w.checkInvariants(w.ctx, l, " at rest", l.node.Session(m.principal()))
	}
}

// checkPast reads the past: the whole of it is the present, every part of it is made of
// whole transactions, and all nodes know the same one.
func (w *world) checkPast(servers []*life, logs *contents, results [][]string) {
	if len(logs.order) == 0 {
		return
	}
	r := draw(w.schedule.Seed, forChecks)
	last := logs.order[0]
	for _, id := range logs.order {
		if last.Less(id) {
			last = id
		}
	}
	moments := []event.ID{last}
	for range 3 {
		moments = append(moments, logs.order[r.IntN(len(logs.order))])
	}
	for n, tx := range moments {
		for i := range w.app.Queries {
			if n > 0 && r.IntN(len(w.app.Queries)) > 0 {
				continue // one of them is enough
			}
			past := w.checkAsOf(servers, i, tx)
			if d := difference(results[i], past); n == 0 && d != "" {
				w.fail("the whole past is the present", "%q: %s", w.app.Queries[i].Text, d)
			}
		}
		l := servers[r.IntN(len(servers))]
		w.checkInvariants(w.ctx, l, fmt.Sprintf(" as of %v", tx), l.node.Session(l.machine.principal()).AsOfTransaction(tx))
	}
	for _, l := range servers {
		w.checkKnown(l, results)
	}
}

// checkAsOf asks all servers a query of the past, and returns the result.
func (w *world) checkAsOf(servers []*life, query int, tx event.ID) []string {
	q := &w.app.Queries[query]
	var first []string
	for n, l := range servers {
		list, err := q.fetch(w.ctx, l.node.Session(l.machine.principal()).AsOfTransaction(tx))
		if err != nil {
			w.fail("the past can be read", "%s: %q as of %v: %v", l.machine.name, q.Text, tx, err)
			continue
		}
		if n == 0 {
			first = list
		}
		if d := difference(first, list); d != "" {
			w.fail("all know the same past", "%s: %q as of %v: %s", l.machine.name, q.Text, tx, d)
		}
	}
	return first
}

// checkKnown compares what a node knows with what it shows: the fold of its logs with
// what is stored.
func (w *world) checkKnown(l *life, results [][]string) {
	cursor, err := l.node.Cursor(w.ctx)
	if err != nil {
		w.fail("stores can be read", "%s: %v", l.machine.name, err)
		return
	}
	known := l.node.Session(l.machine.principal()).AsKnown(cursor)
	for i := range w.app.Queries {
		q := &w.app.Queries[i]
		list, err := q.fetch(w.ctx, known)
		if err != nil {
			w.fail("the past can be read", "%s: %q as known: %v", l.machine.name, q.Text, err)
			continue
		}
		if d := difference(results[i], list); d != "" {
			w.fail("what is stored is the fold of the logs", "%s: %q: %s", l.machine.name, q.Text, d)
		}
	}
}
