package tikv

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	tikverr "github.com/tikv/client-go/v2/error"
	"github.com/tikv/client-go/v2/tikv"
	"github.com/tikv/client-go/v2/txnkv/transaction"

	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/kv"
)

// controlPieces is the name of a control key: there are values in pieces, or there were.
const controlPieces = 'p'

// WriteOver implements kv.SharedDriver: the transaction begins at the timestamp of base, and
// so conflicts with everything that was committed since to a key that it writes.
func (d *driver) WriteOver(ctx context.Context, base kv.Reader, w *kv.Writes) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	// A commit that has begun is brought to its end, since nobody can take it back.
	patience, cancel := context.WithTimeout(d.ctx, d.patience)
	defer cancel()
	r := base.(*reader)
	t, err := d.begin(r.ts)
	if err != nil {
		return err
	}
	if err := t.findPieces(patience, r); err != nil {
		return err
	}
	if err := t.apply(patience, w); err != nil {
		return err
	}
	err = t.commit(patience)
	if d.notices != nil && (err == nil || errors.Is(err, storage.ErrUnknown)) {
		d.notices.wrote()
	}
	return err
}

// Write writes over the newest state, whatever that is.
func (d *driver) Write(ctx context.Context, w *kv.Writes, _ bool) error {
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		r, err := d.Snapshot()
		if err != nil {
			return err
		}
		err = errors.Join(d.WriteOver(ctx, r, w), r.Close())
		if !errors.Is(err, kv.ErrMoved) || !sleep(ctx, pause) {
			return err
		}
	}
}

const (
	firstPause   = 2 * time.Millisecond
	longestPause = 500 * time.Millisecond
)

