package tikv

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	tikverr "github.com/tikv/client-go/v2/error"
	"github.com/tikv/client-go/v2/txnkv/transaction"

	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/kv"
)

// The names of control keys.
const (
	controlFence  = 'f'
	controlPieces = 'p' // there are values in pieces, or there were
)

// fence is a key that every transaction compares and moves on. It makes every write
// conflict with those of any other opening of the system, and tells whether a write
// whose answer was lost was kept.
type fence struct {
	opening [16]byte
	write   uint64
}

func (f fence) encode() []byte { return binary.BigEndian.AppendUint64(f.opening[:], f.write) }

func decodeFence(b []byte) (f fence, err error) {
	if len(b) != len(f.opening)+8 {
		return f, &storage.CorruptError{What: "the fence"}
	}
	copy(f.opening[:], b)
	f.write = binary.BigEndian.Uint64(b[len(f.opening):])
	return f, nil
}

// Write makes one transaction of the operations. It tries again as long as the options
// allow, whatever the cluster answers: as the fence counts writes, one that was kept is
// not made twice.
func (d *driver) Write(ctx context.Context, w *kv.Writes, _ bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	// A commit that has begun is brought to its end, since nobody can take it back.
	patience, cancel := context.WithTimeout(d.ctx, d.patience)
	defer cancel()
	next := fence{d.fence.opening, d.fence.write + 1}
	uncertain := false
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		sent, err := d.attempt(patience, w, next)
		uncertain = uncertain || sent
		switch {
		case err == nil:
			d.fence = next
			return nil
		case errors.Is(err, storage.ErrLocked), errors.Is(err, storage.ErrCorrupt):
			return err
		case errors.Is(err, storage.ErrFull) && !uncertain:
			return err
		case !uncertain && ctx.Err() != nil:
			return ctx.Err()
		}
		if !sleep(patience, pause) {
			if uncertain {
				return fmt.Errorf("tikv: %w: %w", storage.ErrUnknown, err)
			}
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

// attempt makes one transaction, unless the store has the write already. It reports
// whether something was sent that may be kept although there is an error.
func (d *driver) attempt(ctx context.Context, w *kv.Writes, next fence) (sent bool, err error) {
	t, err := d.begin(ctx)
	if err != nil {
		return false, err
	}
	found, err := t.fence(ctx)
	switch {
	case err != nil:
		return false, err
	case found.opening != next.opening:
		return false, fmt.Errorf("tikv: %w: it was opened elsewhere, and belongs to that opening now", storage.ErrLocked)
	case found.write == next.write:
		return false, nil
	}
	if err := t.apply(ctx, w); err != nil {
		return false, err
	}
	if err := t.set(d.control(controlFence), next.encode()); err != nil {
		return false, err
	}
	return t.commit(ctx)
}

// txn is one transaction being made.
type txn struct {
	driver *driver
	txn    *transaction.KVTxn
	pieces bool // the store may have values in pieces
	adds   bool // this transaction writes some
}

func (d *driver) begin(ctx context.Context) (*txn, error) {
	ts, err := d.timestamp(ctx)
	if err != nil {
		return nil, err
	}
	return d.beginAt(ts)
}

func (d *driver) beginAt(ts uint64) (*txn, error) {
	t, err := d.client.Begin(startAt(ts))
	if err != nil {
		return nil, classify(err)
	}
	t.SetEnableAsyncCommit(true)
	t.SetEnable1PC(true)
	// What a batch holds is bounded by who makes it, and must be kept as a whole.
	t.GetUnionStore().SetEntrySizeLimit(math.MaxUint64, math.MaxUint64)
	return &txn{driver: d, txn: t}, nil
}

// fence reads the control keys in the transaction.
func (t *txn) fence(ctx context.Context) (fence, error) {
	d := t.driver
	keys := [][]byte{d.control(controlFence), d.control(controlPieces)}
	found, err := t.txn.GetSnapshot().BatchGet(ctx, keys)
	if err != nil {
		return fence{}, classify(err)
	}
	_, t.pieces = found[string(keys[1])]
	return decodeFence(found[string(keys[0])])
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
		end := append(slices.Clone(key[:len(key)-4]), 0xFF, 0xFF, 0xFF, 0xFF)
		if err := t.deleteAll(r, span{t.driver.piece(nil, keys[i], 0), end}); err != nil {
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

// commit ends the transaction. Only a conflict is certain to have left nothing behind.
func (t *txn) commit(ctx context.Context) (sent bool, err error) {
	err = t.txn.Commit(ctx)
	if err == nil {
		return false, nil
	}
	return !tikverr.IsErrWriteConflict(err), classify(err)
}
