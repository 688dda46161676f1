package main

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"time"

	tikverr "github.com/tikv/client-go/v2/error"
	"github.com/tikv/client-go/v2/txnkv"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage/tikv"
)

// txnkvShelf writes the keys that ours writes, with as many bytes: an entry, an address
// and a state for each row, and for each transaction the end of the log and a lease.
type txnkvShelf struct {
	*rawBook
	client   *txnkv.Client
	folder   string // before all keys
	indexed  bool
	gatherer *gatherer // nil: everybody commits alone
}

func openTxnkv(ctx context.Context, r *run, writers int, indexed bool) (shelf, error) {
	s, err := r.newTxnkvShelf(ctx)
	if err != nil {
		return nil, err
	}
	s.indexed = indexed
	if writers > 1 {
		s.gatherer = gather(ctx, s.commit)
	}
	return s, nil
}

func (r *run) newTxnkvShelf(ctx context.Context) (*txnkvShelf, error) {
	book, err := newRawBook(ctx, r)
	if err != nil {
		return nil, err
	}
	tikv.Quiet()
	client, err := txnkv.NewClient([]string{r.tikv})
	if err != nil {
		return nil, err
	}
	return &txnkvShelf{rawBook: book, client: client, folder: "raw/" + r.name() + "/"}, nil
}

// The keys have the lengths of ours.

func (s *txnkvShelf) key(table byte, parts ...[]byte) []byte {
	b := append([]byte(s.folder), table, 1)
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func (s *txnkvShelf) stateKey(id event.ID) []byte { return s.key('s', id[:]) }

func (s *txnkvShelf) ownerKey(owner string, id []byte) []byte {
	return s.key('i', append([]byte(owner), 0), id)
}

func sequence(seq int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(seq)) }

// set is a transaction of which keys are written.
type set interface{ Set(key, value []byte) error }

func (s *txnkvShelf) write(txn set, row *rawRow) error {
	w, n := row.weight, len(s.folder)
	put := func(key []byte, total int) error {
		return txn.Set(key, padding(max(total-(len(key)-n), 1), row.seq))
	}
	state := s.stateKey(row.entity)
	err := errors.Join(
		put(s.key('l', sequence(row.seq)), w.entry),
		put(s.key('e', row.entity[:], row.event[:]), w.address),
		txn.Set(state, row.state(w.state-(len(state)-n))))
	if s.indexed {
		err = errors.Join(err, txn.Set(s.ownerKey(row.item.Owner, row.entity[:]), []byte{0}))
	}
	return err
}

// commit writes rows in one transaction.
func (s *txnkvShelf) commit(ctx context.Context, rows []*rawRow) error {
	return s.transaction(ctx, func(txn set) error {
		for _, row := range rows {
			if err := s.write(txn, row); err != nil {
				return err
			}
		}
		last := rows[len(rows)-1]
		return errors.Join(txn.Set(s.key('m', []byte("position")), padding(10, last.seq)), txn.Set(s.key('m', []byte("lease/1")), padding(17, 1)))
	})
}

// transaction commits in one phase where that is possible, as ours does.
func (s *txnkvShelf) transaction(ctx context.Context, write func(txn set) error) error {
	txn, err := s.client.Begin()
	if err != nil {
		return err
	}
	txn.SetEnableAsyncCommit(true)
	txn.SetEnable1PC(true)
	if err := write(txn); err != nil {
		return errors.Join(err, txn.Rollback())
	}
	return txn.Commit(ctx)
}

func (s *txnkvShelf) create(ctx context.Context, i int, e *item) error {
	row, err := s.rawBook.create(i, e)
	if err != nil {
		return err
	}
	return s.store(ctx, row)
}

func (s *txnkvShelf) update(ctx context.Context, i, score int) error {
	row, err := s.rawBook.update(i, score)
	if err != nil {
		return err
	}
	return s.store(ctx, row)
}

func (s *txnkvShelf) store(ctx context.Context, row *rawRow) error {
	if s.gatherer != nil {
		return s.gatherer.commit(row)
	}
	return s.commit(ctx, []*rawRow{row})
}

