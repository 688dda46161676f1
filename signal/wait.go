package signal

import "context"

// watcher is somebody in Wait.
type watcher struct{ wake chan struct{} }

// Wait returns the first value of r that pred accepts, looking at the present one first. It runs pred
// on the caller's goroutine, so it may be used anywhere but in a compute function, also in an action.
// Values that come and go between two looks are not seen. When the context ends or the graph is closed
// it looks once more and then fails, with the newest value and the context's error or ErrClosed.
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
	var err error // set before the last look
	for {
		v := r.Peek()
		if pred(v) {
			return v, nil
		}
		if err != nil {
			return v, err
		}
		select {
		case <-w.wake:
		case <-ctx.Done():
			err = ctx.Err()
		case <-g.closing:
			err = ErrClosed
		}
	}
}
