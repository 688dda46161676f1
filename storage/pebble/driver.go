package pebble

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/cockroachdb/errors/oserror"
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/kv"
)

// Open opens the folder, makes it if it is missing, and returns the engine over
// it. The caller closes the engine. See the package comment for what is promised.
func Open(ctx context.Context, dir string, options Options) (storage.Engine, error) {
	d, err := openDriver(dir, options)
	if err != nil {
		return nil, err
	}
	return kv.Open(ctx, d, kv.Options{Relaxed: options.Relaxed, CacheBytes: options.Resident})
}

// driver is a Pebble store as the engine wants it.
type driver struct {
	db      *pebble.DB
	lock    io.Closer
	ballast *ballast
	relaxed bool // commits are not synced
	// broken is set once, by Write, when the store's log could not be written.
	broken bool
}

var _ kv.Driver = (*driver)(nil)

func openDriver(dir string, options Options) (*driver, error) {
	fs := options.FS
	if fs == nil {
		fs = vfs.Default
	}
	if dir == "" {
		return nil, errors.New("pebble: the folder has no name")
	}
	if err := makeFolder(fs, dir); err != nil {
		return nil, fmt.Errorf("pebble: make folder %s: %w", dir, err)
	}
	path, err := resolve(fs, dir)
	if err != nil {
		return nil, fmt.Errorf("pebble: find folder %s: %w", dir, err)
	}
	lock, err := fs.Lock(fs.PathJoin(path, lockFile))
	if err != nil {
		return nil, fmt.Errorf("pebble: lock folder %s: %w", dir, classifyLock(err))
	}
	d, err := openLocked(path, fs, options)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("pebble: open folder %s: %w", dir, classify(err)), lock.Close())
	}
	d.lock = lock
	return d, nil
}

func openLocked(dir string, fs vfs.FS, options Options) (*driver, error) {
	if err := checkFormat(dir, fs); err != nil {
		return nil, err
	}
	b := &ballast{fs: fs, path: fs.PathJoin(dir, ballastFile)}
	po := options.pebbleOptions(orderedFS{b.guard(), b}, logger{options.Logger})
	if err := create(dir, fs, po); err != nil {
		return nil, err
	}
	store := fs.PathJoin(dir, storeFolder)
	enough, err := b.enough(store)
	if err != nil {
		return nil, err
	}
	po.ReadOnly = !enough
	db, err := pebble.Open(store, po)
	if err != nil {
		return nil, err
	}
	if err := b.fill(options.ballast()); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &driver{db: db, ballast: b, relaxed: options.Relaxed}, nil
}

// Traits says that bytes are borrowed and that a synced write waits.
func (d *driver) Traits() kv.Traits { return kv.Traits{QuickWrites: d.relaxed} }

// Write applies the batch as one Pebble batch.
func (d *driver) Write(ctx context.Context, w *kv.Writes, sync bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if d.ballast.full.Load() {
		return fmt.Errorf("pebble: %w", storage.ErrFull)
	}
	batch := d.db.NewBatchWithSize(w.Size() + 16*w.Len() + 64)
	defer batch.Close()
	for op := range w.All() {
		if err := add(batch, op); err != nil {
			return fmt.Errorf("pebble: %w", err)
		}
	}
	return d.commit(batch, sync)
}

func add(batch *pebble.Batch, op kv.Op) error {
	switch op.Kind {
	case kv.OpSet:
		return batch.Set(op.Key, op.Value, nil)
	case kv.OpDelete:
		return batch.Delete(op.Key, nil)
	case kv.OpDeleteRange:
		return batch.DeleteRange(op.Key, op.Value, nil)
	default:
		return fmt.Errorf("unknown operation %d", op.Kind)
	}
}

// commit writes the batch.
func (d *driver) commit(batch *pebble.Batch, sync bool) (err error) {
	defer d.catch(&err)
	mode := pebble.NoSync
	if sync {
		mode = pebble.Sync
	}
	if err := batch.Commit(mode); err != nil {
		return fmt.Errorf("pebble: %w", classify(err))
	}
	return nil
}

// catch is deferred around what may make Pebble find that it cannot go on. It
// then calls the logger's Fatalf, which panics; here, on the goroutine that
// called, that becomes an error. Whether a batch that was being written will be
// found after a restart is then unknown.
func (d *driver) catch(err *error) {
	switch fatal := recover().(type) {
	case nil:
	case fatalError:
		d.broken = true
		*err = fmt.Errorf("pebble: %w: %w", storage.ErrUnknown, classify(fatal))
	default:
		panic(fatal)
	}
}

// Get reads the newest state without the price of a snapshot.
func (d *driver) Get(key, buf []byte) ([]byte, bool, error) {
	value, closer, err := d.db.Get(key)
	return copied(value, closer, err, buf)
}

// Snapshot returns the store as it is now.
func (d *driver) Snapshot() (kv.Reader, error) {
	return &reader{snapshot: d.db.NewSnapshot()}, nil
}

// Close syncs what is not yet on the device, and gives the folder free. After a
// write that failed for good it only does the latter: what Pebble has to say then,
// Write has said.
func (d *driver) Close() error {
	var err error
	if !d.broken {
		err = d.syncLog()
	}
	if closing := d.closeStore(); !d.broken {
		err = errors.Join(err, closing)
	}
	return errors.Join(err, d.lock.Close())
}

func (d *driver) closeStore() (err error) {
	defer d.catch(&err)
	return d.db.Close()
}

// syncLog makes durable what relaxed commits left in the log.
func (d *driver) syncLog() error {
	if d.ballast.full.Load() {
		return nil
	}
	batch := d.db.NewBatch()
	defer batch.Close()
	if err := batch.LogData(nil, nil); err != nil {
		return fmt.Errorf("pebble: %w", err)
	}
	return d.commit(batch, true)
}

// classify gives an error of the library the meaning callers branch on.
func classify(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("%w: %w", storage.ErrFull, err)
	}
	if pebble.IsCorruptionError(err) || oserror.IsNotExist(err) {
		return fmt.Errorf("%w: %w", storage.ErrCorrupt, err)
	}
	return err
}

// classifyLock tells a lock that somebody holds from a file that cannot be made.
func classifyLock(err error) error {
	var path *os.PathError
	switch {
	case errors.As(err, &path):
		return err
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%w by another process", storage.ErrLocked)
	default:
		return fmt.Errorf("%w: %w", storage.ErrLocked, err)
	}
}
