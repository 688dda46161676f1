package storagetest

import (
	"context"
	"math/rand/v2"
	"sync"

	"github.com/ankgo/ank/storage"
)

// loseOnClose opens a new store whenever the old one is opened again.
func loseOnClose(s Store) Store {
	opened := false
	open := s.Open
	s.Open = func(ctx context.Context) (storage.Engine, error) {
		if opened {
			return NewNaive(), nil
		}
		opened = true
		return open(ctx)
	}
	return s
}

// loseOnCrash leaves nothing after a crash.
func loseOnCrash(s Store) Store {
	s.Crash = func(*rand.Rand) Store {
		return Store{Open: func(context.Context) (storage.Engine, error) { return NewNaive(), nil }, Durable: s.Durable}
	}
	return s
}

// unlocked gives the same engine to whoever opens the store.
func unlocked(s Store) Store {
	open := s.Open
	var mu sync.Mutex
	var current storage.Engine
	s.Open = func(ctx context.Context) (storage.Engine, error) {
		mu.Lock()
		defer mu.Unlock()
		e, err := open(ctx)
		if err == nil {
			current = e
			return e, nil
		}
		return shared{current}, nil
	}
	return s
}

// shared is an engine that somebody else closes.
type shared struct{ storage.Engine }

func (shared) Close() error { return nil }
