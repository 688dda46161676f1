package nodetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/kv"
	"github.com/ankgo/ank/storage/memory"
)

// errCrashed is what a store returns whose machine has crashed. Nobody alive sees it.
var errCrashed = errors.New("nodetest: the machine has crashed")

// A Disk is a machine's store, which keeps apart what was synced and what a crash may
// lose. It outlives the engines that are opened over it. Safe for concurrent use.
type Disk struct {
	mu        sync.Mutex
	rand      *rand.Rand
	store     *memory.Store   // with everything that was written
	unsynced  []*memory.Store // what it was before each write since the last sync
	opening   *opening
	latency   func() time.Duration // of a write; nil: none
	countOff  int                  // writes until the machine crashes; 0: it does not
	crashed   func()               // tells the machine, under no lock
	forgetful bool                 // it syncs nothing: a defect
}

// NewDisk returns an empty disk. What becomes of unsynced writes in a crash is drawn
// from r.
func NewDisk(r *rand.Rand) *Disk { return &Disk{rand: r, store: memory.NewStore()} }

// Open returns an engine over what is on the disk. One engine is open at a time; one
// from before a crash does not count.
func (d *Disk) Open(ctx context.Context) (storage.Engine, error) {
	d.mu.Lock()
	under, err := d.store.Driver()
	if err != nil {
		d.mu.Unlock()
		return nil, err
	}
	o := &opening{Driver: under, disk: d, store: d.store}
	d.opening = o
	d.mu.Unlock()
	return kv.Open(ctx, o, kv.Options{})
}

// CrashAt has the machine crash at the n-th write from now on: the write is lost, or
// stored without anybody being told, and so is everything unsynced before it, from some
// write on. Every later write through the engine that is open fails. Zero takes it back.
func (d *Disk) CrashAt(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.countOff = n
}

// Crash has the machine crash now.
func (d *Disk) Crash() {
	d.mu.Lock()
	o := d.opening
	if o == nil || o.dead {
		d.mu.Unlock()
		return
	}
	d.crash(nil)
	told := d.crashed
	d.mu.Unlock()
	if told != nil {
		told()
	}
}

// crash loses what a crash may lose. last is what the store would be with the write
// that was under way; nil if there is none.
func (d *Disk) crash(last *memory.Store) {
	images := d.unsynced
	images = append(images, d.store.Clone())
	if last != nil {
		images = append(images, last)
	}
	d.store, d.unsynced = images[d.rand.IntN(len(images))], nil
	d.opening.dead, d.countOff = true, 0
}

// opening is one opening of a disk: the driver of an engine.
type opening struct {
	kv.Driver
	disk  *Disk
	store *memory.Store
	dead  bool // guarded by disk.mu; the store is not the disk's any more
}

// Traits are those of a device that takes its time.
func (o *opening) Traits() kv.Traits { return kv.Traits{StableBytes: true, QuickReads: true} }

// Write implements kv.Driver.
func (o *opening) Write(ctx context.Context, w *kv.Writes, sync bool) error {
	d := o.disk
	d.mu.Lock()
	latency := d.latency
	d.mu.Unlock()
	if latency != nil {
		<-time.After(latency())
	}
	told, err := o.write(ctx, w, sync)
	if told != nil {
		told()
	}
	return err
}

func (o *opening) write(ctx context.Context, w *kv.Writes, sync bool) (told func(), err error) {
	d := o.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	if o.dead {
		return nil, errCrashed
	}
	sync = sync && !d.forgetful
	var before *memory.Store
	if !sync || d.countOff == 1 {
		before = o.store.Clone()
	}
	if err := o.Driver.Write(ctx, w, sync); err != nil {
		return nil, err
	}
	if d.countOff--; d.countOff == 0 {
		after := o.store.Clone()
		d.store = before
		d.crash(after)
		return d.crashed, errCrashed
	}
	d.countOff = max(d.countOff, 0)
	if d.unsynced = append(d.unsynced, before); sync {
		d.unsynced = nil
	}
	return nil, nil
}

// Close implements kv.Driver. What was written is durable afterwards.
func (o *opening) Close() error {
	d := o.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	if !o.dead {
		d.unsynced, d.opening = nil, nil
	}
	return o.Driver.Close()
}
