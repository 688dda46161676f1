package pebble

import (
	"errors"
	"io"
	"sync/atomic"
	"syscall"

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

// fill makes the ballast file of the given size. A disk too full for it is no
// error: the folder can still be opened for reading, and commits will be refused.
func (b *ballast) fill(size int64) error {
	if size <= 0 {
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
