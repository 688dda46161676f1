package node

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// visits knows the connections that a node serves, and ends them all with it.
type visits struct {
	gate gate
	ctx  context.Context
	end  context.CancelCauseFunc

	mu      sync.Mutex
	servers map[*server]struct{}
}

func newVisits(ctx context.Context) *visits {
	v := &visits{servers: make(map[*server]struct{})}
	v.ctx, v.end = context.WithCancelCause(ctx)
	return v
}

// enter returns a context that ends with ctx and with the node, and a function
// to be called when the visit is over. It reports false if the node closes.
func (v *visits) enter(ctx context.Context) (both context.Context, leave func(), ok bool) {
	if !v.gate.enter() {
		return nil, nil, false
	}
	both, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(v.ctx, func() { cancel(context.Cause(v.ctx)) })
	return both, func() {
		stop()
		cancel(nil)
		v.gate.leave()
	}, true
}

// keep notes who serves a visit, until the function it returns is called.
func (v *visits) keep(s *server) (forget func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.servers[s] = struct{}{}
	return func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		delete(v.servers, s)
	}
}

// all returns the servers of all visits.
func (v *visits) all() []*server {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Collect(maps.Keys(v.servers))
}

// close ends all visits and waits until they are over.
func (v *visits) close(ctx context.Context) error {
	v.gate.close()
	v.end(ErrClosed)
	return v.gate.wait(ctx)
}
