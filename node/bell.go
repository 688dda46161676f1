package node

import (
	"sync"
	"sync/atomic"
)

// bell tells those who listen that something has happened. It waits for nobody.
type bell struct {
	listeners atomic.Int32

	mu   sync.Mutex
	list map[*ear]struct{}
}

// ear is called for every ring, and must not wait.
type ear struct{ heard func() }

// listen has f called for every ring, until stop is called.
func (b *bell) listen(f func()) (stop func()) {
	e := &ear{f}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.list == nil {
		b.list = make(map[*ear]struct{})
	}
	b.list[e] = struct{}{}
	b.listeners.Add(1)
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.list, e)
		b.listeners.Add(-1)
	}
}

func (b *bell) ring() {
	if b.listeners.Load() == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for e := range b.list {
		e.heard()
	}
}
