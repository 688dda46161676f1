package kv

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// view is one version of the store: what Snapshot hands out and commits replace.
//
// A view costs nothing until somebody reads what the cache does not hold: its
// Reader is opened on demand. The driver can only open the newest version, so
// before a commit goes ahead it opens the view it is about to replace, if
// anybody holds it (viewSet.prepare).
type view struct {
	version uint64
	cursor  event.Cursor
	catalog *catalog
	ahead   map[string][]byte // of a shared store: what a commit asks for, read with the cursor; nil for what is not there

	refs   int                    // protected by viewSet.mu; the set itself holds one on the newest
	opened atomic.Pointer[Reader] // set under viewSet.mu, once
}

// viewSet keeps track of the views in use, and of the newest one.
type viewSet struct {
	driver Driver

	mu       sync.Mutex // protects what follows; held during a write if the driver's are quick
	newest   *view
	open     int   // views that are not yet released
	closing  bool  // no new references; the driver is closed with the last view
	closeErr error // of readers and the driver
}

func newViewSet(d Driver, first *view) *viewSet {
	first.refs = 1
	return &viewSet{driver: d, newest: first, open: 1}
}

// acquire returns the newest view; the caller releases it.
func (s *viewSet) acquire() (*view, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return nil, storage.ErrClosed
	}
	s.newest.refs++
	return s.newest, nil
}

// adopt takes in a view that is not the newest, and whose only reference is the caller's.
func (s *viewSet) adopt(v *view) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return storage.ErrClosed
	}
	v.refs = 1
	s.open++
	return nil
}

// retain adds a reference to a view that the caller holds already. It reports
// false if the caller does not, as its snapshot was closed meanwhile.
func (s *viewSet) retain(v *view) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v.refs == 0 {
		return false
	}
	v.refs++
	return true
}

// release gives a reference back.
func (s *viewSet) release(v *view) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.releaseLocked(v)
}

func (s *viewSet) releaseLocked(v *view) {
	v.refs--
	if v.refs > 0 {
		return
	}
	if r := v.opened.Load(); r != nil {
		s.closeErr = errors.Join(s.closeErr, (*r).Close())
	}
	s.open--
	if s.closing && s.open == 0 {
		s.closeErr = errors.Join(s.closeErr, s.driver.Close())
	}
}

// reader returns the driver's view, opening it if need be. The caller holds a
// reference.
func (s *viewSet) reader(v *view) (Reader, error) {
	if r := v.opened.Load(); r != nil {
		return *r, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.readerLocked(v)
}

func (s *viewSet) readerLocked(v *view) (Reader, error) {
	if r := v.opened.Load(); r != nil {
		return *r, nil
	}
	r, err := s.driver.Snapshot()
	if err != nil {
		return nil, err
	}
	v.opened.Store(&r)
	return r, nil
}

// manyOps is where a write gets so long that readers should not wait for it,
// even with a driver whose writes are quick.
const manyOps = 256

// replace runs write, which changes the store, and publishes next as the newest
// view if it succeeds. Readers of older views never see the change, and nobody
// can get next before write returned.
func (s *viewSet) replace(write func() error, next *view, ops int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	quick := s.driver.Traits().QuickWrites && ops < manyOps
	if !quick || s.newest.refs > 1 {
		if _, err := s.readerLocked(s.newest); err != nil {
			return err
		}
	}
	if !quick {
		// The newest view is open, so nobody needs the lock for long meanwhile.
		s.mu.Unlock()
		err := write()
		s.mu.Lock()
		if err != nil {
			return err
		}
	} else if err := write(); err != nil {
		return err
	}
	old := s.newest
	next.refs = 1
	s.newest = next
	s.open++
	s.releaseLocked(old)
	return nil
}

// close lets go of the newest view. The driver is closed with the last one.
func (s *viewSet) close() (stillOpen int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closing = true
	s.releaseLocked(s.newest)
	return s.open, s.closeErr
}
