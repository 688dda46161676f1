// Package pebble is the embedded engine: a storage.Engine in a folder of the
// local file system, over github.com/cockroachdb/pebble. It is what a program
// uses that has no database server. The package is a thin driver; what a key
// means is the business of storage/kv.
//
//	engine, err := pebble.Open(ctx, "data", pebble.Options{})
//	if err != nil { ... }
//	defer engine.Close()
//
// # Durability
//
// By default a commit returns when the operating system has been told to put it
// on the device (fdatasync) and has answered: an acknowledged commit survives a
// crash of the process, of the system, and a power failure, as far as the device
// keeps its promises. Commits that arrive together share one such call.
//
// With Options.Relaxed a commit returns when it is in the log's buffer. A crash,
// also of this process alone, may then lose the last commits; it never loses one
// and keeps a later one, and never keeps half of one. Snapshot waits for a commit
// that is being written: microseconds, unless the disk falls so far behind that
// Pebble makes writers wait.
//
// # One process
//
// A folder belongs to one process at a time, and is open there once, whatever path
// leads to it. A second Open of it fails with an error for which
// errors.Is(err, storage.ErrLocked) holds; nothing was changed.
//
// # A full disk
//
// The folder holds a ballast file (Options.Ballast bytes). When the disk runs
// full the ballast is given back, so that what was under way can be finished, and
// every later commit is refused with storage.ErrFull: the node over it turns
// read-only, reads go on. After space was made, open the folder again. Opened while
// there is still no room for what the logs hold, it can be read, and refuses commits
// as before.
//
// A device that fails in another way while the log is written (it was pulled, it
// answers with errors) makes the commit's outcome unknown and the engine
// read-only until it is opened again.
//
// # A damaged file
//
// Everything that is stored has checksums. What reads a damaged block fails with
// storage.ErrCorrupt, and so does opening a store that lacks a file; the rest goes
// on. The end of the newest log, 32 KiB at the most, is an exception: damage there
// looks like a write that a power failure cut short, so that the store ends with
// the commit before it. That is for backups and replicas to mend.
//
// # Files
//
//	LOCK              held while a process has the folder open
//	BALLAST           see above
//	store             Pebble's own files
//	store.unfinished  a store being made; left by a crash, removed by the next Open
//
// A backup is a copy of the whole folder while no process has it open.
package pebble
