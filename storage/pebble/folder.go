package pebble

import (
	"errors"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/cockroachdb/errors/oserror"
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/atomicfs"

	"github.com/ankgo/ank/storage"
)

// What lies in an engine's folder.
const (
	lockFile         = "LOCK"
	ballastFile      = "BALLAST"
	storeFolder      = "store"
	unfinishedFolder = "store.unfinished"
)

// makeFolder makes dir and the folders above it that are missing. A folder lasts
// only when the one above it was synced: without that a power failure would take
// the store with everything that was synced inside it.
func makeFolder(fs vfs.FS, dir string) error {
	var missing []string
	for d := dir; ; d = fs.PathDir(d) {
		if _, err := fs.Stat(d); err == nil || fs.PathDir(d) == d {
			break
		} else if !oserror.IsNotExist(err) {
			return err
		}
		missing = append(missing, d)
	}
	if err := fs.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, d := range missing {
		if err := syncFolder(fs, fs.PathDir(d)); err != nil {
			return err
		}
	}
	return nil
}

// resolve gives a folder of the operating system the one name that all ways to it
// lead to. Locks are kept by name and do not exclude the process that holds them,
// so under two names a process could open a folder twice; and Pebble opens files
// long after the program may have moved to another folder.
func resolve(fs vfs.FS, dir string) (string, error) {
	if fs != vfs.Default {
		return dir, nil
	}
	path, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(path)
}

// checkFormat refuses a store whose files are of a newer format than the library
// reads.
func checkFormat(dir string, fs vfs.FS) error {
	version, err := atomicfs.ReadMarker(fs, fs.PathJoin(dir, storeFolder), "format-version")
	if oserror.IsNotExist(err) {
		return nil // no store yet
	}
	if err != nil {
		return err
	}
	found, err := strconv.ParseUint(version, 10, 64)
	if err == nil && found > uint64(pebble.FormatNewest) {
		return &storage.FormatError{Found: found, Known: uint64(pebble.FormatNewest)}
	}
	return nil // what is no number, Pebble complains of
}

func syncFolder(fs vfs.FS, dir string) error {
	folder, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// create makes the store if there is none. It is made under another name and
// renamed when it is whole and on the device: a power failure meanwhile leaves
// either no store, or one that opens.
func create(dir string, fs vfs.FS, options *pebble.Options) error {
	final, unfinished := fs.PathJoin(dir, storeFolder), fs.PathJoin(dir, unfinishedFolder)
	if _, err := fs.Stat(final); !oserror.IsNotExist(err) {
		return err
	}
	if err := fs.RemoveAll(unfinished); err != nil {
		return err
	}
	db, err := pebble.Open(unfinished, options.Clone())
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	if err := fs.Rename(unfinished, final); err != nil {
		return err
	}
	return syncFolder(fs, dir)
}

// orderedFS is the file system that Pebble works on.
//
// It makes Pebble's switch to a new manifest safe on file systems that may
// keep a younger folder entry and lose an older one. Pebble creates the manifest,
// then a marker file whose name points to it, and syncs the folder after both: a
// power failure in between could leave a marker that points to nothing, and a
// store that does not open. With the folder synced before the marker it cannot.
//
// And it keeps Pebble from trying in vain all the time when the disk is full.
type orderedFS struct {
	vfs.FS
	ballast *ballast
}

// markerPrefix begins the names of Pebble's marker files.
const markerPrefix = "marker."

// tableSuffix ends those of its tables.
const tableSuffix = ".sst"

// Create implements vfs.FS.
func (fs orderedFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if strings.HasPrefix(fs.PathBase(name), markerPrefix) {
		if err := syncFolder(fs.FS, fs.PathDir(name)); err != nil {
			return nil, err
		}
	}
	if strings.HasSuffix(name, tableSuffix) {
		fs.ballast.pause()
	}
	return fs.FS.Create(name, category)
}
