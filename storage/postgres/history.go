package postgres

import (
	"context"
	"fmt"
	"iter"

	"github.com/jackc/pgx/v5"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

const selectEvents = `
	SELECT e.id, e.tx, e.origin, e.seq, e.ordinal, o.origin, l.entry
	FROM _events e JOIN _origins o ON o.number = e.origin JOIN _log l ON l.origin = e.origin AND l.seq = e.seq
	WHERE e.entity = $1`

// Event returns one event of an entity.
func (s *snapshot) Event(ctx context.Context, entity, id event.ID) (storage.Stored, error) {
	args := []any{entity.String(), id.String()}
	for st, err := range guarded(ctx, s, rows(ctx, s.reader, ofEvents, selectEvents+` AND e.id = $2`, args, s.scanEvent)) {
		return st, err
	}
	return storage.Stored{}, storage.ErrNotFound
}

// Events yields the events of an entity in the order of their IDs.
func (s *snapshot) Events(ctx context.Context, entity event.ID, except event.Head) iter.Seq2[storage.Stored, error] {
	all := func() iter.Seq2[storage.Stored, error] {
		return guarded(ctx, s, rows(ctx, s.reader, ofEvents, selectEvents+` ORDER BY e.id`, []any{entity.String()}, s.scanEvent))
	}
	if len(except) == 0 {
		return all()
	}
	return func(yield func(storage.Stored, error) bool) {
		past, err := pastOf(all(), except)
		if err != nil {
			yield(storage.Stored{}, err)
			return
		}
		for st, err := range all() {
			if err == nil && past[st.Event.ID] {
				continue
			}
			if !yield(st, err) {
				return
			}
		}
	}
}

// pastOf returns the events of a head and their ancestors. As the order of IDs is one
// in which precursors come first, walking it backwards meets descendants first.
func pastOf(all iter.Seq2[storage.Stored, error], head event.Head) (map[event.ID]bool, error) {
	type link struct {
		id         event.ID
		precursors event.Head
	}
	var links []link
	for st, err := range all {
		if err != nil {
			return nil, err
		}
		links = append(links, link{st.Event.ID, st.Event.Precursors})
	}
	past := make(map[event.ID]bool)
	for i := len(links) - 1; i >= 0; i-- {
		l := links[i]
		if !past[l.id] && !head.Contains(l.id) {
			continue
		}
		past[l.id] = true
		for _, p := range l.precursors {
			past[p] = true
		}
	}
	return past, nil
}

func (s *snapshot) scanEvent(r pgx.Rows) (st storage.Stored, err error) {
	var id, tx string
	var number, ordinal int
	var seq int64
	var origin, stored []byte
	if err := r.Scan(&id, &tx, &number, &seq, &ordinal, &origin, &stored); err != nil {
		return st, err
	}
	if len(origin) != len(st.Origin) {
		return st, &storage.CorruptError{What: fmt.Sprintf("origin %d", number), Err: errLength}
	}
	copy(st.Origin[:], origin)
	st.Seq = uint64(seq)
	b, err := unseal(stored, entryName(number, st.Seq))
	if err == nil {
		st.Event, err = event.DecodeEntryEvent(b, ordinal)
	}
	if err == nil {
		st.Tx, err = event.ParseID(tx)
	}
	if err == nil && st.Event.ID.String() != id {
		err = fmt.Errorf("the event there is %s", st.Event.ID)
	}
	if err != nil {
		return storage.Stored{}, &storage.CorruptError{
			What: fmt.Sprintf("event %s, in entry %d of log %s", id, seq, st.Origin.Short()), Err: err,
		}
	}
	return st, nil
}

// Log yields the entries beyond a cursor: of each log in sequence, and logs merged by
// the IDs of transactions.
func (s *snapshot) Log(ctx context.Context, after event.Cursor) iter.Seq2[*event.Entry, error] {
	return func(yield func(*event.Entry, error) bool) {
		if err := s.usable(ctx); err != nil {
			yield(nil, err)
			return
		}
		var logs []*pulled
		defer func() {
			for _, l := range logs {
				l.stop()
			}
		}()
		for _, p := range s.reader.cursor.Positions() {
			from, _ := after.At(p.Origin)
			if from.Seq >= p.Seq {
				continue
			}
			l := newPulled(s.entries(ctx, p.Origin, from.Seq))
			logs = append(logs, l)
			if l.pull(); l.err != nil {
				yield(nil, l.err)
				return
			}
		}
		merge(ctx, logs, yield)
	}
}

// entries yields the entries of one log behind a sequence.
func (s *snapshot) entries(ctx context.Context, origin event.Origin, after uint64) iter.Seq2[*event.Entry, error] {
	const sql = `
		SELECT l.origin, l.seq, l.entry FROM _log l JOIN _origins o ON o.number = l.origin
		WHERE o.origin = $1 AND l.seq > $2 ORDER BY l.seq`
	return rows(ctx, s.reader, ofEntries, sql, []any{origin[:], int64(after)}, func(r pgx.Rows) (*event.Entry, error) {
		var number int
		var seq int64
		var stored []byte
		if err := r.Scan(&number, &seq, &stored); err != nil {
			return nil, err
		}
		b, err := unseal(stored, entryName(number, uint64(seq)))
		var e *event.Entry
		if err == nil {
			e, err = event.DecodeEntry(b)
		}
		if err != nil {
			return nil, &storage.CorruptError{What: fmt.Sprintf("entry %d of log %s", seq, origin.Short()), Err: err}
		}
		return e, nil
	})
}

// pulled is a log whose next entry is at hand.
type pulled struct {
	next  func() (*event.Entry, error, bool)
	stop  func()
	entry *event.Entry // nil at the end
	err   error
}

func newPulled(entries iter.Seq2[*event.Entry, error]) *pulled {
	l := new(pulled)
	l.next, l.stop = iter.Pull2(entries)
	return l
}

func (l *pulled) pull() {
	entry, err, ok := l.next()
	l.entry, l.err = entry, err
	if !ok || err != nil {
		l.entry = nil
	}
}

// merge yields the entries of logs in the order of their transactions' IDs, and those
// with one ID in that of the logs.
func merge(ctx context.Context, logs []*pulled, yield func(*event.Entry, error) bool) {
	for {
		var first *pulled
		for _, l := range logs {
			if l.entry != nil && (first == nil || l.entry.Tx.ID.Less(first.entry.Tx.ID)) {
				first = l
			}
		}
		if first == nil {
			return
		}
		if err := ctx.Err(); err != nil {
			yield(nil, err)
			return
		}
		if !yield(first.entry, nil) {
			return
		}
		if first.pull(); first.err != nil {
			yield(nil, first.err)
			return
		}
	}
}
