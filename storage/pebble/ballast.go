package pebble

import (
	"errors"
	"io"
	"math"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// ballast guards against a full disk. Pebble cannot go on when its log or
// manifest cannot be written, and ends the process; so room for these last
// writes is set aside while there is room, and given back at the first sign of
// a full disk. From then on full reports true and the driver takes no commits.
type ballast struct {
	fs   vfs.FS // the file system itself, not the one that watches for a full disk
	path string
	full atomic.Bool
}

// guard returns the file system to hand to Pebble: fs, watched.
func (b *ballast) guard() vfs.FS {
	return vfs.OnDiskFull(b.fs, b.drop)
}

// drop gives the ballast's space back. It runs once per burst of failing writes,
// which are then tried again.
func (b *ballast) drop() {
	b.full.Store(true)
	// A failure to remove it leaves the write to fail; there is nothing else to do.
	_ = b.fs.Remove(b.path)
}

// enough reports whether there is room to open the store for writing: Pebble moves
// what is in its logs to tables then, and tries for ever if it cannot. The ballast
// gives way to that. Where there is no room even so, the store can only be read.
func (b *ballast) enough(store string) (bool, error) {
	need, err := b.logs(store)
	if err != nil || b.room() >= need {
		return err == nil, err
	}
	_ = b.fs.Remove(b.path) // if that fails there is no more room
	if b.room() < need {
		b.full.Store(true)
	}
	return !b.full.Load(), nil
}

// logs is the size of the store's logs, and a little for what is written beside.
func (b *ballast) logs(store string) (size uint64, err error) {
	names, err := b.fs.List(store)
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		if !strings.HasSuffix(name, ".log") {
			continue
		}
		info, err := b.fs.Stat(b.fs.PathJoin(store, name))
		if err != nil {
			return 0, err
		}
		size += uint64(info.Size())
	}
	return size + 1<<20, nil
}

// room is how much can be written, as far as the file system says.
func (b *ballast) room() uint64 {
	usage, err := b.fs.GetDiskUsage(b.fs.PathDir(b.path))
	if err != nil {
		return math.MaxUint64
	}
	return usage.AvailBytes
}

// pause is called before a table is made. On a full disk Pebble tries again as soon
// as it has failed.
func (b *ballast) pause() {
	if b.full.Load() {
		time.Sleep(retryPause)
	}
}

// retryPause lies between attempts to write a table to a full disk.
const retryPause = time.Second / 2

// fill makes the ballast file of the given size. A disk too full for it is no
// error: the folder can still be opened for reading, and commits will be refused.
func (b *ballast) fill(size int64) error {
	if size <= 0 || b.full.Load() {
		return nil
	}
	if info, err := b.fs.Stat(b.path); err == nil && info.Size() >= size {
		return nil
	}
	err := b.write(size)
	if errors.Is(err, syscall.ENOSPC) {
		b.drop()
		return nil
	}
	return err
}

func (b *ballast) write(size int64) (err error) {
	file, err := b.fs.Create(b.path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	// Written rather than allocated: some file systems keep no promise of the
	// latter, and those that compress would make nothing of zeros.
	chunk := make([]byte, 64<<10)
	for i := range chunk {
		chunk[i] = byte(uint32(i) * 2654435761 >> 13)
	}
	for size > 0 {
		n, err := file.Write(chunk[:min(size, int64(len(chunk)))])
		if err != nil {
			return err
		}
		if n == 0 {
			return io.ErrShortWrite
		}
		size -= int64(n)
	}
	return file.Sync()
}
