package node

import (
	"context"
	"errors"
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node/reactor"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// A peer that held the result of a query before is told what became of it meanwhile,
// in the first of these ways that works:
//
//  1. The sum over what it holds is that over the result: it is told so.
//  2. The logs since the cursor of what it holds are short: it gets the rows of the
//     result that were touched since, and the IDs of those touched that are not in it.
//  3. The sums of its buckets tell which of them differ: it gets those.
//  4. It gets the whole result.
//
// Of 2, which cannot see rows that others moved into or out of a window, and 3 the peer
// knows whether they are right: it is told the sum over what it holds afterwards, and
// asks again, in the next way, if it is another one. What 1 and 2 cost follows what has
// changed, if the query stands here for somebody else too; otherwise it is read. The
// sum is kept with the result, for all who share it.

// What is read of the logs for one answer. When there is more, comparing costs less, which
// looks at every row of the result: as many entries as there are rows may be read as well.
const (
	minSince      = 4096 // entries, however small the result is
	maxSinceBytes = 8 << 20
)

// maxWhole is how many rows the whole result may have to be sent without a look at
// what the peer holds.
const maxWhole = 2 * bucketRows

// begin answers the question, unless the query has ended.
func (sub *subscription) begin() error {
	q, err := sub.query()
	if err != nil {
		return err
	}
	digest := digestsOf(q)
	if sub.question.Held == 0 {
		digest = nil
	}
	items, sum, ok := sub.sub.Restart(digest)
	if !ok {
		return nil
	}
	sub.reach(items.Position)
	err = sub.answer(q, items, sum)
	sub.question.Buckets, sub.question.Cursor = nil, event.Cursor{}
	return err
}

// answer tells the peer what the result is, or has it told next.
func (sub *subscription) answer(q *query.Checked, items reactor.Items, sum event.Sum) error {
	asked := sub.question
	if asked.Held == 0 {
		sub.late = sub.all(items)
		return nil
	}
	if asked.Held == uint64(items.Len()) && asked.Digest == sum.Digest() {
		return sub.sendSummary(items, sum)
	}
	since, err := sub.since(q, items, sum)
	switch {
	case err != nil:
		return err
	case since != nil:
		sub.late = since
	case len(asked.Buckets) > 0:
		sub.late = sub.difference(q, items, sum, asked.Buckets)
	case items.Len() <= maxWhole:
		sub.late = sub.all(items)
	default:
		return sub.sendSummary(items, sum)
	}
	return nil
}

// compare asks a subscription in what its result differs from what the peer holds.
func (s *server) compare(m *wire.Compare) error {
	s.mu.Lock()
	sub := s.subscriptions[m.Request]
	if sub == nil { // it has ended
		s.mu.Unlock()
		return nil
	}
	if sub.compared != nil {
		s.mu.Unlock()
		return &RefusedError{Code: wire.CodeProtocol, Text: "a result is compared that is being compared"}
	}
	sub.compared = m
	s.mu.Unlock()
	sub.wake()
	return nil
}

// takeCompare returns what is to be compared with the result; nil if nothing is.
func (sub *subscription) takeCompare() *wire.Compare {
	sub.server.mu.Lock()
	defer sub.server.mu.Unlock()
	m := sub.compared
	sub.compared = nil
	return m
}

// answerCompare has the peer told in what the result differs from what it holds.
func (sub *subscription) answerCompare(m *wire.Compare) error {
	q, err := sub.query()
	if err != nil {
		return err
	}
	items, sum, ok := sub.sub.Restart(digestsOf(q))
	if !ok {
		return nil // it has ended
	}
	sub.reach(items.Position)
	sub.late = sub.difference(q, items, sum, m.Buckets)
	return nil
}

// query is what the peer has asked.
func (sub *subscription) query() (*query.Checked, error) {
	return checked(sub.question.Query, sub.live.schema)
}

// reach notes the position of what is told of the result.
func (sub *subscription) reach(position any) {
	if c, ok := position.(event.Cursor); ok && c.Covers(sub.cursor) {
		sub.cursor = c
	}
}

func (sub *subscription) sendSummary(items reactor.Items, sum event.Sum) error {
	return sub.server.send(&wire.Summary{
		Request: sub.question.Request, Cursor: sub.cursor, Count: uint64(items.Len()), Digest: sum.Digest(),
	})
}

// all is the whole result.
func (sub *subscription) all(items reactor.Items) *news {
	n := &news{sub: sub, reset: true, resize: true, items: make([]item, 0, items.Len())}
	for _, r := range items.All() {
		n.put(item{row: r})
	}
	return n
}

// amendment is what makes of the rows that a peer holds the result.
type amendment struct {
	answer  wire.Answer
	buckets []uint16
	digest  func(*storage.Record) event.Digest

	count int       // of the rows that the peer holds afterwards
	sum   event.Sum // over them
	ahead map[event.ID]hastened
}

// hastened is a row that was sent newer than the result has it.
type hastened struct{ has, sent event.Digest }

func (sub *subscription) resuming(q *query.Checked, answer wire.Answer, count int, sum event.Sum) *news {
	n := &news{sub: sub, resize: true}
	n.amends = &amendment{answer: answer, digest: digestsOf(q), count: count, sum: sum, ahead: make(map[event.ID]hastened)}
	return n
}

// follow takes in what has changed in the result meanwhile.
func (r *amendment) follow(c *reactor.RowChange) {
	if r == nil {
		return
	}
	if h, ok := r.ahead[c.ID()]; ok {
		r.sum.Remove(h.sent)
		r.sum.Add(h.has)
		delete(r.ahead, c.ID())
	}
	if c.OldIndex >= 0 {
		r.sum.Remove(r.digest(c.Before))
		r.count--
	}
	if c.Index >= 0 {
		r.sum.Add(r.digest(c.Record))
		r.count++
	}
}

// hasten notes that a row is sent as something else than the result has.
func (r *amendment) hasten(shown, sent *storage.Record) {
	if r == nil || shown.Stamp == sent.Stamp {
		return
	}
	h := hastened{has: r.digest(shown), sent: r.digest(sent)}
	r.sum.Remove(h.has)
	r.sum.Add(h.sent)
	r.ahead[shown.Row.ID] = h
}

// sign completes the last part.
func (r *amendment) sign(last *wire.Rows) {
	if r == nil {
		return
	}
	last.Answer, last.Buckets, last.Count, last.Digest = r.answer, r.buckets, uint64(r.count), r.sum.Digest()
}

// difference is the rows of the buckets that differ from those of the peer, or all if
// those are most of them.
func (sub *subscription) difference(q *query.Checked, items reactor.Items, sum event.Sum, theirs buckets) *news {
	if len(theirs) == 0 {
		return sub.all(items)
	}
	n := sub.resuming(q, wire.AnswerCompare, items.Len(), sum)
	own, sizes := make(buckets, len(theirs)), make([]int, len(theirs))
	for _, r := range items.All() {
		own.add(r.Row.ID, n.amends.digest(r))
		sizes[wire.Bucket(r.Row.ID, len(own))]++
	}
	rows := 0
	for i, sum := range own {
		if sum != theirs[i] {
			n.amends.buckets = append(n.amends.buckets, uint16(i))
			rows += sizes[i]
		}
	}
	if rows > items.Len()*3/4 {
		return sub.all(items)
	}
	for _, r := range items.All() {
		if i := wire.Bucket(r.Row.ID, len(own)); own[i] != theirs[i] {
			n.put(item{row: r})
		}
	}
	return n
}

// since is what was touched since the cursor of what the peer holds; nil if the logs do
// not tell that.
//
// It names entities that are not in the result, whether the peer ever held them or not.
// Whoever may ask the query may read the collection, deleted entities included, so that
// tells nothing that could not be asked for. Entities that were made since are not named.
func (sub *subscription) since(q *query.Checked, items reactor.Items, sum event.Sum) (*news, error) {
	from := sub.question.Cursor
	if from.IsZero() || q.Grouping() != nil {
		return nil, nil
	}
	snapshot, leave, err := sub.server.open(sub.server.ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	t := touched{query: q, shown: sub.cursor, created: make(map[event.ID]bool), late: make(map[event.ID]bool)}
	if ok, err := t.read(sub.server.ctx, snapshot, from, max(minSince, items.Len())); !ok || err != nil {
		return nil, err
	}
	if err := t.find(sub.server.ctx, snapshot, items); err != nil {
		return nil, err
	}
	n := sub.resuming(q, wire.AnswerCursor, items.Len(), sum)
	for _, id := range t.ids {
		if r := t.rows[id]; r != nil {
			n.put(item{row: r})
		} else if !t.created[id] {
			// Of no collection: its state does not come with it.
			n.put(item{gone: &reactor.RowChange{Reason: t.reason(id), Record: &storage.Record{Row: model.Row{ID: id}}}})
		}
	}
	return n, nil
}

// touched is the entities of a query's collection that events since a cursor are of.
type touched struct {
	query   *query.Checked
	shown   event.Cursor // what the result shows
	ids     []event.ID
	created map[event.ID]bool
	late    map[event.ID]bool // by events beyond shown, perhaps too

	states map[event.ID]*storage.Record // what they are now
	rows   map[event.ID]*storage.Record // those that are in the result
}

// read reads the logs beyond a cursor. It is false if they have more than so many entries,
// are too long, do not have what the cursor covers, or do not tell what became of the
// result, because what it looks at elsewhere has changed.
func (t *touched) read(ctx context.Context, s storage.Snapshot, from event.Cursor, most int) (bool, error) {
	if !s.Cursor().Covers(from) {
		return false, nil
	}
	entries := uint64(0)
	for _, p := range s.Cursor().Positions() {
		at, _ := from.At(p.Origin)
		entries += p.Seq - at.Seq
	}
	if entries > uint64(most) {
		return false, nil
	}
	bytes := 0
	seen := make(map[event.ID]bool)
	for e, err := range s.Log(ctx, from) {
		if err != nil {
			return false, err
		}
		if bytes += e.Size(); bytes > maxSinceBytes {
			return false, nil
		}
		late := !t.shown.CoversPosition(e.Origin, e.Seq)
		for _, ev := range e.Tx.Events {
			if ev.Collection != t.query.Schema().Collection() {
				if t.looksAt(ev.Collection) {
					return false, nil
				}
				continue
			}
			if t.looksAt(ev.Collection) {
				return false, nil
			}
			t.created[ev.Entity] = t.created[ev.Entity] || ev.IsCreation()
			t.late[ev.Entity] = t.late[ev.Entity] || late
			if !seen[ev.Entity] {
				seen[ev.Entity] = true
				t.ids = append(t.ids, ev.Entity)
			}
		}
	}
	slices.SortFunc(t.ids, event.ID.Compare) // neighbours are found together, here and by the peer
	return true, nil
}

// looksAt reports whether the query's references lead to a collection.
func (t *touched) looksAt(collection string) bool {
	for _, f := range t.query.Follows() {
		if f.Schema.Collection() == collection {
			return true
		}
	}
	return false
}

// find finds out which of the entities are in the result. One that may have another place
// there than it has now is looked for in all of it.
func (t *touched) find(ctx context.Context, s storage.Snapshot, items reactor.Items) error {
	t.states = make(map[event.ID]*storage.Record, len(t.ids))
	t.rows = make(map[event.ID]*storage.Record, len(t.ids))
	ordered := len(t.query.Order()) > 0
	wanted := make(map[event.ID]bool)
	for _, id := range t.ids {
		r, err := s.State(ctx, t.query.Schema().Collection(), id)
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return err
		}
		if err != nil { // a duplicate of what counts elsewhere
			continue
		}
		t.states[id] = r
		if ordered && (t.late[id] || !t.query.OwnOrder()) {
			wanted[id] = true
		} else if found := items.Find(r); found != nil {
			t.rows[id] = found
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	for _, r := range items.All() {
		if wanted[r.Row.ID] {
			t.rows[r.Row.ID] = r
		}
	}
	return nil
}

// reason is why an entity is not in the result.
func (t *touched) reason(id event.ID) reactor.Reason {
	r := t.states[id]
	_, limited := t.query.Limit()
	switch {
	case r == nil:
		return reactor.NoMatch
	case r.Row.Deleted:
		return reactor.Deleted
	case (limited || t.query.Offset() > 0) && len(t.query.Joined()) == 0 && t.query.Match(&r.Row):
		return reactor.Limit
	}
	return reactor.NoMatch
}
