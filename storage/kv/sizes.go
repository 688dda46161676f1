package kv

import (
	"context"

	"github.com/ankgo/ank/storage"
)

// checkEvery is how many rows or entries a sequence reads between two looks at
// its context.
const checkEvery = 256

// Sizes reads every key of the store.
func (e *Engine) Sizes(ctx context.Context) (storage.Sizes, error) {
	v, err := e.acquire(ctx)
	if err != nil {
		return storage.Sizes{}, err
	}
	defer e.views.release(v)
	r, err := e.views.reader(v)
	if err != nil {
		return storage.Sizes{}, err
	}
	var sizes storage.Sizes
	it := r.Scan(nil, nil, false)
	for n := 0; it.Next(); n++ {
		if n%checkEvery == 0 && ctx.Err() != nil {
			it.Close()
			return storage.Sizes{}, ctx.Err()
		}
		*part(&sizes, it.Key()[0]) += int64(len(it.Key()) + len(it.Value()))
	}
	return sizes, it.Close()
}

// part is the sum that keys of a table are added to.
func part(s *storage.Sizes, table byte) *int64 {
	switch table {
	case tableLogs:
		return &s.Log
	case tableEvents:
		return &s.Events
	case tableStates:
		return &s.States
	case tableIndexes:
		return &s.Indexes
	}
	return &s.Meta
}