func (s *txnkvShelf) batch(ctx context.Context, first int, list []item) error {
	rows, err := s.rawBook.batch(first, list)
	if err != nil {
		return err
	}
	return s.commit(ctx, rows)
}

// get reads at a new timestamp.
func (s *txnkvShelf) get(ctx context.Context, seen *seen, i int) error {
	ts, err := s.client.GetTimestamp(ctx)
	if err != nil {
		return err
	}
	value, err := s.client.GetSnapshot(ts).Get(ctx, s.stateKey(s.idOf(i)))
	if err == nil {
		show(seen, value)
	}
	return err
}

// eq reads the entries of an index, and then all states that they lead to.
func (s *txnkvShelf) eq(ctx context.Context, seen *seen, owner string) error {
	ts, err := s.client.GetTimestamp(ctx)
	if err != nil {
		return err
	}
	snapshot := s.client.GetSnapshot(ts)
	low := s.ownerKey(owner, nil)
	entries, err := snapshot.Iter(low, after(low))
	if err != nil {
		return err
	}
	defer entries.Close()
	var keys [][]byte
	for ; entries.Valid(); err = errors.Join(err, entries.Next()) {
		keys = append(keys, s.stateKey(event.ID(entries.Key()[len(low):])))
		if err != nil {
			return err
		}
	}
	states, err := snapshot.BatchGet(ctx, keys)
	for _, value := range states {
		show(seen, value)
	}
	return err
}

func (s *txnkvShelf) close() error {
	if s.gatherer != nil {
		s.gatherer.close()
	}
	return s.client.Close()
}

// txnkvRows is what a program does that keeps no history: a key for an entity, and a
// transaction for a key.
type txnkvRows struct{ *txnkvShelf }

func openTxnkvRows(ctx context.Context, r *run, _ int, _ bool) (shelf, error) {
	s, err := r.newTxnkvShelf(ctx)
	if err != nil {
		return nil, err
	}
	return txnkvRows{s}, nil
}

// put begins anew when another writer has changed the entity meanwhile.
func (s txnkvRows) put(ctx context.Context, row *rawRow, err error) error {
	write := func(txn set) error { return txn.Set(s.stateKey(row.entity), row.state(0)) }
	for err == nil {
		if err = s.transaction(ctx, write); !tikverr.IsErrWriteConflict(err) {
			return err
		}
		err = ctx.Err()
	}
	return err
}

func (s txnkvRows) create(ctx context.Context, i int, e *item) error {
	row, err := s.rawBook.create(i, e)
	return s.put(ctx, row, err)
}

func (s txnkvRows) update(ctx context.Context, i, score int) error {
	row, err := s.rawBook.update(i, score)
	return s.put(ctx, row, err)
}

// txnkvLog is a range of entries.
type txnkvLog struct{ *txnkvShelf }

func openTxnkvLog(ctx context.Context, r *run, list []happening) (source, error) {
	s, err := r.newTxnkvShelf(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.rawBook.logged(list)
	if err != nil {
		return nil, err
	}
	for ; len(rows) > 0; rows = rows[min(r.batch, len(rows)):] {
		if err := s.commit(ctx, rows[:min(r.batch, len(rows))]); err != nil {
			return nil, err
		}
	}
	return txnkvLog{s}, nil
}

// fold reads the entries, and does nothing with them.
func (l txnkvLog) fold(_ context.Context, deadline time.Time) (n, sum int, err error) {
	snapshot := l.client.GetSnapshot(math.MaxUint64)
	snapshot.SetScanBatchSize(1024)
	entries, err := snapshot.Iter(l.key('l', sequence(0)), l.key('m'))
	if err != nil {
		return 0, 0, err
	}
	defer entries.Close()
	for entries.Valid() {
		sum += len(entries.Value())
		if n++; n%1024 == 0 && time.Now().After(deadline) {
			return n, 0, nil
		}
		if err := entries.Next(); err != nil {
			return n, 0, err
		}
	}
	return n, sum, nil
}