// sleep waits, and reports whether ctx goes on.
func sleep(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// txn is one transaction being made.
type txn struct {
	driver *driver
	txn    *transaction.KVTxn
	pieces bool // the store may have values in pieces
	adds   bool // this transaction writes some
}

func (d *driver) begin(ts uint64) (*txn, error) {
	t, err := d.client.Begin(tikv.WithStartTS(ts))
	if err != nil {
		return nil, classify(err)
	}
	t.SetEnableAsyncCommit(true)
	t.SetEnable1PC(true)
	// What a batch holds is bounded by who makes it, and must be kept as a whole.
	t.GetUnionStore().SetEntrySizeLimit(math.MaxUint64, math.MaxUint64)
	return &txn{driver: d, txn: t}, nil
}

// findPieces finds out whether the store may have values in pieces, at the time of a reader
// that may have read it.
func (t *txn) findPieces(ctx context.Context, r *reader) error {
	if known := r.hasPieces.Load(); known != nil {
		t.pieces = *known
		return nil
	}
	_, err := t.txn.GetSnapshot().Get(ctx, t.driver.control(controlPieces))
	t.pieces = err == nil
	if err == nil || tikverr.IsErrNotFound(err) {
		return nil
	}
	return classify(err)
}

// apply translates the operations.
func (t *txn) apply(ctx context.Context, w *kv.Writes) error {
	if t.pieces {
		if err := t.removePieces(ctx, w); err != nil {
			return err
		}
	}
	var done []kv.Op
	for op := range w.All() {
		var err error
		switch op.Kind {
		case kv.OpSet:
			err = t.setValue(op.Key, op.Value)
		case kv.OpDelete:
			err = t.delete(t.driver.key(nil, op.Key))
		case kv.OpDeleteRange:
			err = t.deleteRange(done, op.Key, op.Value)
		}
		if err != nil {
			return err
		}
		done = append(done, op)
	}
	if t.adds && !t.pieces {
		return t.set(t.driver.control(controlPieces), []byte{1})
	}
	return nil
}

func (t *txn) setValue(key, value []byte) error {
	physical := t.driver.key(nil, key)
	head, pieces := encode(key, value)
	for i, p := range pieces {
		t.adds = true
		if err := t.set(t.driver.piece(nil, physical, i), p); err != nil {
			return err
		}
	}
	return t.set(physical, head)
}

func (t *txn) set(key, value []byte) error {
	if err := t.txn.Set(key, value); err != nil {
		return classify(err)
	}
	return nil
}

func (t *txn) delete(key []byte) error {
	if err := t.txn.Delete(key); err != nil {
		return classify(err)
	}
	return nil
}

// removePieces deletes the pieces of all values that are about to be replaced.
func (t *txn) removePieces(ctx context.Context, w *kv.Writes) error {
	r := &reader{driver: t.driver, ts: t.txn.StartTS()}
	var first [][]byte
	var keys [][]byte
	for op := range w.All() {
		if op.Kind != kv.OpDeleteRange {
			physical := t.driver.key(nil, op.Key)
			keys, first = append(keys, physical), append(first, t.driver.piece(nil, physical, 0))
		}
	}
	found, err := t.txn.GetSnapshot().BatchGet(ctx, first)
	if err != nil {
		return classify(err)
	}
	for i, key := range first {
		if _, ok := found[string(key)]; !ok {
			continue
		}
		if err := t.deletePieces(r, keys[i]); err != nil {
			return err
		}
	}
	return nil
}

// deleteRange deletes what the store has from lo to hi, and what operations before this
// one have put there.
func (t *txn) deleteRange(done []kv.Op, lo, hi []byte) error {
	within := func(key []byte) bool {
		return slices.Compare(key, lo) >= 0 && (len(hi) == 0 || slices.Compare(key, hi) < 0)
	}
	for _, op := range done {
		if op.Kind == kv.OpSet && within(op.Key) {
			if err := t.delete(t.driver.key(nil, op.Key)); err != nil {
				return err
			}
		}
	}
	r := &reader{driver: t.driver, ts: t.txn.StartTS()}
	if len(lo) > maxKey || len(hi) > maxKey {
		return t.deleteScanned(r, lo, hi)
	}
	for _, at := range t.driver.spans(lo, hi) {
		if err := t.deleteAll(r, at); err != nil {
			return err
		}
		if t.pieces {
			if err := t.deleteAll(r, t.driver.piecesOf(at)); err != nil {
				return err
			}
		}
	}
	return nil
}

// deleteScanned is deleteRange for a range whose bounds are cut, so that it takes whole keys
// to tell what is within.
func (t *txn) deleteScanned(r *reader, lo, hi []byte) error {
	it := r.Scan(lo, hi, false)
	for it.Next() {
		physical := t.driver.key(nil, it.Key())
		err := t.delete(physical)
		if err == nil && t.pieces {
			err = t.deletePieces(r, physical)
		}
		if err != nil {
			return errors.Join(err, it.Close())
		}
	}
	return it.Close()
}

// deletePieces deletes the pieces of one value.
func (t *txn) deletePieces(r *reader, physical []byte) error {
	first := t.driver.piece(nil, physical, 0)
	end := append(first[:len(first)-4:len(first)-4], 0xFF, 0xFF, 0xFF, 0xFF)
	return t.deleteAll(r, span{first, end})
}

// piecesOf is where the pieces of a range's values are.
func (l layout) piecesOf(at span) span {
	n := len(l.folder)
	move := func(key []byte) []byte { return slices.Concat(key[:n], []byte{bucketPieces}, key[n:]) }
	return span{move(at.lo), move(at.hi)}
}

// deleteAll deletes all physical keys of a range.
func (t *txn) deleteAll(r *reader, at span) error {
	snapshot := t.driver.client.GetSnapshot(r.ts)
	snapshot.SetKeyOnly(true)
	snapshot.SetScanBatchSize(mostKeys)
	it, err := iterate(snapshot, at, false)
	for err == nil && it.Valid() {
		if err := t.delete(it.Key()); err != nil {
			return err
		}
		err = it.Next()
	}
	if err != nil {
		return classify(err)
	}
	it.Close()
	return nil
}

// commit ends the transaction. Of its errors only a conflict, and a disk that was full
// before anything was sent, are certain to have left nothing behind.
func (t *txn) commit(ctx context.Context) error {
	err := t.txn.Commit(ctx)
	switch {
	case err == nil:
		return nil
	case tikverr.IsErrWriteConflict(err):
		return fmt.Errorf("tikv: %w: %w", kv.ErrMoved, err)
	case errors.Is(err, tikverr.ErrTiKVDiskFull):
		return classify(err)
	}
	return fmt.Errorf("tikv: %w: %w", storage.ErrUnknown, err)
}
