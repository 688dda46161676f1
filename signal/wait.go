package signal

import "context"

// watcher is somebody in Wait.
type watcher struct{ wake chan struct{} }

// Wait returns the first value of r that pred accepts, looking at the present one first. It runs pred
// on the caller's goroutine, so it may be used anywhere but in a compute function, also in an action.
// Values that come and go between two looks are not seen. It fails with the context's error, or with
// ErrClosed when the graph is closed; then with the newest value.
func Wait[T any](ctx context.Context, r Readable[T], pred func(T) bool) (T, error) {
	g := r.Graph()
	w := &watcher{wake: make(chan struct{}, 1)}
	g.inbox.Lock()
	g.inbox.watchers[w] = struct{}{}
	g.inbox.Unlock()
	defer func() {
		g.inbox.Lock()
		defer g.inbox.Unlock()
		delete(g.inbox.watchers, w)
	}()
	for {
		v := r.Peek()
		if pred(v) {
			return v, nil
		}
		select {
		case <-w.wake:
		case <-ctx.Done():
			return v, ctx.Err()
		case <-g.closing:
			return v, ErrClosed
		}
	}
}
