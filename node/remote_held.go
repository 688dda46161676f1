package node

import (
	"maps"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
)

// What a live query of an ephemeral node holds is compared with the result by sums over
// both: when the peer is asked again, and now and then. See serve_resume.go for the
// answers. What cannot be right is not shown; the peer is asked for more instead.

// asks is the query whose result the base is.
func (s *subject) digest(r *storage.Record) event.Digest { return digestsOf(s.asks())(r) }

// hold makes rows the base.
func (s *subject) hold(base map[event.ID]*storage.Record) {
	s.base, s.sum = base, event.Sum{}
	for _, r := range base {
		s.sum.Add(s.digest(r))
	}
}

// put puts a row into the base. It needs mu.
func (s *subject) put(r *storage.Record) {
	s.drop(r.Row.ID)
	s.base[r.Row.ID] = r
	s.sum.Add(s.digest(r))
}

// drop takes a row out of the base. It needs mu.
func (s *subject) drop(id event.ID) {
	if r := s.base[id]; r != nil {
		s.sum.Remove(s.digest(r))
		delete(s.base, id)
	}
}

// is reports whether the base has so many rows and that sum. It needs mu.
func (s *subject) is(count uint64, digest event.Digest) bool {
	return uint64(len(s.base)) == count && s.sum.Digest() == digest
}

// question asks for the query, as far as it is not known yet.
func (l *remote) question(request, as uint64) *wire.Subscribe {
	seen := l.owner.covered()
	l.mu.Lock()
	l.astray, l.comparing, l.buckets, l.guessed, l.unexplained = false, false, 0, false, nil
	m := &wire.Subscribe{Request: request, As: as, Collection: l.schema.Collection(), Query: l.text, Seen: seen}
	if l.distrusted {
		l.mu.Unlock()
		return m
	}
	m.Held, m.Digest = uint64(len(l.base)), l.sum.Digest()
	if !l.windowed() && l.groups == nil && len(l.base) > 0 {
		// What a node held when it was closed was most likely the result then.
		if m.Cursor = l.cursor; m.Cursor.IsZero() {
			m.Cursor, l.guessed = seen, true
		}
	}
	var rows map[event.ID]*storage.Record
	if m.Cursor.IsZero() || len(l.query.Joined()) > 0 {
		if l.buckets = bucketsFor(len(l.base)); l.buckets > 0 {
			rows = maps.Clone(l.base)
		}
	}
	digest, n := digestsOf(l.asks()), l.buckets
	l.mu.Unlock()
	m.Buckets = sumsOf(rows, digest, n)
	return m
}

// sumsOf is what is told of rows for comparing them.
func sumsOf(rows map[event.ID]*storage.Record, digest func(*storage.Record) event.Digest, n int) buckets {
	if n == 0 {
		return nil
	}
	sums := make(buckets, n)
	for id, r := range rows {
		sums.add(id, digest(r))
	}
	return sums
}

// compare asks in what the base differs from the result. It needs the keeper's token.
func (l *remote) compare(request uint64) *wire.Compare {
	l.mu.Lock()
	l.astray, l.comparing, l.buckets = false, true, bucketsFor(len(l.base))
	digest, n := digestsOf(l.asks()), l.buckets
	l.mu.Unlock()
	return &wire.Compare{Request: request, Buckets: sumsOf(l.base, digest, n)}
}

// confirm takes in what the peer says of the result as a whole. It reports false if the
// base is something else, and whether that has to be asked about. It needs the keeper's token.
func (l *remote) confirm(m *wire.Summary) (right, ask bool) {
	l.mu.Lock()
	if l.comparing {
		l.mu.Unlock()
		return false, false
	}
	if right = l.is(m.Count, m.Digest); right {
		l.cursor = m.Cursor
	}
	reached := l.reach(m.Cursor)
	l.mu.Unlock()
	if len(reached) > 0 {
		l.update(reached, nil)
	}
	if !right {
		return false, true
	}
	if l.State().Phase == entity.Loading {
		l.replace(nil)
	}
	l.become(entity.Complete, nil)
	return true, false
}

// amended is what an answer makes of the base.
type amended struct {
	gone []event.ID // of the base, without a word of why
	fits bool       // what it makes of the base is what the peer says
}

// amend works out what an answer makes of the base. It needs the keeper's token.
func (l *remote) amend(m *wire.Rows, records []*storage.Record) amended {
	sum, count := l.sum, len(l.base)
	now := make(map[event.ID]*storage.Record, len(records))
	for _, r := range records {
		before := now[r.Row.ID]
		if before == nil {
			before = l.base[r.Row.ID]
		}
		if before != nil {
			sum.Remove(l.digest(before))
			count--
		}
		sum.Add(l.digest(r))
		count++
		now[r.Row.ID] = r
	}
	var a amended
	left := make(map[event.ID]bool)
	leave := func(id event.ID) bool {
		r := l.base[id]
		if r == nil || now[id] != nil || left[id] {
			return false
		}
		left[id] = true
		sum.Remove(l.digest(r))
		count--
		return true
	}
	for i := range m.Departures {
		leave(m.Departures[i].ID)
	}
	if len(m.Buckets) > 0 && l.buckets > 0 {
		differ := make([]bool, wire.MaxBuckets)
		for _, bucket := range m.Buckets {
			differ[bucket] = true
		}
		for id := range l.base {
			if differ[wire.Bucket(id, l.buckets)] && leave(id) {
				a.gone = append(a.gone, id)
			}
		}
	}
	a.fits = uint64(count) == m.Count && sum.Digest() == m.Digest
	return a
}
