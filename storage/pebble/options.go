package pebble

import (
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Options tell how a folder is opened. The zero value is right for a server:
// synced commits and moderate caches.
type Options struct {
	// Relaxed acknowledges commits before they are on the device: many times
	// faster for a lone writer, at the price that the package comment names.
	Relaxed bool

	// BlockCache is the number of bytes kept of the files' blocks, beside what
	// writes in memory take (up to 128 MiB); 0 means 64 MiB.
	BlockCache int64

	// Resident is the number of bytes of entities kept ready in memory: whole
	// collections that are often asked, if they fit, and single entities. 0 means
	// 64 MiB, a negative number none. See kv.Options.CacheBytes.
	Resident int64

	// Ballast is the size in bytes of the file that is given back when the disk
	// runs full; 0 means 16 MiB, a negative number none.
	Ballast int64

	// FS replaces the operating system's files, for tests: vfs.NewCrashableMem,
	// or one that injects errors. Nil means the operating system's.
	FS vfs.FS

	// Logger hears what Pebble has to say. Nil means silence; errors that matter
	// to a caller are returned to it in any case.
	Logger Logger
}

// Logger takes the messages of the store. *slog.Logger is one. Its methods are
// called from several goroutines and must not block.
type Logger interface {
	Info(message string, args ...any)
	Error(message string, args ...any)
}

const (
	defaultBlockCache = 64 << 20
	defaultBallast    = 16 << 20

	// formatVersion pins the files' format, so that an upgrade of the library
	// does not change what is on the disk: raising it is a decision of ours.
	formatVersion = pebble.FormatTableFormatV6

	memTableSize = 32 << 20
	memTables    = 4 // at the most, before writers wait
	bloomBits    = 10
)

func (o Options) ballast() int64 {
	if o.Ballast == 0 {
		return defaultBallast
	}
	return o.Ballast
}

// pebbleOptions translates for the library. fs and logger are the driver's.
func (o Options) pebbleOptions(fs vfs.FS, logger pebble.Logger) *pebble.Options {
	cache := o.BlockCache
	if cache == 0 {
		cache = defaultBlockCache
	}
	p := &pebble.Options{
		FS:     fs,
		Logger: logger,
		// Pebble takes the memory of memtables out of the block cache.
		CacheSize:          cache + memTables*memTableSize,
		FormatMajorVersion: formatVersion,
		// By default Pebble ends the process when it reads a damaged block. It
		// returns the error to whoever reads as well, which is enough.
		EventListener: &pebble.EventListener{
			DataCorruption: func(info pebble.DataCorruptionInfo) { logger.Errorf("%s", info) },
		},
		MemTableSize:                memTableSize,
		MemTableStopWritesThreshold: memTables,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       24,
	}
	for level := range p.Levels {
		p.Levels[level].FilterPolicy = bloom.FilterPolicy(bloomBits)
	}
	return p
}
