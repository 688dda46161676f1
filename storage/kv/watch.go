package kv

import (
	"context"
	"time"

	"github.com/ankgo/ank/storage"
)

// Notifier is implemented by shared drivers that hear of what other engines write. Without
// it, an engine looks whether there is something.
type Notifier interface {
	// Notify has notice called soon after another engine has written, until stop is called.
	// It may be called without need, once for several writes, and not at all where messages
	// get lost. Notice does not wait.
	Notify(notice func()) (stop func())

	// Hears reports whether every engine that this one knows of has been heard from a moment
	// ago, so that what it writes is most likely heard of, too.
	Hears() bool
}

// sharedEngine is an Engine that may be watched.
type sharedEngine struct{ *Engine }

var (
	_ storage.Shared      = sharedEngine{}
	_ storage.StateReader = sharedEngine{}
)

const (
	// lookEvery is how often Watch calls as long as nobody tells it of commits.
	lookEvery = 100 * time.Millisecond
	// seldom is how many of these calls one is left of while all others are heard: one a
	// second. It is for messages that got lost, and for engines that send none. What it finds
	// is late and not wrong, as nothing that is committed relies on having been told.
	seldom = 10
)

// Watch calls notice when the driver hears of a commit, and now and then.
func (e sharedEngine) Watch(ctx context.Context, notice func()) error {
	hears := func() bool { return false }
	if n, ok := e.shared.driver.(Notifier); ok {
		defer n.Notify(notice)()
		hears = n.Hears
	}
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for tick := 1; ; tick++ {
		select {
		case <-ticker.C:
			if tick%seldom == 0 || !hears() {
				notice()
			}
		case <-ctx.Done():
			return nil
		}
	}
}
